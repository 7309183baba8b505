"""The job that finds what tells a genre from the rest."""

from __future__ import annotations

import pytest

from spark_app.errors import DataError, SkipStep
from spark_app.jobs import genre_predictors, make_splits, normalise_features
from tests.jobs import catalogue

FEW = "predictors.permutations=999"


def prepared(context, rows):
    catalogue.write(context, rows)
    normalise_features.run(context)
    make_splits.run(context)
    return context


def test_finds_the_planted_predictor_and_what_a_model_would_miss(make_context):
    context = prepared(catalogue.in_memory(make_context(FEW)), catalogue.curated(n=300))

    outcome = genre_predictors.run(context)

    rows = {(r.genre, r.feature): r for r in context.tables.read("results.genre_predictors").collect()}
    assert len(rows) == 3 * 12
    energy = rows["rock", "energy"]
    # Three equal genres around 0.2, 0.5 and 0.8: std sqrt(0.06) without the noise, 0.8 stands 0.45 above the rest.
    assert energy.importance_raw == pytest.approx(0.45 / 0.06**0.5, rel=0.02)
    assert (energy.p_value, energy.is_significant) == (0.001, True)
    assert energy.p_holm == pytest.approx(0.036)  # the smallest of 36 p-values
    assert energy.cohens_d > 3
    assert rows["jazz", "energy"].importance_raw < 0
    for genre in ("rock", "jazz", "hip hop"):
        shares = [row.importance_norm for (of, _), row in rows.items() if of == genre]
        assert sum(shares) == pytest.approx(1, abs=1e-12)
    assert sum(row.is_significant for row in rows.values() if row.feature != "energy") <= 1

    ablation = {row.feature: row for row in context.tables.read("results.feature_ablation").collect()}
    assert len(ablation) == 13
    assert ablation["none"].accuracy > 0.95
    assert ablation["none"].accuracy_change == 0
    assert ablation["energy"].accuracy_change < -0.4  # chance is left
    assert abs(ablation["tempo"].accuracy_change) < 0.05
    assert ablation["none"].n_train + ablation["none"].n_valid < 300  # the fold that tests is not looked at
    assert "without energy" in outcome.detail
    assert (outcome.read, outcome.status) == (300, "OK")


def test_a_source_that_forbids_training_has_importances_and_no_ablation(make_context):
    rows = [{**row, "training_allowed": False} for row in catalogue.curated(n=150)]
    context = prepared(catalogue.in_memory(make_context(FEW)), rows)

    outcome = genre_predictors.run(context)

    assert context.tables.read("results.genre_predictors").count() == 36
    assert context.tables.read("results.feature_ablation").count() == 0
    assert outcome.warnings == ("no ablation: no genres to train on",)


def test_splits_that_are_older_than_the_tracks_are_refused(make_context):
    context = prepared(catalogue.in_memory(make_context(FEW)), catalogue.curated(n=150))
    catalogue.write(context, catalogue.curated(n=160))
    with pytest.raises(DataError, match="no split"):
        genre_predictors.run(context)


def test_splits_that_leak_are_refused(make_context):
    rows = catalogue.curated(n=150)
    context = prepared(catalogue.in_memory(make_context(FEW)), rows)
    folds = {row.track_id: row.fold for row in context.tables.read("models.splits").where("kind = 'artist'").collect()}
    apart = next((a, b) for a in folds for b in folds if folds[a] != folds[b])
    catalogue.write(context, rows, twins=[(track, "g") for track in apart])
    with pytest.raises(DataError, match="the splits leak: 1 near-twin groups"):
        genre_predictors.run(context)


def test_a_catalogue_without_genres_is_a_skipped_step(make_context):
    context = catalogue.in_memory(make_context())
    catalogue.write(context, [{**row, "genre": None, "genre_group": "unknown"} for row in catalogue.curated(n=20)])
    normalise_features.run(context)
    with pytest.raises(SkipStep, match="no genres"):
        genre_predictors.run(context)
