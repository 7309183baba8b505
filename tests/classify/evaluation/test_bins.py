"""Calibration errors."""

from __future__ import annotations

import numpy as np
import pytest

from spark_app.classify.evaluation.bins import calibration_error, error_by_chance, reliability


def test_equal_scores_share_a_bin_and_the_error_is_the_weighted_gap():
    scores, hits = np.array([0.1] * 4 + [0.9] * 6), np.array([0, 0, 0, 1] + [1] * 6, dtype=float)
    bins = reliability(scores, hits)
    assert bins == pytest.approx(np.array([[0.1, 0.9], [0.25, 1.0], [4, 6]]))
    assert calibration_error(bins) == pytest.approx(0.4 * 0.15 + 0.6 * 0.1)  # by hand


def test_the_error_by_chance_is_the_mean_error_of_simulated_perfect_models():
    rng = np.random.default_rng(0)
    for n in (300, 6000):
        scores = np.sort(rng.uniform(0.3, 0.9, n))
        errors = [calibration_error(reliability(scores, (rng.random(n) < scores) * 1.0)) for _ in range(300)]
        bins = reliability(scores, np.zeros(n))
        assert error_by_chance(bins) == pytest.approx(np.mean(errors), rel=0.05)


def test_certain_answers_have_no_error_by_chance():
    assert error_by_chance(reliability(np.ones(3), np.ones(3))) == 0.0
