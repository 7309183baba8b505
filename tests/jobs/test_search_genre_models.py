"""The job that searches hyper-parameters."""

from __future__ import annotations

import pytest

from spark_app.errors import UsageError
from spark_app.jobs import make_splits, search_genre_models
from spark_app.jobs.search_genre_models import trials_of
from spark_app.settings import load_settings
from tests.jobs import catalogue

OPTIONS = (
    "classify.search.model=decision_tree",
    "classify.search.grid=['tree.depth=1,4']",
    "classify.search.margin=0.05",
    "classify.search.parallelism=1",
)


def prepared(make_context, *options):
    context = catalogue.in_memory(make_context(*OPTIONS, *options))
    catalogue.write(context, catalogue.curated())
    make_splits.run(context)
    return context


def test_the_better_tree_wins_the_other_is_dropped_and_nothing_is_fitted_twice(make_context, monkeypatch):
    context = prepared(make_context)

    outcome = search_genre_models.run(context)

    fits = {(row.trial, row.fold): row.score for row in context.tables.read("models.search_fits").collect()}
    # A stump tells two of three genres apart, so it falls behind on the first fold.
    # Fold 0 is the one that classify.folds tests.
    assert fits.keys() == {("tree.depth=1", 1), *[("tree.depth=4", fold) for fold in range(1, 5)]}
    assert fits["tree.depth=1", 1] < 0.7 < fits["tree.depth=4", 1]
    assert outcome.detail.startswith("2 trials of the decision tree, 1 dropped early; best macro_f1 0.")
    assert outcome.detail.endswith(": --set classify.tree.depth=4")

    # A killed search: the last fit was never kept.
    kept = context.tables.read("models.search_fits").where("fold < 4").localCheckpoint()
    context.tables.write("models.search_fits", kept)
    fitted = []
    score = search_genre_models._Fits.score
    monkeypatch.setattr(
        search_genre_models._Fits,
        "score",
        lambda self, trial, fold: fitted.append((trial.name, fold)) or score(self, trial, fold),
    )
    again = search_genre_models.run(context)
    assert fitted == [("tree.depth=4", 4)]
    assert "; 4 fits kept from an earlier run: " in again.detail
    found = context.tables.read("models.search_fits").collect()
    assert {(row.trial, row.fold): row.score for row in found} == fits


def test_other_rows_or_settings_begin_anew(make_context):
    context = prepared(make_context, "classify.search.grid=['tree.depth=4']", "splits.folds=3")
    search_genre_models.run(context)
    first = {row.setup for row in context.tables.read("models.search_fits").collect()}
    catalogue.write(context, catalogue.curated(n=150))
    make_splits.run(context)
    outcome = search_genre_models.run(context)
    found = context.tables.read("models.search_fits").collect()
    assert "kept from an earlier run" not in outcome.detail
    assert len(found) == 2
    assert not {row.setup for row in found} & first


def test_what_the_tested_fold_holds_changes_nothing_and_some_folds_have_to_be_left(make_context):
    context = prepared(make_context, "classify.search.grid=['tree.depth=4']", "splits.folds=3", "classify.folds=[1]")
    search_genre_models.run(context)
    first = {row.fold: row.score for row in context.tables.read("models.search_fits").collect()}
    assert first.keys() == {0, 2}
    # The tracks of the tested fold are turned upside down.
    splits = context.tables.read("models.splits").where("fold = 1 and kind = 'artist'")
    tested = {row.track_id for row in splits.collect()}
    rows = catalogue.curated()
    for row in rows:
        if row["track_id"] in tested:
            row["energy"] = 1 - row["energy"]
    catalogue.write(context, rows)
    search_genre_models.run(context)
    assert {row.fold: row.score for row in context.tables.read("models.search_fits").collect()} == first

    context = prepared(make_context, "splits.folds=3", "classify.folds=[0, 1]")
    with pytest.raises(UsageError, match="leaves 1 of 3 folds to search on"):
        search_genre_models.run(context)


def test_a_trial_per_combination_named_after_its_values():
    classify = load_settings([], ["classify.search.grid=['depth=4,8', 'forest.min_rows=1']"]).classify
    trials = {trial.name: trial.setting for trial in trials_of(classify)}
    assert list(trials) == ["depth=4 forest.min_rows=1", "depth=8 forest.min_rows=1"]
    setting = trials["depth=8 forest.min_rows=1"]
    assert (setting.depth, setting.forest.min_rows, setting.trees) == (8, 1, classify.trees)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("depth", "'depth' is not setting=value,value"),
        ("dept=4", "there is no setting classify.dept"),
        ("forest=4", "there is no setting classify.forest"),
        ("forest.rows.x=4", "there is no setting classify.forest.rows.x"),
        ("depth=0", "greater than or equal to 1"),
    ],
)
def test_a_wrong_grid_is_a_usage_error(line, message):
    with pytest.raises(UsageError, match=message):
        trials_of(load_settings([], [f"classify.search.grid=['{line}']"]).classify)
