"""Lists of Spark ML's own LSH join. It searches whole tables, not the vectors of one group, so it runs beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from math import log2

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_app.columns import AUDIO12_Z, GENRE_GROUP, RANK, TRACK_ID
from spark_app.errors import UsageError
from spark_app.similarity.distances import COSINE, EUCLIDEAN
from spark_app.similarity.evaluation.queries import vector_columns
from spark_app.similarity.lsh import MEMBER, MEMBERS_PER_GROUP, lsh_neighbours
from spark_app.similarity.recall import exact_truth, hashed_sample, with_thresholds

SPARK_LSH = "spark_lsh"
LSH_METRICS = (EUCLIDEAN, COSINE)
_THRESHOLD_SHARE = 0.9  # it joins by a threshold: that of the 90th percentile of exact k-th distances
_LONGER = 2  # times k: near-twins are taken out of a list later


def lsh_lists(
    members: DataFrame,
    *,
    scaling: str,
    metric: str,
    k: int,
    sizes: Mapping[str, int],
    tables: int,
    bucket_length: float,
    seed: int,
) -> DataFrame:
    """Neighbours by ``approxSimilarityJoin`` within groups, all members compared. This acts, and takes its time.

    Args:
        members: Key ``track_id``, with the vectors of ``scaling``.
        scaling: Of the vectors.
        metric: Of ``LSH_METRICS``; ``cosine`` by vectors of unit length (a zero vector stays one).
        k: Where lists will be cut; they are made twice as long, as far as the threshold allows.
        sizes: Members per group, the biggest first.
        tables: Hash tables.
        bucket_length: In units of ``unit_of`` the vectors, which is 1 for z-scores.
        seed: Of the random projections.

    Returns:
        Key ``track_id`` ``[track_id, neighbours (ids, the nearest first)]``; no row where nothing was found.

    Raises:
        UsageError: A group of 100,000 and more.
    """
    if max(sizes.values(), default=0) >= MEMBERS_PER_GROUP:
        raise UsageError(f"the engine spark_lsh takes groups below {MEMBERS_PER_GROUP:,} tracks")
    columns = _unit_length(vector_columns(scaling)) if metric == COSINE else map(F.col, vector_columns(scaling))
    vectors = members.select(TRACK_ID, GENRE_GROUP, *[c.alias(z) for c, z in zip(columns, AUDIO12_Z, strict=True)])
    unit = unit_of(vectors)
    vectors = vectors.withColumns({z: F.col(z) / unit for z in AUDIO12_Z})
    everyone = hashed_sample(vectors, size=MEMBERS_PER_GROUP - 1, seed=seed)
    truth = with_thresholds(exact_truth(everyone, k=k, sizes=sizes), share=_THRESHOLD_SHARE).localCheckpoint()
    found = lsh_neighbours(
        truth,
        k=_LONGER * k,
        tables=tables,
        bucket_length=bucket_length,
        max_threshold=truth.agg(F.max("threshold")).collect()[0][0] or 1.0,  # one number
        seed=seed,
    )
    names = truth.select(MEMBER, TRACK_ID)
    others = truth.select(F.col(MEMBER).alias("neighbour"), F.col(TRACK_ID).alias("_other"))
    named = found.join(names, on=MEMBER, how="inner").join(others, on="neighbour", how="inner")
    ordered = F.array_sort(F.collect_list(F.struct(RANK, "_other")))
    return named.groupBy(TRACK_ID).agg(F.transform(ordered, lambda one: one["_other"]).alias("neighbours"))


def unit_of(vectors: DataFrame) -> float:
    """What distances between vectors are measured in: the mean standard deviation of the dimensions that vary, as the
    nearest power of two; 1 where none does. This acts: one row.

    One length of buckets then means the same to every scaling, and the groups, which the join sets 1e6 apart, lie
    farther from each other than any two vectors of one group: n vectors of twelve dimensions are at most 24 sqrt(n)
    units apart. Dividing by a power of two changes no order and makes no tie.

    Args:
        vectors: ``[*AUDIO12_Z, ...]``, finite.
    """
    # Equal bounds decide: the deviation of ten times 0.1 is not 0 in floating point.
    spreads = [F.when(F.min(z) < F.max(z), F.stddev_pop(z)) for z in AUDIO12_Z]
    deviations = [spread for spread in vectors.agg(*spreads).collect()[0] if spread]  # one row
    return 2.0 ** round(log2(sum(deviations) / len(deviations))) if deviations else 1.0


def _unit_length(names: list[str]) -> list[Column]:
    length = F.sqrt(reduce(lambda left, right: left + right, [F.col(name) * F.col(name) for name in names]))
    return [F.when(length > 0, F.col(name) / length).otherwise(F.lit(0.0)) for name in names]
