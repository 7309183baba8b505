"""features.audio -> results.neighbours, by an index of each group; the measured recall of engines on a sample."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.columns import ALL, GENRE_GROUP
from spark_app.curate.membership import group_members
from spark_app.errors import SkipStep
from spark_app.jobs.base import Context, Job, Outcome, counted
from spark_app.jobs.neighbour_index import (
    NEIGHBOURS,
    Group,
    Kept,
    current_moments,
    estimator,
    groups_of,
    kept_index,
    scaled_by,
    store_index,
)
from spark_app.schemas import TABLES
from spark_app.similarity.engines import EXACT
from spark_app.similarity.groups import usable_members, why_unusable
from spark_app.similarity.index_files import StoredShard
from spark_app.similarity.lsh import lsh_neighbours
from spark_app.similarity.recall import exact_truth, hashed_sample, recall_rows, right_per_query, with_thresholds
from spark_app.tables.local import files_holding

_RECALL = "results.neighbour_recall"
_THRESHOLD_SHARE = 0.9  # MLlib joins by a threshold: that of the 90th percentile of exact k-th distances


def run(context: Context) -> Outcome:
    """Search every group that has changed, write its neighbours, then measure recall on a sample."""
    tables = context.tables
    audio = tables.read("features.audio")
    if reason := why_unusable(audio):
        raise SkipStep(reason)
    kept = kept_index(context)
    pairs = group_members(tables.read("curated.tracks"), tables.read("curated.track_genres"))
    vectors = scaled_by(audio, kept.moments) if kept.moments else audio
    members = usable_members(pairs, vectors).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        groups = groups_of(members)
        if not groups:
            raise SkipStep("no track has all audio features")
        started = time.monotonic()
        shards, n_new = _searched(context, members, groups, kept)
        seconds = time.monotonic() - started
        recall = _measured_recall(context, members, {name: group.n for name, group in groups.items()})
    finally:
        members.unpersist()
    recall = [*_reached(shards, context.settings.similar.k), *recall]
    tables.write_rows(_RECALL, [[row.get(name) for name in TABLES[_RECALL].columns] for row in recall])
    context.run.metrics({"search_and_write_seconds": seconds, "groups_searched": n_new, **_metrics(recall)})
    return _outcome(context, groups, n_pairs=pairs.count(), recall=recall, n_new=n_new)


def _searched(
    context: Context, members: DataFrame, groups: Mapping[str, Group], kept: Kept
) -> tuple[Mapping[str, Sequence[StoredShard]], int]:
    """Bring index and neighbours up to date; the shards by group, and how many groups were searched anew."""
    tables = context.tables
    changed = {name: group.n for name, group in groups.items() if group.fingerprint != kept.fingerprints.get(name)}
    left = kept.fingerprints.keys() - groups.keys()
    model = estimator(context).fit_groups(members, changed)
    shards = {name: found for name, found in kept.shards.items() if name in groups and name not in changed}
    for shard in model.shards:
        shards[shard.group] = [*shards.get(shard.group, []), shard]
    every = model.with_shards([shard for name in sorted(shards) for shard in shards[name]])
    if not kept.shards:
        tables.write_arranged(NEIGHBOURS, every.neighbours(members))
    elif changed or left:
        held = files_holding(context.settings.root, NEIGHBOURS, GENRE_GROUP, {*changed, *left})
        # A file of a small group holds others, which are searched again with it.
        anew = sorted(set(changed).union(*held.values()) - left)
        tables.write_arranged(NEIGHBOURS, every.neighbours(members, anew), instead_of=sorted(held))
    moments = kept.moments or current_moments(context)
    store_index(context, Kept(shards, {}, moments), groups)
    return shards, len(changed)


def _reached(shards: Mapping[str, Sequence[StoredShard]], k: int) -> list[dict[str, Any]]:
    """A row per group that was not searched exactly: the recall that its engine reached when it was tuned."""
    return [
        {
            GENRE_GROUP: name,
            "engine": found[0].engine,
            "k": k,
            "n_tracks": sum(shard.n_tracks for shard in found),
            "n_queries": sum(shard.n_sample for shard in found),
            "recall": fmean(shard.recall for shard in found),
            "low": min(shard.low for shard in found),
            "high": max(shard.high for shard in found),
            "compared": sum(shard.compared for shard in found),
            "parameters": json.dumps(found[0].parameters),
        }
        for name, found in sorted(shards.items())
        if found[0].engine != EXACT
    ]


def _measured_recall(context: Context, members: DataFrame, sizes: Mapping[str, int]) -> list[dict[str, Any]]:
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
    timed = {"search_seconds": seconds}
    return [row.asDict() | (timed if row in lsh and row[GENRE_GROUP] == ALL else {}) for row in [*exact, *lsh]]


def _metrics(recall: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    of_all = {row["engine"]: row for row in recall if row[GENRE_GROUP] == ALL}
    return {
        **{f"recall_{engine}": row["recall"] for engine, row in of_all.items()},
        **{f"sample_seconds_{engine}": row["search_seconds"] for engine, row in of_all.items()},
    }


def _outcome(
    context: Context, groups: Mapping[str, Group], *, n_pairs: int, recall: Sequence[Mapping[str, Any]], n_new: int
) -> Outcome:
    # Rows of this job are pairs of a track and a group that can be searched; the others are counted in words,
    # since a track without all features is no fault of this job's input.
    usable, k = sum(group.n for group in groups.values()), context.settings.similar.k
    detail = counted(len(groups), "group")
    if n_new < len(groups):
        detail += f", {n_new} of them searched anew"
    if small := sum(group.n <= k for group in groups.values()):
        detail += f", {small} of them with fewer than {k} neighbours a track"
    if n_pairs > usable:
        detail += f", {n_pairs - usable:,} skipped_null"
    for engine, n in sorted(Counter(row["engine"] for row in recall if row.get("parameters")).items()):
        detail += f", {n} by {engine}"
    for row in recall:
        detail += f", {row['engine']} recall {row['recall']:.3f}" if row[GENRE_GROUP] == ALL else ""
    return Outcome(read=usable, kept=usable, detail=detail)


JOB = Job(
    name="find_similar_tracks",
    summary="nearest tracks within each genre group, at the recall asked for; recall of MLlib's LSH beside it",
    run=run,
    reads=("features.audio", "curated.tracks", "curated.track_genres"),
)
