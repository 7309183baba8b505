"""Measured recall and seconds of search engines, on a hashed sample of each genre group.

A neighbour counts as right when its distance is at most the exact k-th distance times 1 + 1e-9, of whatever metric; the
exact k-th distance comes from brute force in float64, so the exact engine is measured like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from spark_app.columns import ALL, AUDIO12_Z, DISTANCE, GENRE_GROUP, TRACK_ID
from spark_app.similarity.distances import EUCLIDEAN, distances, prepared
from spark_app.similarity.groups import one_task_a_group
from spark_app.similarity.lsh import MEMBER, MEMBERS_PER_GROUP
from spark_app.similarity.tuning import TOLERANCE, right_up_to

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_KEYS = f"{TRACK_ID} string, {GENRE_GROUP} string, {MEMBER} bigint"
_Z = ", ".join(f"{name} double" for name in AUDIO12_Z)
_TRUTH_SCHEMA = f"{_KEYS}, {_Z}, k int, kth_distance double, n_right int, seconds double"
_BLOCK_ROWS = 256


def hashed_sample(members: DataFrame, *, size: int, seed: int) -> DataFrame:
    """At most ``size`` tracks per group, those with the smallest hash of id and seed.

    Args:
        members: One row per track and group ``[track_id, genre_group, *AUDIO12_Z]``.
        size: Largest sample of a group, below 100,000.
        seed: Another seed gives another sample; partitioning does not.

    Returns:
        ``[track_id, genre_group, place (from 1), *AUDIO12_Z]``.
    """
    by_hash = Window.partitionBy(GENRE_GROUP).orderBy(F.xxhash64(F.col(TRACK_ID), F.lit(seed)), TRACK_ID)
    return (
        members.select(TRACK_ID, GENRE_GROUP, *AUDIO12_Z)
        .withColumn("place", F.row_number().over(by_hash))
        .where(F.col("place") <= size)
    )


def exact_truth(sample: DataFrame, *, k: int, sizes: Mapping[str, int], metric: str = EUCLIDEAN) -> DataFrame:
    """The exact k-th distance of each sampled track, and how the exact engine did beside it.

    Args:
        sample: From ``hashed_sample``.
        k: Neighbours asked for.
        sizes: Tracks per group, the biggest first.
        metric: Of the distances, one of ``distances.METRICS``.

    Returns:
        One row per track and group of at least two ``[track_id, genre_group, member, *AUDIO12_Z,
        k (neighbours that exist), kth_distance, n_right (of the exact engine), seconds (its whole group)]``.
    """
    place = {name: number for number, name in enumerate(sizes)}

    def measure(group: pd.DataFrame) -> pd.DataFrame:
        return _measured(group, k, metric, place[group[GENRE_GROUP].iloc[0]])

    return one_task_a_group(sample, sizes=sizes).groupBy("slot", GENRE_GROUP).applyInPandas(measure, _TRUTH_SCHEMA)


def _measured(group: pd.DataFrame, k: int, metric: str, number: int) -> pd.DataFrame:
    import time

    from spark_app.similarity.exact import nearest

    columns = [column.split(" ")[0] for column in _TRUTH_SCHEMA.split(", ")]
    k = min(k, len(group) - 1)
    group = group.sort_values(TRACK_ID, ignore_index=True)
    vectors = group[list(AUDIO12_Z)].to_numpy(float)
    started = time.perf_counter()
    _, distance = nearest(vectors, k=k, metric=metric)
    seconds = time.perf_counter() - started
    if k < 1:
        return group.iloc[:0].reindex(columns=columns)
    kth = kth_distances(vectors, k, metric)
    return group.assign(
        k=k,
        member=number * MEMBERS_PER_GROUP + group["place"],
        kth_distance=kth,
        n_right=(distance <= right_up_to(kth)[:, None]).sum(axis=1),
        seconds=seconds,
    )[columns]


def kth_distances(vectors: np.ndarray, k: int, metric: str = EUCLIDEAN) -> np.ndarray:
    """Distance to the k-th nearest other row, by brute force in float64; shape (n,), k from 1 to n - 1."""
    import numpy as np

    rows, everyone = prepared(vectors, metric), np.arange(len(vectors))
    kth = np.empty(len(rows))
    for start in range(0, len(rows), _BLOCK_ROWS):
        block = everyone[start : start + _BLOCK_ROWS]
        distance = distances(rows, block[:, None], rows, everyone[None], metric)
        distance[np.arange(len(block)), block] = np.inf
        kth[block] = np.partition(distance, k - 1, axis=1)[:, k - 1]
    return kth


def with_thresholds(truth: DataFrame, *, share: float) -> DataFrame:
    """``truth`` with ``threshold``: the k-th distance below which ``share`` of the group's tracks lie.

    The class keeps pairs strictly below its threshold, so it is widened by 1e-9.
    """
    of_group = truth.groupBy(GENRE_GROUP).agg(
        (F.percentile("kth_distance", share) * TOLERANCE + 1e-9).alias("threshold")
    )
    return truth.join(F.broadcast(of_group), on=GENRE_GROUP, how="inner")


def right_per_query(found: DataFrame, truth: DataFrame) -> DataFrame:
    """``truth`` with ``n_right`` counted from ``found`` ``[member, rank, neighbour, distance]``; 0 without rows.

    Both hold Euclidean distances.
    """
    limits = truth.select(MEMBER, "k", "kth_distance")
    is_right = (F.col(DISTANCE) <= F.col("kth_distance") * TOLERANCE) & (F.col("rank") <= F.col("k"))
    counted = found.join(limits, on=MEMBER, how="inner").groupBy(MEMBER).agg(F.sum(is_right.cast("int")).alias("found"))
    return (
        truth.drop("n_right")
        .join(counted, on=MEMBER, how="left")
        .withColumn("n_right", F.coalesce("found", F.lit(0)).cast("int"))
        .drop("found")
    )


def recall_rows(queries: DataFrame, *, engine: str, k: int) -> DataFrame:
    """One row per group, and one for ``all``: the mean over queries of n_right / k.

    Args:
        queries: One row per query ``[genre_group, k, n_right, seconds]``; ``seconds`` is that of the whole group,
            null where groups cannot be timed apart.
        engine: Written into every row.
        k: Neighbours asked for; a small group's own k may be less.

    Returns:
        Key ``genre_group, engine`` ``[genre_group, engine, k, n_tracks, n_queries, recall [0, 1], search_seconds]``;
        ``all`` holds the sum of the groups' seconds.
    """
    of_groups = queries.groupBy(GENRE_GROUP).agg(
        F.max("k").alias("k"),
        F.count("*").alias("n_tracks"),
        F.sum(F.col("n_right") / F.col("k")).alias("right"),
        F.max("seconds").alias("search_seconds"),
    )
    of_all = of_groups.agg(
        F.lit(ALL).alias(GENRE_GROUP),
        F.lit(k).alias("k"),
        F.sum("n_tracks").alias("n_tracks"),
        F.sum("right").alias("right"),
        F.sum("search_seconds").alias("search_seconds"),
    ).where(F.col("n_tracks").isNotNull())
    return of_groups.unionByName(of_all).select(
        GENRE_GROUP,
        F.lit(engine).alias("engine"),
        "k",
        "n_tracks",
        F.col("n_tracks").alias("n_queries"),
        (F.col("right") / F.col("n_tracks")).alias("recall"),
        "search_seconds",
    )
