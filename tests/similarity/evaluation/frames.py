"""Tracks of a test as the frames that the stages take, and what came out of them by key."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_app.similarity.evaluation.plan import Plan, Ranking
from spark_app.similarity.evaluation.protocols import PROTOCOLS
from spark_app.similarity.evaluation.queries import vector_columns
from spark_app.similarity.evaluation.summary import means, with_lift
from spark_app.similarity.evaluation.sums import artist_sums
from tests.similarity.evaluation.oracle import Track

_KNOWN = (
    "track_id string, genre_group string, artist_id string, album_id string, variant_group string, popularity double, "
    "family string, playlists array<string>"
)


def members_of(spark: SparkSession, tracks: Sequence[Track], *, scalings: Sequence[str]) -> DataFrame:
    """The members that ``artist_sums`` takes."""
    columns = [column for scaling in scalings for column in vector_columns(scaling)]
    rows = [
        (
            one.id,
            one.group,
            one.artist,
            one.album,
            one.song,
            one.popularity,
            one.family,
            list(one.related) or None,
            *[float(value) for scaling in scalings for value in one.vectors[scaling]],
        )
        for one in tracks
    ]
    frame = spark.createDataFrame(rows, ", ".join([_KNOWN, *[f"{name} double" for name in columns]]))
    return frame.withColumn("unit", F.xxhash64(F.coalesce("artist_id", "track_id")))


def sizes_of(tracks: Sequence[Track]) -> dict[str, int]:
    groups = [one.group for one in tracks]
    return {group: groups.count(group) for group in dict.fromkeys(groups)}


def plan_of(
    *rankings: Ranking, ks: Sequence[int] = (10,), protocols: Sequence[str] = tuple(PROTOCOLS), resamples: int = 100
) -> Plan:
    return Plan(rankings, tuple(PROTOCOLS[name] for name in protocols), tuple(ks), resamples, seed=7)


def evaluated(members: DataFrame, tracks: Sequence[Track], plan: Plan) -> dict[tuple[str, ...], dict]:
    """(protocol, scaling, engine, genre, metric) -> row."""
    rows = means(artist_sums(members, plan=plan, sizes=sizes_of(tracks)), plan=plan).collect()
    found = with_lift((row.asDict() for row in rows), plan=plan)
    keys = ("protocol", "scaling", "engine", "genre", "metric")
    by_key = {tuple(row[key] for key in keys): row for row in found}
    assert len(by_key) == len(found)
    return by_key
