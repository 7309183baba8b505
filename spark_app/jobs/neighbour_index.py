"""What is kept of the neighbour index from one run to the next, for the job find_similar_tracks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from spark_app.columns import ALL, AUDIO12, AUDIO12_RANGE, AUDIO12_Z, GENRE_GROUP, TRACK_ID
from spark_app.features.scaling import FeatureScalerModel
from spark_app.features.stats import moments_of
from spark_app.similarity.build import Columns
from spark_app.similarity.index_files import StoredShard
from spark_app.similarity.neighbors import NearestNeighbors
from spark_app.similarity.search import Index, neighbours_of_all
from spark_app.stores import folder_store

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from spark_app.features.moments import Moments
    from spark_app.jobs.base import Context

INDEX, NEIGHBOURS, _STATS = "models.neighbour_index", "results.neighbours", "features.audio_stats"
FOLDER = "models/neighbour_index_files"
_ASKED = ("k", "engine", "target_recall", "metric", "exact_rows")


@dataclass(frozen=True)
class Kept:
    """The index of the run before, where it answers what is asked now; empty where it does not.

    Attributes:
        shards: By group.
        fingerprints: Of the groups' tracks.
        moments: Rows of ``features.audio_stats`` that its z-scores were made with; none where it is empty.
    """

    shards: Mapping[str, Sequence[StoredShard]]
    fingerprints: Mapping[str, str]
    moments: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Group:
    """Tracks of a group: how many, and a fingerprint of their ids and vectors."""

    n: int
    fingerprint: str


def estimator(context: Context) -> NearestNeighbors:
    """The estimator that the settings ask for, on z-scores."""
    settings = context.settings.similar
    return NearestNeighbors(
        inputCols=list(AUDIO12_Z),
        folder=f"{context.settings.root}/{FOLDER}",
        k=settings.k,
        metric=settings.metric,
        targetRecall=settings.target_recall,
        engine=settings.engine,
        exactRows=settings.exact_rows,
        seed=context.settings.run.seed,
    )


def kept_index(context: Context) -> Kept:
    """What the run before has left, unless other settings made it, its neighbours are not those of the table any more,
    or the catalogue's moments have moved by more than ``similar.max_drift``.
    """
    tables, nothing = context.tables, Kept({}, {}, ())
    notes = tables.notes(INDEX)
    if notes.get("asked") != _asked(context) or not tables.exists(NEIGHBOURS):
        return nothing
    now = current_moments(context)
    is_far = not now or not notes["moments"] or _drift(notes["moments"], now) > context.settings.similar.max_drift
    if is_far or notes["neighbours"] != tables.version(NEIGHBOURS):
        return nothing
    rows = tables.read(INDEX).collect()  # one row per group
    shards = {row[GENRE_GROUP]: [StoredShard(**shard) for shard in json.loads(row["shards"])] for row in rows}
    return Kept(shards, {row[GENRE_GROUP]: row["fingerprint"] for row in rows}, notes["moments"])


def deeper_neighbours(context: Context, *, k: int) -> DataFrame:
    """Up to k neighbours of every track, by the stored index; ``results.neighbours`` where it holds as many, or where
    the index was not made for it.

    Engines that do not search exactly were tuned to the recall of the first ``similar.k``.
    """
    tables, settings = context.tables, context.settings.similar
    notes = tables.notes(INDEX)
    if k <= settings.k or notes.get("neighbours") != tables.version(NEIGHBOURS) or notes["asked"] != _asked(context):
        return tables.read(NEIGHBOURS)
    rows = tables.read(INDEX).collect()  # one row per group
    shards = [StoredShard(**shard) for row in rows for shard in json.loads(row["shards"])]
    index = Index(
        folder=f"{context.settings.root}/{FOLDER}",
        columns=Columns(TRACK_ID, GENRE_GROUP, AUDIO12_Z),
        metric=settings.metric,
        seed=context.settings.run.seed,
        shards=tuple(shards),
    )
    return neighbours_of_all(context.spark, index, k=k)


def store_index(context: Context, kept: Kept, groups: Mapping[str, Group]) -> None:
    """Replace the index's table, and remove the files that neither it nor the table before it names."""
    named = _builds(context)
    settings = context.settings.similar
    rows = [
        [name, groups[name].n, groups[name].fingerprint, shards[0].engine, settings.metric, list(AUDIO12), FOLDER, text]
        for name, shards in sorted(kept.shards.items())
        for text in [json.dumps([shard.as_dict() for shard in shards])]
    ]
    notes = {
        "asked": _asked(context),
        "moments": [*kept.moments],
        "neighbours": context.tables.version(NEIGHBOURS),
    }
    context.tables.write_rows(INDEX, rows, notes=notes)
    _remove_all_but(f"{context.settings.root}/{FOLDER}", named | _builds(context))


def current_moments(context: Context) -> list[dict[str, Any]]:
    """Rows of ``features.audio_stats`` of all tracks; none where the table is not there."""
    if not context.tables.exists(_STATS):
        return []
    rows = context.tables.read(_STATS).where(F.col(GENRE_GROUP) == ALL).collect()  # one row per feature
    return [row.asDict() for row in rows]


def scaled_by(audio: DataFrame, moments: Sequence[Mapping[str, Any]]) -> DataFrame:
    """``features.audio`` with z-scores made by these moments instead of its own."""
    scaler = FeatureScalerModel.from_moments(moments_of(moments, columns=AUDIO12), columns=AUDIO12, group=None)
    return scaler.transform(audio.drop(*AUDIO12_Z, *AUDIO12_RANGE))


def groups_of(members: DataFrame) -> dict[str, Group]:
    """Sizes and fingerprints by group, the biggest first, equal sizes by name. This acts: one row per group."""
    mixed = F.xxhash64(TRACK_ID, *AUDIO12_Z)
    rows = (
        members.groupBy(GENRE_GROUP)
        .agg(F.count("*").alias("n"), F.bit_xor(mixed).alias("xor"), F.sum(F.shiftright(mixed, 16)).alias("sum"))
        .collect()
    )
    ordered = sorted(rows, key=lambda row: (-row["n"], row[GENRE_GROUP]))
    return {row[GENRE_GROUP]: Group(row["n"], f"{row['n']}:{row['xor']}:{row['sum']}") for row in ordered}


def _asked(context: Context) -> dict[str, Any]:
    settings = context.settings
    return {name: getattr(settings.similar, name) for name in _ASKED} | {"seed": settings.run.seed}


def _drift(before: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]) -> float:
    """The largest change of a mean, and of a standard deviation, in standard deviations of before."""
    pairs = zip(*(moments_of(rows, columns=AUDIO12)[ALL] for rows in (before, now)), strict=True)
    return max(_moved(old, new) for old, new in pairs)


def _moved(old: Moments, new: Moments) -> float:
    if not old.n or not new.n or not old.std or not new.std:
        return 0.0 if (old.n > 0, old.std, old.mean) == (new.n > 0, new.std, new.mean) else float("inf")
    return max(abs(new.mean - old.mean) / old.std, abs(new.std / old.std - 1))


def _builds(context: Context) -> set[str]:
    """Folders of files that the index's table names."""
    if not context.tables.exists(INDEX):
        return set()
    rows = context.tables.read(INDEX).select("shards").collect()  # one row per group
    return {shard["file"].split("/")[0] for row in rows for shard in json.loads(row["shards"])}


def _remove_all_but(folder: str, builds: set[str]) -> None:
    from pyarrow.fs import FileSelector

    store = folder_store(folder)
    for info in store.get_file_info(FileSelector("", allow_not_found=True)):
        if info.base_name not in builds:
            store.delete_dir(info.path)
