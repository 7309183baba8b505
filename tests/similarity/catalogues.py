"""Small catalogues for tests of similarity, clusters and recommendations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_app.columns import ALL, AUDIO12, AUDIO12_Z, GENRE_GROUP, TRACK_ID
from spark_app.jobs.base import Context
from spark_app.schemas import TABLES

MEMBER_DDL = f"{TRACK_ID} string, {GENRE_GROUP} string, " + ", ".join(f"{name} double" for name in AUDIO12_Z)


def vector(first: float, second: float = 0.0) -> tuple[float, ...]:
    """Twelve z-scores, zero but for the first two: a point of a plane."""
    return (float(first), float(second), *[0.0] * (len(AUDIO12_Z) - 2))


def members(spark: SparkSession, rows: Iterable[tuple[str, str, Sequence[float]]]) -> DataFrame:
    """Members from ``(track_id, genre_group, twelve z-scores)``."""
    return spark.createDataFrame([(track, group, *map(float, z)) for track, group, z in rows], MEMBER_DDL)


def random_vectors(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, len(AUDIO12_Z)))


def brute_force(vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Oracle: one query at a time, all distances in float64, sorted by (distance, position)."""
    found, distances = [], []
    for query, row in enumerate(vectors):
        distance = np.zeros(len(vectors))
        for feature in range(vectors.shape[1]):
            distance = distance + (vectors[:, feature] - row[feature]) ** 2
        distance = np.sqrt(distance)
        order = [i for i in np.lexsort((np.arange(len(vectors)), distance)) if i != query][:k]
        found.append(order)
        distances.append(distance[order])
    return np.array(found), np.array(distances)


def brute_force_sets(sets: Sequence[set], k: int) -> tuple[np.ndarray, np.ndarray]:
    """Oracle: Jaccard distances by Python's own sets, sorted by (distance, position)."""
    found, distances = [], []
    for query, one in enumerate(sets):
        distance = np.array([1 - len(one & other) / max(len(one | other), 1) for other in sets])
        order = [i for i in np.lexsort((np.arange(len(sets)), distance)) if i != query][:k]
        found.append(order)
        distances.append(distance[order])
    return np.array(found), np.array(distances)


def planted_sets(families: int, each: int = 10, *, seed: int = 0, kept: float = 0.85) -> list[list[int]]:
    """Families of sets of twenty numbers below 50,000; members have most elements of their family, others at random."""
    rng = np.random.default_rng(seed)
    shape = (families * each, 20)
    of_family = np.repeat(rng.integers(0, 50_000, (families, 20)), each, axis=0)
    return np.where(rng.random(shape) < kept, of_family, rng.integers(0, 50_000, shape)).tolist()


def fill(context: Context, name: str, frame: DataFrame) -> None:
    """Write a table of which a test gives some columns only; the others are null."""
    fields = TABLES[name].struct.fields
    whole = [(F.col(f.name) if f.name in frame.columns else F.lit(None)).cast(f.dataType).alias(f.name) for f in fields]
    context.tables.write(name, frame.select(*whole))


Track = tuple[str, str | None, Sequence[str], Sequence[float | None]]


def fill_catalogue(context: Context, tracks: Sequence[Track], *, twins: dict[str, str] | None = None) -> None:
    """The tables that similarity jobs read.

    Args:
        context: From ``make_context``.
        tracks: ``(track_id, first artist, genre groups, twelve z-scores)``; the first group is the track's own.
        twins: ``variant_group`` by track, for tracks with near-twins.
    """
    spark = context.spark
    rows = [(track, [artist] if artist else None, groups[0] if groups else None) for track, artist, groups, _ in tracks]
    fill(
        context,
        "curated.tracks",
        spark.createDataFrame(rows, "track_id string, artist_ids array<string>, genre_group string"),
    )
    genres = [(track, f"{group} {n}", group) for track, _, groups, _ in tracks for group in groups for n in (1, 2)]
    fill(
        context,
        "curated.track_genres",
        spark.createDataFrame(genres, "track_id string, genre string, genre_group string"),
    )
    variants = list((twins or {}).items())
    fill(context, "curated.variants", spark.createDataFrame(variants, "track_id string, variant_group string"))
    z_ddl = ", ".join(f"{name} double" for name in AUDIO12_Z)
    scores = [(track, *(value if value is None else float(value) for value in z)) for track, _, _, z in tracks]
    audio = spark.createDataFrame(scores, f"track_id string, {z_ddl}")
    raw = {name: 100 + 10 * F.col(z) for name, z in zip(AUDIO12, AUDIO12_Z, strict=True)}
    fill(context, "features.audio", audio.withColumns(raw))
    # Moments that turn the raw values into the z-scores, whatever the tracks are.
    stats = dict(n=98, n_null=0, mean=100.0, m2=9800.0, std=10.0, min=90.0, max=110.0, max_abs_z=1.0, is_constant=False)
    rows = [{"feature": name, "genre_group": ALL, **stats} for name in AUDIO12]
    schema = TABLES["features.audio_stats"]
    context.tables.write_rows(schema.name, [[row[column] for column in schema.columns] for row in rows])
