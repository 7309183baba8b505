"""features.audio -> results.neighbours, and the measured recall of two engines on a sample."""

from __future__ import annotations

import time
from collections.abc import Mapping

from pyspark import StorageLevel
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from spark_app.columns import ALL, GENRE_GROUP
from spark_app.curate.membership import group_members
from spark_app.errors import SkipStep
from spark_app.jobs.base import Context, Job, Outcome, counted
from spark_app.schemas import TABLES
from spark_app.similarity.exact import exact_neighbours
from spark_app.similarity.groups import sizes_of, usable_members, why_unusable
from spark_app.similarity.lsh import lsh_neighbours
from spark_app.similarity.recall import exact_truth, hashed_sample, recall_rows, right_per_query, with_thresholds

_RECALL = "results.neighbour_recall"
_THRESHOLD_SHARE = 0.9  # MLlib joins by a threshold: that of the 90th percentile of exact k-th distances


def run(context: Context) -> Outcome:
    """Search every group exactly, write the neighbours, then measure recall on a sample."""
    tables, k = context.tables, context.settings.similar.k
    audio = tables.read("features.audio")
    if reason := why_unusable(audio):
        raise SkipStep(reason)
    pairs = group_members(tables.read("curated.tracks"), tables.read("curated.track_genres"))
    members = usable_members(pairs, audio).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        sizes = sizes_of(members)
        if not sizes:
            raise SkipStep("no track has all audio features")
        started = time.monotonic()
        neighbours = exact_neighbours(members, k=k, sizes=sizes).withColumn("engine", F.lit("exact"))
        tables.write("results.neighbours", neighbours)
        seconds = time.monotonic() - started
        recall = _measured_recall(context, members, sizes)
    finally:
        members.unpersist()
    tables.write_rows(_RECALL, [[row[name] for name in TABLES[_RECALL].columns] for row in recall])
    context.run.metrics({"search_and_write_seconds": seconds, **_metrics(recall)})
    return _outcome(sizes, k=k, n_pairs=pairs.count(), recall=recall)


def _measured_recall(context: Context, members: DataFrame, sizes: Mapping[str, int]) -> list[Row]:
    """Recall rows of both engines, two per group and two for all; none where the sample is switched off."""
    settings, seed = context.settings.similar, context.settings.run.seed
    size = settings.lsh_sample
    if size == 0 or max(sizes.values(), default=0) < 2:
        return []
    sample = hashed_sample(members, size=size, seed=seed)
    truth = exact_truth(sample, k=settings.k, sizes={group: min(n, size) for group, n in sizes.items()})
    truth = with_thresholds(truth, share=_THRESHOLD_SHARE).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        exact = recall_rows(truth, engine="exact", k=settings.k).collect()  # one row per group
        started = time.monotonic()
        found = lsh_neighbours(
            truth,
            k=settings.k,
            tables=settings.lsh_tables,
            bucket_length=settings.lsh_bucket_length,
            max_threshold=truth.agg(F.max("threshold")).collect()[0][0],  # one number
            seed=seed,
        )
        # One join searches all groups, so only the whole has a time.
        asked = right_per_query(found, truth).withColumn("seconds", F.lit(None).cast("double"))
        lsh = recall_rows(asked, engine="spark_lsh", k=settings.k).collect()  # one row per group
        seconds = time.monotonic() - started
    finally:
        truth.unpersist()
    return exact + [_timed(row, seconds) if row[GENRE_GROUP] == ALL else row for row in lsh]


def _timed(row: Row, seconds: float) -> Row:
    return Row(**{**row.asDict(), "search_seconds": seconds})


def _metrics(recall: list[Row]) -> dict[str, float]:
    of_all = {row["engine"]: row for row in recall if row[GENRE_GROUP] == ALL}
    return {
        **{f"recall_{engine}": row["recall"] for engine, row in of_all.items()},
        **{f"sample_seconds_{engine}": row["search_seconds"] for engine, row in of_all.items()},
    }


def _outcome(sizes: Mapping[str, int], *, k: int, n_pairs: int, recall: list[Row]) -> Outcome:
    # Rows of this job are pairs of a track and a group that can be searched; the others are counted in words,
    # since a track without all features is no fault of this job's input.
    usable = sum(sizes.values())
    detail = counted(len(sizes), "group")
    if small := sum(n <= k for n in sizes.values()):
        detail += f", {small} of them with fewer than {k} neighbours a track"
    if n_pairs > usable:
        detail += f", {n_pairs - usable:,} skipped_null"
    of_all = [row for row in recall if row[GENRE_GROUP] == ALL]
    for row in of_all:
        detail += f", {row['engine']} recall {row['recall']:.3f}"
    return Outcome(read=usable, kept=usable, detail=detail)


JOB = Job(
    name="find_similar_tracks",
    summary="nearest tracks within each genre group, exact; recall of MLlib's LSH beside it",
    run=run,
    reads=("features.audio", "curated.tracks", "curated.track_genres"),
)
