"""Lists and what is relevant in them, as arrays: one row per seed that is asked for, one layer per method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_app.columns import ARTIST_ID, POPULARITY, RANK, TRACK_ID
from spark_app.features.cooccurrence import OTHER_ID
from spark_app.recommend.candidates import SEED_ID, VARIANT_GROUP, Z

if TYPE_CHECKING:
    import numpy as np

ARTIST, PLAYLISTS, PLAYLISTS_OTHER_ARTIST = "artist", "playlists", "playlists_other_artist"
_FLAGS = ("is_twin", "same_artist", "together")


@dataclass(frozen=True)
class Asked:
    """The seeds, in the order of their ids.

    Attributes:
        unit: What the bootstrap draws, as a number ``(n,)``: the artist.
        relevant: Protocol -> tracks that are relevant to each ``(n,)``.
        candidates: Protocol -> tracks that a list could hold ``(n,)``.
    """

    unit: np.ndarray
    relevant: Mapping[str, np.ndarray]
    candidates: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Lists:
    """Ranked lists of one method.

    Attributes:
        is_there: False where a list has ended ``(n, length)``.
        track: A number per track.
        is_twin: Near-twins of the seed: no candidates.
        same_artist: Tracks of the seed's first artist.
        together: Tracks that playlists hold for related to the seed.
        popularity: In [0, 100]; NaN where it is not known.
        z: z-scores ``(n, length, 12)``.
    """

    is_there: np.ndarray
    track: np.ndarray
    is_twin: np.ndarray
    same_artist: np.ndarray
    together: np.ndarray
    popularity: np.ndarray
    z: np.ndarray


def asked_of(seeds: DataFrame, described: DataFrame, pairs: DataFrame | None) -> Asked:
    """What is relevant to each seed. This acts: one row per seed.

    Args:
        seeds: Key ``seed_id`` ``[seed_id]``, few enough for the driver.
        described: From ``candidates.described_tracks``: every track that a list could hold.
        pairs: Key both ``[track_id, other_id]``: what stands together in playlists; None where there are none.
    """
    import numpy as np

    sizes = described.groupBy().agg(F.count("*").alias("n_all"))
    artist = described.groupBy(ARTIST_ID).agg(F.count("*").alias("n_artist"))
    twins = described.groupBy(VARIANT_GROUP).agg(F.count("*").alias("n_twins"))
    both = described.groupBy(ARTIST_ID, VARIANT_GROUP).agg(F.count("*").alias("n_both"))
    known = (
        described.withColumnRenamed(TRACK_ID, SEED_ID)
        .join(seeds.select(SEED_ID), on=SEED_ID, how="left_semi")
        .join(artist, on=ARTIST_ID)
        .join(twins, on=VARIANT_GROUP)
        .join(both, on=[ARTIST_ID, VARIANT_GROUP])
        .crossJoin(sizes)
    )
    if pairs is not None:
        known = known.join(_related(seeds, described, pairs), on=SEED_ID, how="left")
    counts = [name for name in known.columns if name.startswith("n_")]
    row = F.struct(SEED_ID, F.xxhash64(ARTIST_ID).alias("unit"), *[F.coalesce(n, F.lit(0)).alias(n) for n in counts])
    found: Any = known.select(row.alias("row")).orderBy("row").select("row.*").toPandas()  # a row per seed
    of = {name: found[name].to_numpy(np.int64) for name in counts}
    others = of["n_all"] - of["n_twins"]
    relevant, candidates = {ARTIST: of["n_artist"] - of["n_both"]}, {ARTIST: others}
    if pairs is not None:
        relevant |= {PLAYLISTS: of["n_related"], PLAYLISTS_OTHER_ARTIST: of["n_related_other"]}
        candidates |= {PLAYLISTS: others, PLAYLISTS_OTHER_ARTIST: others - relevant[ARTIST]}
    return Asked(found["unit"].to_numpy(), relevant, candidates)


def _related(seeds: DataFrame, described: DataFrame, pairs: DataFrame) -> DataFrame:
    renamed = pairs.withColumnsRenamed({TRACK_ID: SEED_ID, OTHER_ID: TRACK_ID})
    asked = renamed.join(seeds.select(SEED_ID), on=SEED_ID, how="left_semi")
    others = _flagged(asked, described).where(~F.col("is_twin"))
    return others.groupBy(SEED_ID).agg(
        F.count("*").alias("n_related"), F.count_if(~F.col("same_artist")).alias("n_related_other")
    )


def _flagged(pairs: DataFrame, described: DataFrame) -> DataFrame:
    """Pairs ``[seed_id, track_id, ...]`` of known tracks with ``is_twin``, ``same_artist`` and ``z``."""
    seed = described.select(
        F.col(TRACK_ID).alias(SEED_ID), F.col(ARTIST_ID).alias("_artist"), F.col(VARIANT_GROUP).alias("_variant")
    )
    other = described.select(TRACK_ID, ARTIST_ID, VARIANT_GROUP, Z)

    def same(one: str, two: str) -> Column:
        return F.col(one) == F.col(two)

    return (
        pairs.join(seed, on=SEED_ID)
        .join(other, on=TRACK_ID)
        .withColumns({"same_artist": same("_artist", ARTIST_ID), "is_twin": same("_variant", VARIANT_GROUP)})
        .drop("_artist", "_variant", ARTIST_ID, VARIANT_GROUP)
    )


def lists_of(
    methods: Mapping[str, DataFrame], seeds: DataFrame, described: DataFrame, pairs: DataFrame | None, tracks: DataFrame
) -> dict[str, Lists]:
    """The lists of every method, seeds in the order of their ids. This acts: one row per method, seed and rank.

    Args:
        methods: Name -> key ``seed_id, rank`` ``[seed_id, rank (from 1), track_id]``.
        seeds: As for ``asked_of``.
        described: Likewise.
        pairs: Likewise.
        tracks: ``[track_id, popularity]``.
    """
    ids: Any = seeds.select(SEED_ID).orderBy(SEED_ID).toPandas()  # recommend.eval.queries rows
    asked = ids[SEED_ID].to_numpy()
    # Of each method one row per seed and rank: some twenty for each of recommend.eval.queries seeds.
    return {
        name: _as_arrays(_judged(entries, described, pairs, tracks).toPandas(), asked)
        for name, entries in methods.items()
    }


def _as_arrays(rows: Any, asked: np.ndarray) -> Lists:
    import numpy as np

    query, rank = np.searchsorted(asked, rows[SEED_ID].to_numpy()), rows[RANK].to_numpy() - 1
    n, length = len(asked), int(rank.max(initial=-1)) + 1

    def layer(values: np.ndarray, empty: object) -> np.ndarray:
        found = np.full((n, length, *values.shape[1:]), empty, dtype=values.dtype)
        found[query, rank] = values
        return found

    vectors = np.array(rows[Z].to_list(), dtype=float).reshape(len(rows), -1)
    return Lists(
        is_there=layer(np.ones(len(rows), dtype=bool), False),
        track=layer(rows["number"].to_numpy(np.int64), 0),
        popularity=layer(rows[POPULARITY].to_numpy(float), np.nan),
        z=layer(vectors, np.nan),
        **{flag: layer(rows[flag].to_numpy(bool), False) for flag in _FLAGS},
    )


def _judged(entries: DataFrame, described: DataFrame, pairs: DataFrame | None, tracks: DataFrame) -> DataFrame:
    flagged = _flagged(entries, described).join(tracks.select(TRACK_ID, POPULARITY), on=TRACK_ID, how="left")
    together = F.lit(False)
    if pairs is not None:
        is_related = F.lit(True).alias("_is")
        related = pairs.select(F.col(TRACK_ID).alias(SEED_ID), F.col(OTHER_ID).alias(TRACK_ID), is_related)
        flagged, together = flagged.join(related, on=[SEED_ID, TRACK_ID], how="left"), F.coalesce("_is", F.lit(False))
    number = F.xxhash64(TRACK_ID).alias("number")
    return flagged.select(SEED_ID, RANK, number, POPULARITY, Z, "is_twin", "same_artist", together.alias("together"))
