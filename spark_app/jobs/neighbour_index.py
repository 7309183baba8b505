"""What is kept of the neighbour index from one run to the next, for the job find_similar_tracks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from spark_app.columns import ALL, AUDIO12, AUDIO12_RANGE, AUDIO12_Z, GENRE_GROUP, TRACK_ID
from spark_app.features.scaling import FeatureScalerModel
from spark_app.features.stats import moments_of
from spark_app.similarity.build import Columns
from spark_app.similarity.groups import has_all_features
from spark_app.similarity.index_files import FORMAT, StoredShard, damaged_files, remove_files_but
from spark_app.similarity.neighbors import NearestNeighbors
from spark_app.similarity.search import Index, neighbours_of_all
from spark_app.tables.local import read_rows

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from spark_app.features.moments import Moments
    from spark_app.jobs.base import Context

INDEX, NEIGHBOURS = "models.neighbour_index", "results.neighbours"
_AUDIO, _STATS = "features.audio", "features.audio_stats"
FOLDER = "models/neighbour_index_files"
_ASKED = ("k", "engine", "target_recall", "metric", "exact_rows")
_DAY = 24 * 3600.0


@dataclass(frozen=True)
class Kept:
    """What the run before has left, where it answers what is asked now; empty where it does not.

    Attributes:
        shards: By group; a group whose files are not all what was written has none.
        fingerprints: Of the groups' tracks, by group of the stored index; empty for a group without shards.
        moments: Rows of ``features.audio_stats`` that its z-scores were made with; none where they are made anew.
        damaged: Files that are gone, or are not what was written.
    """

    shards: Mapping[str, Sequence[StoredShard]]
    fingerprints: Mapping[str, str]
    moments: Sequence[Mapping[str, Any]]
    damaged: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Group:
    """Tracks of a group that have all features: how many, and a fingerprint of their ids and vectors."""

    n: int
    fingerprint: str


def estimator(context: Context) -> NearestNeighbors:
    """The estimator that the settings ask for, on z-scores."""
    settings = context.settings.similar
    return NearestNeighbors(
        inputCols=list(AUDIO12_Z),
        folder=_folder(context),
        k=settings.k,
        metric=settings.metric,
        targetRecall=settings.target_recall,
        engine=settings.engine,
        exactRows=settings.exact_rows,
        seed=context.settings.run.seed,
    )


def kept_index(context: Context) -> Kept:
    """What the run before has left. This acts: tasks read the index's files for their checksums.

    Nothing is kept where other settings, features or formats made the index, or the catalogue's moments have moved by
    more than ``similar.max_drift``. Its moments alone stay where its neighbours are not those of the table, as after
    a run that was killed between the commits of both: with the same z-scores the run after it ends where that one
    would have ended.
    """
    tables, notes = context.tables, context.tables.notes(INDEX)
    moments = notes.get("moments") or ()
    if notes.get("asked") != _asked(context) or _is_far(context, moments):
        return Kept({}, {}, ())
    if notes.get("neighbours") != tables.version(NEIGHBOURS):
        return Kept({}, {}, moments)
    rows = tables.read(INDEX).collect()  # one row per group
    found = {row[GENRE_GROUP]: _shards(row["shards"]) for row in rows}
    damaged = damaged_files(context.spark, _folder(context), [shard for shards in found.values() for shard in shards])
    whole = {name: shards for name, shards in found.items() if shards and not damaged & _files(shards)}
    prints = {row[GENRE_GROUP]: row["fingerprint"] if row[GENRE_GROUP] in whole else "" for row in rows}
    return Kept(whole, prints, moments, frozenset(damaged))


def deeper_neighbours(context: Context, *, k: int) -> DataFrame:
    """Up to k neighbours of every track, by the stored index; ``results.neighbours`` where it holds as many, or where
    the index was not made for it.

    Engines that do not search exactly were tuned to the recall of the first ``similar.k``.
    """
    tables, settings = context.tables, context.settings.similar
    notes = tables.notes(INDEX)
    if (
        k <= settings.k
        or notes.get("neighbours") != tables.version(NEIGHBOURS)
        or notes.get("asked") != _asked(context)
    ):
        return tables.read(NEIGHBOURS)
    rows = tables.read(INDEX).collect()  # one row per group
    index = Index(
        folder=_folder(context),
        columns=Columns(TRACK_ID, GENRE_GROUP, AUDIO12_Z),
        metric=settings.metric,
        seed=context.settings.run.seed,
        shards=tuple(shard for row in rows for shard in _shards(row["shards"])),
    )
    return neighbours_of_all(context.spark, index, k=k)


def store_index(context: Context, kept: Kept, groups: Mapping[str, Group]) -> tuple[str, ...]:
    """Replace the index's table, then remove files that neither it nor the table before it names, once they are a day
    old; returns what hindered that, for the user.
    """
    before = _named(context)
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
        # Told, not compared: each delivery makes a new version, and the fingerprints tell what is new in it.
        "audio": context.tables.version(_AUDIO),
    }
    context.tables.write_rows(INDEX, rows, notes=notes)
    now = [shard for shards in kept.shards.values() for shard in shards]
    return _cleaned(_folder(context), before | _files(now))


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


def groups_of(pairs: DataFrame) -> tuple[dict[str, Group], int]:
    """Groups, the biggest first, equal sizes by name; and the number of all pairs. This acts: one row per group.

    Args:
        pairs: One row per track and group ``[track_id, genre_group, *AUDIO12_Z]``. Where a z-score is null, the row
            counts as a pair, but not for its group; a group without any other row is left out.
    """
    mixed = F.when(has_all_features(), F.xxhash64(TRACK_ID, *AUDIO12_Z))
    counts = [F.count("*").alias("pairs"), F.count(mixed).alias("n")]
    prints = [F.bit_xor(mixed).alias("xor"), F.sum(F.shiftright(mixed, 16)).alias("sum")]
    rows = pairs.groupBy(GENRE_GROUP).agg(*counts, *prints).collect()
    ordered = sorted([row for row in rows if row["n"]], key=lambda row: (-row["n"], row[GENRE_GROUP]))
    groups = {row[GENRE_GROUP]: Group(row["n"], f"{row['n']}:{row['xor']}:{row['sum']}") for row in ordered}
    return groups, sum(row["pairs"] for row in rows)


def _folder(context: Context) -> str:
    return f"{context.settings.root}/{FOLDER}"


def _asked(context: Context) -> dict[str, Any]:
    """What the index was made for: it answers nothing else."""
    settings = context.settings
    asked = {name: getattr(settings.similar, name) for name in _ASKED}
    return {**asked, "seed": settings.run.seed, "features": list(AUDIO12), "format": FORMAT}


def _is_far(context: Context, moments: Sequence[Mapping[str, Any]]) -> bool:
    now = current_moments(context)
    return not now or not moments or _drift(moments, now) > context.settings.similar.max_drift


def _drift(before: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]) -> float:
    """The largest change of a mean, and of a standard deviation, in standard deviations of before."""
    pairs = zip(*(moments_of(rows, columns=AUDIO12)[ALL] for rows in (before, now)), strict=True)
    return max(_moved(old, new) for old, new in pairs)


def _moved(old: Moments, new: Moments) -> float:
    if not old.n or not new.n or not old.std or not new.std:
        return 0.0 if (old.n > 0, old.std, old.mean) == (new.n > 0, new.std, new.mean) else float("inf")
    return max(abs(new.mean - old.mean) / old.std, abs(new.std / old.std - 1))


def _shards(text: str | None) -> list[StoredShard]:
    """The shards of a group, as the index's table names them; none where that cannot be read."""
    try:
        return [StoredShard(**shard) for shard in json.loads(text or "[]")]
    except (TypeError, ValueError):  # no JSON, or of other fields
        return []


def _files(shards: Iterable[StoredShard]) -> set[str]:
    return {file for shard in shards for file in shard.checksums}


def _named(context: Context) -> set[str]:
    """Files that the index's table names."""
    if not context.tables.exists(INDEX):
        return set()
    texts = read_rows(context.settings.root, INDEX, ["shards"]).column("shards").to_pylist()  # one per group
    return {file for text in texts for file in _files(_shards(text))}


def _cleaned(folder: str, named: set[str]) -> tuple[str, ...]:
    try:
        remove_files_but(folder, named, older_than=_DAY)
    except OSError as error:  # everything is committed; what stays takes space, and nothing else
        return (f"files that the index needs no more could not be removed from {folder}: {type(error).__name__}",)
    return ()
