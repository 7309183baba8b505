"""The list of every seed, chosen and explained in Arrow tasks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.columns import ARTIST_ID, GENRE_GROUP, RANK, TEMPO, TRACK_ID
from spark_app.recommend.candidates import SAME_CLUSTER, SEED_ID, VARIANT_GROUP, Z
from spark_app.recommend.choose import Choice, Pools, chosen, scores
from spark_app.recommend.reasons import Heard, reasons

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

SCORE = "score"
_SEEDS_AT_ONCE = 2_000  # 50 candidates each are 10 MB of vectors
_DDL = (
    f"{SEED_ID} string, {RANK} int, {TRACK_ID} string, {SCORE} double, {GENRE_GROUP} string, "
    f"{SAME_CLUSTER} boolean, reason string"
)


def recommendations(pairs: DataFrame, described: DataFrame, choice: Choice) -> DataFrame:
    """The ranked list of each seed.

    Args:
        pairs: From ``candidates``, one row per seed and track that may be recommended.
        described: From ``described_tracks``; a pair of which a track is missing there is left out.
        choice: What a list has to be.

    Returns:
        Key ``seed_id, rank`` ``[seed_id, rank (from 1), track_id, score, genre_group, same_cluster, reason]``, in the
        order in which ``choose.chosen`` takes them: with weight on variety, a lower score can stand before a higher
        one. No near-twin of the seed, and of several near-twins only one.
    """
    seeds = described.select(F.col(TRACK_ID).alias(SEED_ID), F.struct(ARTIST_ID, VARIANT_GROUP, TEMPO, Z).alias("seed"))
    of_track = (TRACK_ID, GENRE_GROUP, SAME_CLUSTER, ARTIST_ID, VARIANT_GROUP, TEMPO, Z)
    pools = (
        pairs.join(described, on=TRACK_ID, how="inner")
        .groupBy(SEED_ID)
        .agg(F.array_sort(F.collect_list(F.struct(*of_track))).alias("pool"))
        .join(seeds, on=SEED_ID, how="inner")
        .select(SEED_ID, "seed", "pool")
    )

    def choose(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for start in range(0, batch.num_rows, _SEEDS_AT_ONCE):
                yield _lists(batch.slice(start, _SEEDS_AT_ONCE), choice)

    return pools.mapInArrow(choose, _DDL)


def _lists(batch: pa.RecordBatch, choice: Choice) -> pa.RecordBatch:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    names = batch.schema.names
    seed, pool = batch.column(names.index("seed")), batch.column(names.index("pool"))
    sizes = pc.list_value_length(pool).to_numpy(zero_copy_only=False).astype(np.int64)
    flat = pool.flatten()
    row, place = np.repeat(np.arange(len(sizes)), sizes), _places(sizes)
    at = np.full((len(sizes), sizes.max(initial=0)), -1)
    at[row, place] = np.arange(len(flat))
    z, is_same = _vectors(flat.field(Z)), _plain(flat.field(SAME_CLUSTER))
    score = scores(_vectors(seed.field(Z))[row], z, is_same)
    score[_plain(pc.equal(flat.field(VARIANT_GROUP), seed.field(VARIANT_GROUP).take(pa.array(row))))] = np.nan
    pools = Pools(
        np.where(at >= 0, score[at], np.nan),
        _codes(flat.field(ARTIST_ID))[at],
        _codes(flat.field(VARIANT_GROUP))[at],
        z[at],
    )
    picked = chosen(pools, choice)
    of_seed, rank = np.nonzero(picked >= 0)
    taken_at = at[of_seed, picked[of_seed, rank]]
    taken = flat.take(pa.array(taken_at))
    asked = seed.take(pa.array(of_seed))
    told = reasons(
        Heard(asked.field(TEMPO).to_numpy(), _vectors(asked.field(Z))),
        Heard(taken.field(TEMPO).to_numpy(), _vectors(taken.field(Z))),
        same_artist=_plain(pc.equal(asked.field(ARTIST_ID), taken.field(ARTIST_ID))),
        same_cluster=is_same[taken_at],
    )
    columns = {
        SEED_ID: batch.column(names.index(SEED_ID)).take(pa.array(of_seed)),
        RANK: pa.array(rank + 1, pa.int32()),
        TRACK_ID: taken.field(TRACK_ID),
        SCORE: pa.array(score[taken_at]),
        GENRE_GROUP: taken.field(GENRE_GROUP),
        SAME_CLUSTER: taken.field(SAME_CLUSTER),
        "reason": pa.array(told, pa.string()),
    }
    return pa.RecordBatch.from_arrays([*columns.values()], names=[*columns])


def _places(sizes: np.ndarray) -> np.ndarray:
    """0, 1, … for every seed's candidates, one after the other."""
    import numpy as np

    starts = np.cumsum(sizes) - sizes
    return np.arange(sizes.sum()) - np.repeat(starts, sizes)


def _plain(flags: pa.Array) -> np.ndarray:
    values: np.ndarray = flags.to_numpy(zero_copy_only=False)
    return values


def _codes(values: pa.Array) -> np.ndarray:
    codes: np.ndarray = values.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    return codes


def _vectors(lists: pa.Array) -> np.ndarray:
    vectors: np.ndarray = lists.flatten().to_numpy(zero_copy_only=False).reshape(len(lists), -1)
    return vectors
