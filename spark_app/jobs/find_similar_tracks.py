"""features.audio -> results.neighbours, by an index of each group; the measured recall of engines on a sample.

Distances are between z-scores, made by the scaler of the stored index: that of an earlier run while the moments of the
catalogue have moved away from it by no more than ``similar.max_drift``, else that of ``features.audio``.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame

from spark_app.columns import ALL, AUDIO12_Z, GENRE_GROUP, TRACK_ID
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
from spark_app.jobs.neighbour_recall import recall_of
from spark_app.similarity.groups import has_all_features, why_unusable
from spark_app.similarity.index_files import StoredShard
from spark_app.tables.local import files_holding

Shards = Mapping[str, Sequence[StoredShard]]


@dataclass(frozen=True)
class Searched:
    """What became of the index.

    Attributes:
        shards: By group.
        n_new: Groups that were searched anew because they had changed.
        warnings: For the user.
    """

    shards: Shards
    n_new: int = 0
    warnings: tuple[str, ...] = ()


def run(context: Context) -> Outcome:
    """Search every group that has changed, write its neighbours, then measure recall on a sample.

    Where nothing has changed nothing is written.
    """
    tables = context.tables
    audio = tables.read("features.audio")
    if reason := why_unusable(audio):
        raise SkipStep(reason)
    kept = kept_index(context)
    pairs = group_members(tables.read("curated.tracks"), tables.read("curated.track_genres"))
    vectors = (scaled_by(audio, kept.moments) if kept.moments else audio).select(TRACK_ID, *AUDIO12_Z)
    pairs = pairs.join(vectors, on=TRACK_ID, how="left").persist(StorageLevel.MEMORY_AND_DISK)
    try:
        groups, n_pairs = groups_of(pairs)
        if not groups:
            raise SkipStep("no track has all audio features")
        members = pairs.where(has_all_features())
        started = time.monotonic()
        searched = _searched(context, members, groups, kept)
        seconds = time.monotonic() - started
        recall = recall_of(context, members, {name: group.n for name, group in groups.items()}, searched.shards)
    finally:
        pairs.unpersist()
    context.run.metrics({"search_and_write_seconds": seconds, "groups_searched": searched.n_new, **_metrics(recall)})
    return _outcome(context, groups, searched, n_pairs=n_pairs, recall=recall)


def _searched(context: Context, members: DataFrame, groups: Mapping[str, Group], kept: Kept) -> Searched:
    """Bring index and neighbours up to date."""
    changed = {name: group.n for name, group in groups.items() if group.fingerprint != kept.fingerprints.get(name)}
    left = kept.fingerprints.keys() - groups.keys()
    if kept.shards and not changed and not left:
        return Searched(kept.shards)
    model = estimator(context).fit_groups(members, changed)
    shards = {name: found for name, found in kept.shards.items() if name in groups and name not in changed}
    for shard in model.shards:
        shards[shard.group] = [*shards.get(shard.group, []), shard]
    every = model.with_shards([shard for name in sorted(shards) for shard in shards[name]])
    if kept.shards:
        held = files_holding(context.settings.root, NEIGHBOURS, GENRE_GROUP, {*changed, *left})
        # A file of a small group holds others, which are searched again with it.
        anew = sorted(set(changed).union(*held.values()) - left)
        context.tables.write_arranged(NEIGHBOURS, every.neighbours(members, anew), instead_of=sorted(held))
    else:
        context.tables.write_arranged(NEIGHBOURS, every.neighbours(members))
    moments = kept.moments or current_moments(context)
    warnings = store_index(context, Kept(shards, {}, moments), groups)
    if kept.damaged:
        files = counted(len(kept.damaged), "file")
        warnings = (f"{files} of the index gone or damaged: the groups concerned were searched anew", *warnings)
    return Searched(shards, len(changed), warnings)


def _metrics(recall: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    of_all = {row["engine"]: row for row in recall if row[GENRE_GROUP] == ALL}
    return {
        **{f"recall_{engine}": row["recall"] for engine, row in of_all.items()},
        **{f"sample_seconds_{engine}": row["search_seconds"] for engine, row in of_all.items()},
    }


def _outcome(
    context: Context, groups: Mapping[str, Group], searched: Searched, *, n_pairs: int, recall: list[dict[str, Any]]
) -> Outcome:
    # Rows of this job are pairs of a track and a group that can be searched; the others are counted in words,
    # since a track without all features is no fault of this job's input.
    usable, k = sum(group.n for group in groups.values()), context.settings.similar.k
    detail = counted(len(groups), "group")
    if searched.n_new < len(groups):
        detail += f", {searched.n_new} of them searched anew"
    if small := sum(group.n <= k for group in groups.values()):
        detail += f", {small} of them with fewer than {k} neighbours a track"
    if n_pairs > usable:
        detail += f", {n_pairs - usable:,} skipped_null"
    for engine, n in sorted(Counter(row["engine"] for row in recall if row.get("parameters")).items()):
        detail += f", {n} by {engine}"
    for row in recall:
        detail += f", {row['engine']} recall {row['recall']:.3f}" if row[GENRE_GROUP] == ALL else ""
    return Outcome(read=usable, kept=usable, detail=detail, warnings=searched.warnings)


JOB = Job(
    name="find_similar_tracks",
    summary="nearest tracks within each genre group, at the recall asked for; recall of MLlib's LSH beside it",
    run=run,
    reads=("features.audio", "curated.tracks", "curated.track_genres"),
)
