"""curated -> features: z-scores and ranges over the whole catalogue and within each genre group."""

from __future__ import annotations

from typing import Any

from pyspark.sql import DataFrame

from spark_app.columns import ALL, AUDIO12, GENRE_GROUP, TRACK_ID
from spark_app.curate.membership import group_members
from spark_app.errors import SkipStep
from spark_app.features.moments import GroupMoments
from spark_app.features.scaling import FeatureScaler
from spark_app.features.stats import stats_rows
from spark_app.jobs.base import Context, Job, Outcome
from spark_app.schemas import TABLES


def run(context: Context) -> Outcome:
    """Fit both scalers, write the scaled features and their statistics."""
    tables = context.tables
    tracks = tables.read("curated.tracks").select(TRACK_ID, *AUDIO12)
    if tracks.isEmpty():
        raise SkipStep("no tracks")
    members = group_members(tracks, tables.read("curated.track_genres"))
    grouped = members.join(tracks, on=TRACK_ID, how="inner")
    overall = FeatureScaler(inputCols=list(AUDIO12)).fit(tracks)
    by_group = FeatureScaler(inputCols=list(AUDIO12), groupCol=GENRE_GROUP).fit(grouped)
    tables.write("features.audio", overall.transform(tracks))
    tables.write("features.audio_by_group", by_group.transform(grouped).drop(*AUDIO12))
    moments = {**overall.moments, **by_group.moments}
    tables.write("features.audio_stats", _stats_frame(context, moments))
    return _outcome(context, moments)


def _stats_frame(context: Context, moments: GroupMoments) -> DataFrame:
    schema = TABLES["features.audio_stats"]
    rows: list[dict[str, Any]] = stats_rows(moments, columns=AUDIO12)
    return context.spark.createDataFrame([tuple(row[name] for name in schema.columns) for row in rows], schema.struct)


def _outcome(context: Context, moments: GroupMoments) -> Outcome:
    features = dict(zip(AUDIO12, moments[ALL], strict=True))
    rows = features[AUDIO12[0]].n + features[AUDIO12[0]].n_null
    absent = [name for name, m in features.items() if not m.n]
    constant = [name for name, m in features.items() if m.is_constant]
    context.run.metrics({"rows": rows, "groups": len(moments) - 1, "constant_features": len(constant)})
    warnings = [f"no {name} column: its z and range are null" for name in absent]
    warnings += [f"{name} is constant: its z and range are 0" for name in constant]
    detail = f"{len(AUDIO12) - len(absent)} features, {len(moments) - 1} groups"
    return Outcome(read=rows, kept=rows, detail=detail, warnings=tuple(warnings))


JOB = Job(
    name="normalise_features",
    summary="z-scores, then ranges on [-1, 1], over everything and per genre group",
    run=run,
    reads=("curated.tracks", "curated.track_genres"),
)
