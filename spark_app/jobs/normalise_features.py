"""curated -> features: z-scores and ranges over the whole catalogue and within each genre group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame

from spark_app.columns import ALL, AUDIO12, GENRE_GROUP, TRACK_ID
from spark_app.curate.membership import group_members
from spark_app.errors import SkipStep
from spark_app.features.moments import GroupMoments, fit_moments, merge_groups
from spark_app.features.scaling import FeatureScalerModel
from spark_app.features.stats import moments_of, stats_rows
from spark_app.jobs.base import Context, Job, Outcome
from spark_app.schemas import TABLES

_TRACKS, _GENRES, _STATS = "curated.tracks", "curated.track_genres", "features.audio_stats"


@dataclass(frozen=True)
class Fitted:
    """What the scaled tables are made with.

    Attributes:
        moments: Of ``all`` and of each genre group.
        n_new: Tracks that were read for them, where those of earlier runs were kept; None after a full pass.
    """

    moments: GroupMoments
    n_new: int | None = None


def run(context: Context) -> Outcome:
    """Take the moments, write the scaled features and the statistics."""
    tables = context.tables
    tracks = tables.read(_TRACKS).select(TRACK_ID, *AUDIO12)
    if tracks.isEmpty():
        raise SkipStep("no tracks")
    versions = {_TRACKS: tables.version(_TRACKS), _GENRES: tables.version(_GENRES)}
    genres = tables.read(_GENRES)
    fitted = _incremental(context) or Fitted(_moments(tracks, genres))
    grouped = group_members(tracks, genres).join(tracks, on=TRACK_ID, how="inner")
    overall = {ALL: fitted.moments[ALL]}
    by_group = {name: found for name, found in fitted.moments.items() if name != ALL}
    scaler = FeatureScalerModel.from_moments(overall, columns=AUDIO12, group=None)
    tables.write("features.audio", tracks, then=scaler.transform)
    of_groups = FeatureScalerModel.from_moments(by_group, columns=AUDIO12, group=GENRE_GROUP)
    tables.write("features.audio_by_group", grouped, then=lambda rows: of_groups.transform(rows).drop(*AUDIO12))
    # Last: its notes tell the next run that everything above was written.
    rows: list[dict[str, Any]] = stats_rows(fitted.moments, columns=AUDIO12)
    tables.write_rows(_STATS, [[row[name] for name in TABLES[_STATS].columns] for row in rows], notes=versions)
    return _outcome(context, fitted)


def _moments(tracks: DataFrame, genres: DataFrame) -> GroupMoments:
    grouped = group_members(tracks, genres).join(tracks, on=TRACK_ID, how="inner")
    overall = fit_moments(tracks, columns=AUDIO12)
    return {**overall, **fit_moments(grouped, columns=AUDIO12, group=GENRE_GROUP)}


def _incremental(context: Context) -> Fitted | None:
    """The stored moments and those of appended tracks; None where the tables did more than grow.

    Tracks that changed or left, and genres that an old track gained or lost, ask for a full pass: a minimum cannot be
    taken back, and a group's members would no longer be those that its moments describe.
    """
    tables = context.tables
    versions = tables.notes(_STATS) if context.settings.normalise.incremental else {}
    if not {_TRACKS, _GENRES} <= set(versions):
        return None
    new = tables.appended_since(_TRACKS, versions[_TRACKS])
    genres = tables.appended_since(_GENRES, versions[_GENRES])
    if new is None or genres is None or not genres.join(new, on=TRACK_ID, how="left_anti").isEmpty():
        return None
    rows = [row.asDict() for row in tables.read(_STATS).collect()]  # features x groups
    stored = moments_of(rows, columns=AUDIO12)
    if new.isEmpty():
        return Fitted(stored, n_new=0)
    found = _moments(new.select(TRACK_ID, *AUDIO12), tables.read(_GENRES))
    return Fitted(merge_groups(stored, found), n_new=found[ALL][0].n + found[ALL][0].n_null)


def _outcome(context: Context, fitted: Fitted) -> Outcome:
    features = dict(zip(AUDIO12, fitted.moments[ALL], strict=True))
    rows = features[AUDIO12[0]].n + features[AUDIO12[0]].n_null
    absent = [name for name, m in features.items() if not m.n]
    constant = [name for name, m in features.items() if m.is_constant]
    groups = len(fitted.moments) - 1
    context.run.metrics({"rows": rows, "groups": groups, "constant_features": len(constant)})
    warnings = [f"no {name} column: its z and range are null" for name in absent]
    warnings += [f"{name} is constant: its z and range are 0" for name in constant]
    detail = f"{len(AUDIO12) - len(absent)} features, {groups} groups"
    if fitted.n_new is not None:
        detail += f"; moments of {fitted.n_new:,} new tracks merged with the stored ones"
    return Outcome(read=rows, kept=rows, detail=detail, warnings=tuple(warnings))


JOB = Job(
    name="normalise_features",
    summary="z-scores, then ranges on [-1, 1], over everything and per genre group",
    run=run,
    reads=(_TRACKS, _GENRES),
)
