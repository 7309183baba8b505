"""The artist-clustered bootstrap."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import stats
from scipy.sparse import csr_array
from sklearn.metrics import (
    balanced_accuracy_score,
    f1_score,
    log_loss,
    precision_score,
    recall_score,
    roc_auc_score,
)

from spark_app.classify.evaluation import bootstrap
from spark_app.classify.evaluation.bootstrap import interval, resampled_sums
from spark_app.classify.evaluation.one_class import class_draws, one_class
from spark_app.classify.evaluation.whole import Predictions
from spark_app.classify.evaluation.whole import bootstrap as draws_of
from tests.classify.evaluation.predictions import LABELS, random_predictions


def test_each_draw_equals_scikit_learn_on_the_rows_of_the_drawn_units():
    label, probability = random_predictions(90)
    given, unit = probability.argmax(axis=1), np.arange(90) % 12
    loss = -np.log(np.clip(probability[np.arange(90), label], np.finfo(float).eps, 1))
    brier = ((probability - np.eye(5)[label]) ** 2).sum(axis=1)
    in_top = (probability > probability[np.arange(90), label][:, None]).sum(axis=1) < 3
    rows = Predictions(unit, label, given, probability.max(axis=1), loss, brier, in_top)

    draws = draws_of(rows, labels=LABELS, resamples=20, seed=5)

    rng = np.random.default_rng(5)
    for i in range(20):
        # The tracks of each drawn unit, as often as it was drawn.
        drawn = np.concatenate([np.flatnonzero(unit == u) for u in rng.integers(0, 12, 12)])
        y, z = label[drawn], given[drawn]
        assert draws["accuracy", "all"][i] == pytest.approx((y == z).mean(), abs=1e-12)
        macro = f1_score(y, z, labels=range(5), average="macro", zero_division=0)
        assert draws["macro_f1", "all"][i] == pytest.approx(macro, abs=1e-12)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # predicted labels without true rows
            balanced = balanced_accuracy_score(y, z)
        assert draws["balanced_accuracy", "all"][i] == pytest.approx(balanced, abs=1e-12)
        assert draws["log_loss", "all"][i] == pytest.approx(log_loss(y, probability[drawn], labels=range(5)), abs=1e-9)
        rock = f1_score(y, z, labels=[3], average="macro", zero_division=0)
        assert draws["f1", "rock"][i] == pytest.approx(rock, abs=1e-12)
        for name, score in (("precision", precision_score), ("recall", recall_score)):
            rock = score(y, z, labels=[3], average="macro", zero_division=0)
            assert draws[name, "rock"][i] == pytest.approx(rock, abs=1e-12)
        assert draws["brier", "all"][i] == pytest.approx(brier[drawn].mean(), abs=1e-12)
        assert draws["top_3_accuracy", "all"][i] == pytest.approx(in_top[drawn].mean(), abs=1e-12)


def clustered(n=3000, units=300, seed=0):
    """Scores of a class that carry signal, hits that artists share, and the artist of each row."""
    rng = np.random.default_rng(seed)
    unit = rng.integers(0, units, n)
    known, hidden = rng.normal(size=(2, units))[:, unit]
    hits = rng.random(n) < 1 / (1 + np.exp(-2 * known - 2 * hidden))
    return np.round(known + rng.normal(size=n), 1), hits, unit  # rounded: with ties


def test_intervals_of_an_area_are_those_of_drawing_whole_units_and_scoring_anew():
    scores, hits, unit = clustered()
    found = interval(class_draws(scores, hits, unit, resamples=2000, seed=1)["auc"])
    rng, draws = np.random.default_rng(9), []
    members = [np.flatnonzero(unit == u) for u in range(300)]
    for _ in range(500):
        drawn = np.concatenate([members[u] for u in rng.integers(0, 300, 300)])
        draws.append(roc_auc_score(hits[drawn], scores[drawn]))
    assert found == pytest.approx(np.percentile(draws, [2.5, 97.5]), abs=0.006)
    alone = interval(class_draws(scores, hits, np.arange(3000), resamples=2000, seed=1)["auc"])
    assert found[1] - found[0] > 1.2 * (alone[1] - alone[0])  # rows of an artist are not independent
    assert "auc" not in class_draws(scores, hits | True, unit, resamples=10, seed=1)


def test_the_interval_of_a_calibration_error_holds_the_error_and_nearly_always_that_of_all_rows():
    # The model says 0.1 too much everywhere: its true error is 0.1.
    held = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        scores = rng.uniform(0.2, 0.9, 1500)
        hits = rng.random(1500) < scores - 0.1
        low, high = interval(class_draws(scores, hits, np.arange(1500), resamples=300, seed=seed)["ece"])
        value = one_class(scores, hits)[0]["ece"]
        assert low <= value <= high
        held += low <= 0.1 <= high
    assert held >= 34  # 38 of 40 in the long run; the error of so few rows lies a little high


def test_one_unit_has_an_interval_of_no_width_and_clusters_widen_it():
    n, rng = 400, np.random.default_rng(0)
    hits = np.repeat(rng.random(20) < 0.5, 20)  # an artist is got right as a whole or not at all
    zeros = np.zeros(n, dtype=int)

    def accuracy(unit):
        rows = Predictions(unit, zeros, np.where(hits, 0, 1), hits * 1.0, zeros * 1.0, zeros * 1.0, hits)
        low, high = interval(draws_of(rows, labels=LABELS, resamples=1000, seed=1)["accuracy", "all"])
        return high - low

    assert accuracy(zeros) == 0.0
    # Binomial standard errors for 20 and for 400 independent draws of the same share.
    share = hits.mean()
    width = {units: 2 * stats.norm.ppf(0.975) * np.sqrt(share * (1 - share) / units) for units in (20, 400)}
    assert accuracy(np.arange(n) // 20) == pytest.approx(width[20], rel=0.15)
    assert accuracy(np.arange(n)) == pytest.approx(width[400], rel=0.15)


def test_the_draws_do_not_depend_on_how_many_are_held_at_once(monkeypatch):
    sums = csr_array(np.arange(12.0).reshape(6, 2))
    whole = resampled_sums(sums, resamples=30, seed=9)
    monkeypatch.setattr(bootstrap, "_CELLS", 40)
    assert resampled_sums(sums, resamples=30, seed=9).tolist() == whole.tolist()
    assert resampled_sums(sums, resamples=30, seed=8).tolist() != whole.tolist()
