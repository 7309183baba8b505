"""The job that explores features."""

from __future__ import annotations

import pytest

from spark_app.columns import AUDIO12
from spark_app.errors import SkipStep
from spark_app.jobs import explore_features, normalise_features
from tests.jobs import catalogue


def test_writes_summaries_densities_and_correlations(make_context):
    context = catalogue.in_memory(make_context("explore.bins=8"))
    rows = catalogue.curated(n=90)
    for row in rows:
        row["loudness"] = -60 * row["energy"]  # as redundant as can be
        row["key"] = None
    catalogue.write(context, rows)
    normalise_features.run(context)

    outcome = explore_features.run(context)

    summary = context.tables.read("results.feature_summary").toPandas().set_index(["feature", "genre"])
    assert len(summary) == 12 * 4
    # The catalogue plants the energy of rock at 0.8, of jazz at 0.2.
    assert summary.loc["energy", "rock"]["median"] == pytest.approx(0.8, abs=0.02)
    assert summary.loc["energy", "jazz"]["median"] == pytest.approx(0.2, abs=0.02)
    assert summary.loc["energy", "all"]["n"] == 90
    pairs = context.tables.read("results.feature_correlation").where("is_redundant").collect()
    assert [(pair.feature_a, pair.feature_b, round(pair.pearson, 9)) for pair in pairs] == [("energy", "loudness", -1)]
    density = context.tables.read("results.feature_density").where("genre = 'rock'").groupBy("feature").sum("n")
    assert {row.feature: row["sum(n)"] for row in density.collect()}["energy"] == 30
    assert (outcome.read, outcome.detail) == (90, "11 features, 3 groups; redundant: energy and loudness")
    assert outcome.warnings == ("no key column: nothing to explore",)


def test_no_tracks_is_a_skipped_step(make_context):
    context = catalogue.in_memory(make_context())
    catalogue.write(context, [])
    catalogue.write_empty(context, "features.audio", "features.audio_stats")
    with pytest.raises(SkipStep, match="no tracks"):
        explore_features.run(context)


def test_as_many_spark_jobs_for_two_features_and_two_genres_as_for_all(make_context):
    context = catalogue.in_memory(make_context("explore.bins=8"))

    def jobs(features, n_groups):
        rows = catalogue.curated(n=90)
        for i, row in enumerate(rows):
            row.update({name: None for name in AUDIO12 if name not in features}, genre_group=f"group {i % n_groups}")
        catalogue.write(context, rows)
        normalise_features.run(context)
        group = f"{len(features)} features"
        context.spark.sparkContext.setJobGroup(group, group)
        try:
            explore_features.run(context)
        finally:
            context.spark.sparkContext.setJobGroup("tests", "tests")
        return len(context.spark.sparkContext.statusTracker().getJobIdsForGroup(group))

    few, all_of_them = jobs(("energy", "valence"), 2), jobs(AUDIO12, 10)
    assert 0 < few == all_of_them
