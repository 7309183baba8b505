"""features -> results: summaries, correlations and densities of the audio features, overall and per genre group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyspark import StorageLevel
from pyspark.sql import functions as F

from spark_app.columns import ALL, AUDIO12, TRACK_ID
from spark_app.curate.membership import group_members
from spark_app.errors import SkipStep
from spark_app.explore.correlation import correlations, mid_ranks, pair_sums
from spark_app.explore.counting import Plan, count_cells, with_flags
from spark_app.explore.grid import make_grid
from spark_app.explore.summary import densities, summaries
from spark_app.features.samples import hashed_sample
from spark_app.features.stats import moments_of
from spark_app.jobs.base import Context, Job, Outcome
from spark_app.report.exploration import correlation_figure, density_figure
from spark_app.schemas import TABLES

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import DataFrame


def run(context: Context) -> Outcome:
    """Count the tracks on a grid of values, then derive the tables from the counts.

    The number of Spark jobs depends neither on the features nor on the genres: a sample chooses the grid, one pass
    counts, one sums up the pairs.
    """
    tables = context.tables
    stats = tables.read("features.audio_stats")
    rows = [row.asDict() for row in stats.collect()]  # features x groups
    if not rows:
        raise SkipStep("no tracks")
    tracks = tables.read("features.audio").select(TRACK_ID, *AUDIO12)
    plan = _plan(context, tracks, rows)
    members = group_members(tracks, tables.read("curated.track_genres"))
    flagged = with_flags(tracks, members, features=AUDIO12, groups=plan.groups).drop(TRACK_ID)
    cells = count_cells(flagged, plan=plan).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        tables.write("results.feature_summary", summaries(cells, stats, plan=plan))
        tables.write("results.feature_density", densities(cells, plan=plan))
        # Cells of the group `all`: at most twice the marks of each feature.
        overall = cells.where(F.col("group") == plan.groups.index(ALL)).toPandas()
    finally:
        cells.unpersist()
    pairs = _correlations(context, tracks, plan, overall)
    _figures(context, plan, pairs)
    return _outcome(context, plan, pairs)


def _plan(context: Context, tracks: DataFrame, stats: list[dict[str, Any]]) -> Plan:
    explore, moments = context.settings.explore, moments_of(stats, columns=AUDIO12)
    sampled = hashed_sample(tracks, key=TRACK_ID, rows=explore.sample_rows, seed=context.settings.run.seed)
    sample: pd.DataFrame = sampled.toPandas()  # explore.sample_rows rows
    grids = [
        make_grid(
            sample[name].to_numpy(float), low=m.minimum, high=m.maximum, points=explore.grid_points, bins=explore.bins
        )
        for name, m in zip(AUDIO12, moments[ALL], strict=True)
    ]
    return Plan.of(AUDIO12, grids, moments)


def _correlations(context: Context, tracks: DataFrame, plan: Plan, overall: pd.DataFrame) -> list[dict[str, Any]]:
    sums = pair_sums(tracks, plan=plan, ranks=mid_ranks(overall, plan=plan)).collect()  # a row per pair of features
    pairs = correlations([row.asDict() for row in sums], plan=plan, redundant_at=context.settings.explore.redundant_at)
    schema = TABLES["results.feature_correlation"]
    context.tables.write_rows(schema.name, [[pair[name] for name in schema.columns] for pair in pairs])
    return pairs


def _figures(context: Context, plan: Plan, pairs: list[dict[str, Any]]) -> None:
    redundant_at = context.settings.explore.redundant_at
    context.run.figure("correlation", correlation_figure, pairs, features=plan.features, redundant_at=redundant_at)
    density = context.tables.read("results.feature_density").toPandas()  # features x groups x bins
    summary = context.tables.read("results.feature_summary").toPandas()  # features x groups
    context.run.figure("densities", density_figure, density, summary, features=plan.features)


def _outcome(context: Context, plan: Plan, pairs: list[dict[str, Any]]) -> Outcome:
    first = plan.moments[ALL][0]
    rows, redundant = first.n + first.n_null, [pair for pair in pairs if pair["is_redundant"]]
    absent = [name for name, m in zip(AUDIO12, plan.moments[ALL], strict=True) if not m.n]
    context.run.metrics({"rows": rows, "redundant_pairs": len(redundant)})
    named = ", ".join(f"{pair['feature_a']} and {pair['feature_b']}" for pair in redundant)
    detail = f"{len(AUDIO12) - len(absent)} features, {len(plan.groups) - 1} groups; " + (
        f"redundant: {named}" if redundant else "no redundant pair"
    )
    warnings = tuple(f"no {name} column: nothing to explore" for name in absent)
    return Outcome(read=rows, kept=rows, detail=detail, warnings=warnings)


JOB = Job(
    name="explore_features",
    summary="summaries, correlations and densities of the features, overall and per genre group",
    run=run,
    reads=("features.audio", "features.audio_stats", "curated.track_genres"),
)
