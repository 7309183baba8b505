"""The job that trains classifiers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from spark_app.errors import DataError, SkipStep, UsageError
from spark_app.jobs import genre_promotion, make_splits, train_genre_classifiers
from spark_app.schemas import TABLES
from tests.jobs import catalogue

SMALL = (
    "classify.trees=60",
    "classify.depth=4",
    "classify.forest.min_rows=1",
    "classify.logistic.iterations=10",
    "classify.resamples=100",
    "classify.multilabel=false",
    "classify.champion.max_ece=0.2",  # logistic regression is too sure of genres that lie so far apart
)


class Notes:
    """Stands in for an MLflow run."""

    def __init__(self):
        self.figures, self.models, self.values, self.champions = [], [], {}, []

    def params(self, values):
        self.values.update(values)

    metrics = params

    def figure(self, name, draw, *args, **kwargs):
        self.figures.append((name, len(draw(*args, **kwargs).axes)))

    def champion(self, name, registered, tags):
        self.champions.append((name, registered, set(tags)))

    def spark_model(self, model, name, example):
        self.models.append((name, example.columns, model))


def prepared(context, rows):
    catalogue.write(context, rows)
    make_splits.run(context)
    return context


def metrics_of(context):
    rows = context.tables.read("models.genre_metrics").collect()
    assert len(rows) == len({(r.model, r.split_kind, r.fold, r.genre, r.metric) for r in rows})
    return {(r.model, r.fold, r.genre, r.metric): r for r in rows if r.split_kind == "artist"}


def test_trains_both_models_on_a_fold_and_writes_metrics_figures_and_models(make_context, monkeypatch):
    context = replace(prepared(make_context(*SMALL), catalogue.curated()), run=Notes())

    outcome = train_genre_classifiers.run(context)

    found = metrics_of(context)
    models = {"random_forest", "logistic_regression"}
    assert {key[0] for key in found} == models | {"majority", "stratified_random", "artist_prior"}
    assert {key[2] for key in found} == {"all", "punk", "bebop", "grime"}  # auto: the tracks carry genres
    assert found["random_forest", 0, "all", "accuracy"].value > 0.9  # the genres lie apart in energy
    assert found["logistic_regression", 0, "all", "accuracy"].value > 0.9
    assert found["majority", 0, "all", "accuracy"].value < 0.7
    n_test = context.tables.read("models.splits").where("fold = 0 and kind = 'artist'").count()
    assert found["random_forest", 0, "all", "accuracy"].n == n_test
    assert sum(found["majority", 0, genre, "support"].n for genre in catalogue.GROUPS) == n_test
    forest = found["random_forest", 0, "all", "macro_f1"]
    assert forest.low <= forest.value <= forest.high
    for name in ("ece", "macro_auc", "brier", "top_3_accuracy", "log_loss", "classwise_ece"):
        metric = found["random_forest", 0, "all", name]
        assert metric.low <= metric.value <= metric.high, name
    assert found["random_forest", 0, "all", "ece_by_chance"].low is None
    assert not any(row.uses_outcome for row in found.values())
    kinds = ("validation_accuracy", "log_loss_uncalibrated", "ece_uncalibrated", "macro_auc", "brier", "coverage")
    assert all((name, 0, "all", kind) in found for name in models for kind in kinds)
    compared = {row.genre: row for row in context.tables.read("models.genre_comparisons").collect()}
    assert compared.keys() == {"all", "punk", "bebop", "grime"}
    by_hand = (
        found["random_forest", 0, "all", "macro_f1"].value - found["logistic_regression", 0, "all", "macro_f1"].value
    )
    assert (compared["all"].model, compared["all"].other) == ("random_forest", "logistic_regression")
    assert compared["all"].difference == pytest.approx(by_hand)
    assert compared["all"].low <= by_hand <= compared["all"].high
    drawn = ("confusion", "reliability", "roc")
    assert {name for name, _ in context.run.figures} == {f"{kind}_{name}_artist_0" for kind in drawn for name in models}
    assert [name for name, _, _ in context.run.models] == [context.tables.read("models.champion").head().model]
    assert outcome.detail.startswith("forest of 60 trees of depth 4, fold 0; 3 genres, accuracy: majority 0.")
    assert "knowing the artist alone gives" in outcome.detail
    champion = context.tables.read("models.champion").collect()[0]
    assert outcome.detail.endswith(f"champion: {champion.model.replace('_', ' ')}")
    assert champion.labels == ["bebop", "grime", "punk"]
    assert context.run.champions == [(champion.model, "genre_classifier", {"sha256", "folder"})]
    assert (outcome.read, outcome.kept, outcome.status) == (120, 120, "OK")

    first = {key: (row.value, row.n) for key, row in found.items()}
    tracks = context.tables.read("curated.tracks").repartition(3).localCheckpoint()
    context.tables.write("curated.tracks", tracks)
    again = train_genre_classifiers.run(context)
    assert {key: (row.value, row.n) for key, row in metrics_of(context).items()} == first
    # No model is better than itself: the champion stays.
    assert "as before" in again.detail
    assert context.tables.read("models.champion").collect() == [champion]

    # A catalogue that has grown: the champion is measured again on it.
    catalogue.write(context, [*catalogue.curated(), *catalogue.curated(n=150)[120:]])
    make_splits.run(context)
    again, values = genre_promotion.measured_again, []
    monkeypatch.setattr(
        genre_promotion, "measured_again", lambda *args, **kwargs: values.append(again(*args, **kwargs)) or values[-1]
    )
    train_genre_classifiers.run(context)
    found = metrics_of(context)["random_forest", 0, "all", "macro_f1"]
    assert len(values) == 1
    assert found.n > champion.n_rows
    assert 0.9 < values[0] <= 1


def test_each_asked_fold_is_tested_on_groups_and_refused_and_unlabelled_tracks_stay_out(make_context):
    rows = catalogue.curated()
    rows[0]["training_allowed"] = False
    rows[1]["genre_group"] = "unknown"
    for row in rows:
        row["key"] = None
    context = prepared(
        catalogue.in_memory(make_context(*SMALL, "classify.target=group", "classify.folds=[0, 4]")), rows
    )

    outcome = train_genre_classifiers.run(context)

    found = metrics_of(context)
    assert {key[1] for key in found} == {0, 4}
    assert {key[2] for key in found} == {"all", "rock", "jazz", "hip hop"}
    assert outcome.read == 118
    assert outcome.warnings == (
        "no key column: trained without it",
        "1 tracks left out: their source does not allow training",
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"genre": None, "genre_group": "unknown"}, "no genres"),
        ({"genre": "punk"}, "a single genre"),
        ({"training_allowed": False}, "does not allow training"),
        (dict.fromkeys(TABLES["features.audio"].columns[1:13]), "no audio features"),
    ],
)
def test_nothing_to_learn_is_a_skipped_step(make_context, change, reason):
    rows = [{**row, **change} for row in catalogue.curated(n=60)]
    context = prepared(catalogue.in_memory(make_context(*SMALL)), rows)
    with pytest.raises(SkipStep, match=reason):
        train_genre_classifiers.run(context)


def test_a_fold_that_does_not_exist_is_a_usage_error(make_context):
    with pytest.raises(UsageError, match=r"classify.folds: \[5\] must name folds from 0 to 4"):
        train_genre_classifiers.run(make_context("classify.folds=[5]"))


def test_splits_that_leak_or_are_older_than_the_tracks_are_refused(make_context):
    rows = catalogue.curated()
    context = prepared(catalogue.in_memory(make_context(*SMALL)), rows)
    splits = context.tables.read("models.splits").where("kind = 'artist'").collect()
    folds = {row.track_id: row.fold for row in splits}
    apart = next((a, b) for a in folds for b in folds if folds[a] != folds[b])

    catalogue.write(context, rows, twins=[(track, "g") for track in apart])
    with pytest.raises(DataError, match="the splits leak: 1 near-twin groups"):
        train_genre_classifiers.run(context)

    catalogue.write(context, [*rows, {**rows[0], "track_id": "new"}])
    with pytest.raises(DataError, match="1 tracks stand in no split"):
        train_genre_classifiers.run(context)


def test_random_and_time_splits_are_trained_once_each_where_they_are_asked_for(make_context):
    rows = catalogue.curated()
    for i, row in enumerate(rows[:100]):
        row["release_date"] = date(2000, 1, 1) + timedelta(days=i)
    context = prepared(catalogue.in_memory(make_context(*SMALL, "classify.splits=[artist, random, time]")), rows)

    train_genre_classifiers.run(context)

    found = context.tables.read("models.genre_metrics").where("model = 'logistic_regression' and metric = 'accuracy'")
    n_test = {row.split_kind: row.n for row in found.collect()}
    by_fold = context.tables.read("models.splits").where("fold = 0").groupBy("kind").count().collect()
    assert n_test == {row["kind"]: row["count"] for row in by_fold}
    assert set(n_test) == {"artist", "random", "time"}


def test_sets_of_groups_are_measured_beside_the_single_genre(make_context):
    rows = catalogue.curated()
    context = catalogue.in_memory(make_context(*SMALL, "classify.multilabel=true", "classify.splits=[]"))
    punk = [(row["track_id"], "pop") for row in rows if row["genre"] == "punk"]
    groups = [(row["track_id"], row["genre_group"]) for row in rows]
    catalogue.write(context, rows, genres=[*groups, *punk])  # punk tracks are rock and pop
    make_splits.run(context)

    train_genre_classifiers.run(context)

    found = metrics_of(context)
    sets = {key[2:]: row for key, row in found.items() if key[0] == "multilabel_logistic"}
    assert sets["rock", "f1"].value == sets["pop", "f1"].value > 0.9  # the same tracks carry both
    assert sets["all", "mean_average_precision"].value > 0.6
    assert sets["all", "coverage_error"].value >= 1
    assert sets["pop", "support"].value == found["majority", 0, "punk", "support"].value
    area = sets["all", "macro_auc"]
    assert found["group_shares", 0, "all", "macro_auc"].value == 0.5
    assert area.low <= area.value <= area.high
    assert ("all", "classwise_ece_uncalibrated") in sets


def test_a_time_split_that_was_asked_for_and_does_not_exist_is_an_error(make_context):
    options = (*SMALL, "classify.splits=[time]")
    context = prepared(catalogue.in_memory(make_context(*options)), catalogue.curated())
    with pytest.raises(DataError, match="no labelled track stands in the time split"):
        train_genre_classifiers.run(context)


def test_labels_that_say_nothing_about_the_tracks_give_chance_and_no_champion(make_context):
    rows = catalogue.curated(n=300, per_artist=1)
    genres = [row["genre"] for row in rows]
    shuffled = np.random.default_rng(0).permutation(genres)
    for row, genre in zip(rows, shuffled, strict=True):
        row["genre"] = str(genre)
    context = prepared(catalogue.in_memory(make_context(*SMALL, "classify.folds=[0, 1]")), rows)

    outcome = train_genre_classifiers.run(context)

    found = metrics_of(context)
    for name in ("random_forest", "logistic_regression"):
        lows = [found[name, fold, "all", "balanced_accuracy"].low for fold in (0, 1)]
        highs = [found[name, fold, "all", "balanced_accuracy"].high for fold in (0, 1)]
        assert sum(lows) / 2 < 1 / 3 < sum(highs) / 2
    assert "champion: none" in outcome.detail
