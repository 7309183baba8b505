"""How much of the exact neighbours is found, for the job find_similar_tracks: results.neighbour_recall."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.columns import ALL, GENRE_GROUP
from spark_app.jobs.base import Context
from spark_app.jobs.neighbour_index import INDEX, NEIGHBOURS
from spark_app.schemas import TABLES
from spark_app.similarity.distances import EUCLIDEAN
from spark_app.similarity.engines import EXACT
from spark_app.similarity.index_files import StoredShard
from spark_app.similarity.lsh import lsh_neighbours
from spark_app.similarity.recall import exact_truth, hashed_sample, recall_rows, right_per_query, with_thresholds
from spark_app.tables.local import read_rows

_RECALL = "results.neighbour_recall"
_THRESHOLD_SHARE = 0.9  # MLlib joins by a threshold: that of the 90th percentile of exact k-th distances
_ASKED = ("lsh_sample", "lsh_tables", "lsh_bucket_length")


def recall_of(
    context: Context, members: DataFrame, sizes: Mapping[str, int], shards: Mapping[str, Sequence[StoredShard]]
) -> list[dict[str, Any]]:
    """Rows of ``results.neighbour_recall``, which is written anew unless it is of these neighbours already.

    Args:
        context: Of the job, whose neighbours and index are written.
        members: One row per track and group ``[track_id, genre_group, *AUDIO12_Z]``, no nulls.
        sizes: Members per group, the biggest first.
        shards: Of the index, by group.
    """
    tables, settings = context.tables, context.settings.similar
    asked = {name: getattr(settings, name) for name in _ASKED}
    notes = {"asked": asked, "neighbours": tables.version(NEIGHBOURS), "index": tables.version(INDEX)}
    if tables.notes(_RECALL) == notes:
        return read_rows(tables.root, _RECALL).to_pylist()
    rows = [*tuned_recall(shards, k=settings.k), *_sampled_recall(context, members, sizes)]
    tables.write_rows(_RECALL, [[row.get(name) for name in TABLES[_RECALL].columns] for row in rows], notes=notes)
    return rows


def tuned_recall(shards: Mapping[str, Sequence[StoredShard]], *, k: int) -> list[dict[str, Any]]:
    """A row per group that is not searched exactly throughout: the recall that its engine reached when it was tuned.

    Of several shards each counts by its tracks, an exact one with recall 1. The row bears the engine and parameters of
    the largest shard that has any, since ``exact`` has a row of its own.
    """
    return [
        _tuned(name, found, k)
        for name, found in sorted(shards.items())
        if any(shard.engine != EXACT for shard in found)
    ]


def _tuned(name: str, shards: Sequence[StoredShard], k: int) -> dict[str, Any]:
    largest = max((shard for shard in shards if shard.engine != EXACT), key=lambda shard: shard.n_tracks)
    n_tracks = sum(shard.n_tracks for shard in shards)
    weighted = [(shard.n_tracks / n_tracks, shard) for shard in shards]
    mean = sum(weight * shard.recall for weight, shard in weighted)
    # Shards are sampled apart, so the squares of their intervals add up.
    half = sqrt(sum((weight * (shard.recall - shard.low)) ** 2 for weight, shard in weighted))
    return {
        GENRE_GROUP: name,
        "engine": largest.engine,
        "k": k,
        "n_tracks": n_tracks,
        "n_queries": sum(shard.n_sample for shard in shards),
        "recall": mean,
        "low": mean - half,
        "high": min(mean + half, 1.0),
        "compared": sum(shard.compared for shard in shards),
        "parameters": json.dumps(largest.parameters),
    }


def _sampled_recall(context: Context, members: DataFrame, sizes: Mapping[str, int]) -> list[dict[str, Any]]:
    """Rows of the exact search and, of Euclidean distances, MLlib's LSH, which knows no others: one per group and one
    for all; none where the sample is switched off.
    """
    settings, seed = context.settings.similar, context.settings.run.seed
    size = settings.lsh_sample
    if size == 0 or max(sizes.values(), default=0) < 2:
        return []
    sample, drawn = hashed_sample(members, size=size, seed=seed), {name: min(n, size) for name, n in sizes.items()}
    truth = exact_truth(sample, k=settings.k, sizes=drawn, metric=settings.metric)
    truth = with_thresholds(truth, share=_THRESHOLD_SHARE).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        exact = recall_rows(truth, engine=EXACT, k=settings.k).collect()  # one row per group
        lsh = _recall_of_lsh(context, truth) if settings.metric == EUCLIDEAN else []
    finally:
        truth.unpersist()
    return [*[row.asDict() for row in exact], *lsh]


def _recall_of_lsh(context: Context, truth: DataFrame) -> list[dict[str, Any]]:
    settings = context.settings.similar
    started = time.monotonic()
    found = lsh_neighbours(
        truth,
        k=settings.k,
        tables=settings.lsh_tables,
        bucket_length=settings.lsh_bucket_length,
        max_threshold=truth.agg(F.max("threshold")).collect()[0][0],  # one number
        seed=context.settings.run.seed,
    )
    # One join searches all groups, so only the whole has a time.
    asked = right_per_query(found, truth).withColumn("seconds", F.lit(None).cast("double"))
    rows = recall_rows(asked, engine="spark_lsh", k=settings.k).collect()  # one row per group
    timed = {"search_seconds": time.monotonic() - started}
    return [row.asDict() | (timed if row[GENRE_GROUP] == ALL else {}) for row in rows]
