"""The artist-clustered bootstrap."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import stats
from scipy.sparse import csr_array
from sklearn.metrics import balanced_accuracy_score, f1_score, log_loss

from spark_app.classify.evaluation import bootstrap
from spark_app.classify.evaluation.bootstrap import interval, resampled_sums
from spark_app.classify.evaluation.whole import Predictions
from spark_app.classify.evaluation.whole import bootstrap as draws_of
from tests.classify.evaluation.predictions import LABELS, random_predictions


def test_each_draw_equals_scikit_learn_on_the_rows_of_the_drawn_units():
    label, probability = random_predictions(90)
    given, unit = probability.argmax(axis=1), np.arange(90) % 12
    loss = -np.log(np.clip(probability[np.arange(90), label], np.finfo(float).eps, 1))
    rows = Predictions(unit, label, given, probability.max(axis=1), loss, loss, loss > 0)

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
