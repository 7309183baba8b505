"""The job that trains classifiers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spark_app.errors import DataError, SkipStep, UsageError
from spark_app.jobs import make_splits, train_genre_classifiers
from spark_app.schemas import TABLES
from tests.jobs import catalogue

SMALL = (
    "classify.forest.trees=60",
    "classify.forest.depth=4",
    "classify.forest.min_rows=1",
    "classify.logistic.iterations=10",
)


class Notes:
    """Stands in for an MLflow run."""

    def __init__(self):
        self.figures, self.models, self.values = [], [], {}

    def params(self, values):
        self.values.update(values)

    metrics = params

    def figure(self, figure, name):
        self.figures.append((name, len(figure.axes)))

    def spark_model(self, model, name, example):
        self.models.append((name, example.columns, model))


def prepared(context, rows):
    catalogue.write(context, rows)
    make_splits.run(context)
    return context


def metrics_of(context):
    rows = context.tables.read("models.genre_metrics").collect()
    return {(r.model, r.fold, r.genre, r.metric): r for r in rows}


def test_trains_both_models_on_a_fold_and_writes_metrics_figures_and_models(make_context):
    context = replace(prepared(make_context(*SMALL), catalogue.curated()), run=Notes())

    outcome = train_genre_classifiers.run(context)

    found = metrics_of(context)
    assert {key[0] for key in found} == {"majority", "random_forest", "logistic_regression"}
    assert {key[2] for key in found} == {"all", "punk", "bebop", "grime"}  # auto: the tracks carry genres
    assert found["random_forest", 0, "all", "accuracy"].value > 0.9  # the genres lie apart in energy
    assert found["logistic_regression", 0, "all", "accuracy"].value > 0.9
    assert found["majority", 0, "all", "accuracy"].value < 0.7
    n_test = context.tables.read("models.splits").where("fold = 0").count()
    assert found["random_forest", 0, "all", "accuracy"].n == n_test
    assert sum(found["majority", 0, genre, "support"].n for genre in catalogue.GROUPS) == n_test
    assert context.run.figures == [("confusion_random_forest_fold_0", 2), ("confusion_logistic_regression_fold_0", 2)]
    assert [name for name, _, _ in context.run.models] == ["random_forest", "logistic_regression"]
    assert outcome.detail.startswith("forest of 60 trees of depth 4, fold 0; 3 genres, accuracy: majority 0.")
    assert (outcome.read, outcome.kept, outcome.status) == (120, 120, "OK")

    first = {key: (row.value, row.n) for key, row in found.items()}
    tracks = context.tables.read("curated.tracks").repartition(3).localCheckpoint()
    context.tables.write("curated.tracks", tracks)
    train_genre_classifiers.run(context)
    assert {key: (row.value, row.n) for key, row in metrics_of(context).items()} == first


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
    folds = {row.track_id: row.fold for row in context.tables.read("models.splits").collect()}
    apart = next((a, b) for a in folds for b in folds if folds[a] != folds[b])

    catalogue.write(context, rows, twins=[(track, "g") for track in apart])
    with pytest.raises(DataError, match="the splits leak: 1 near-twin groups"):
        train_genre_classifiers.run(context)

    catalogue.write(context, [*rows, {**rows[0], "track_id": "new"}])
    with pytest.raises(DataError, match="1 tracks stand in no split"):
        train_genre_classifiers.run(context)
