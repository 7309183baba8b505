"""Comparisons of two models."""

from __future__ import annotations

import numpy as np
import pytest

from spark_app.classify import compare
from spark_app.classify.evaluation.metrics import Evaluation, Metric
from tests.classify.evaluation.predictions import PLAN, evaluated, frame, random_predictions


def made_up(value, draws, genre="all"):
    metrics = (Metric(genre, "f1", value, 10),)
    return Evaluation(metrics, np.zeros((1, 1)), {}, {("f1", genre): np.array(draws)})


def test_the_difference_is_the_mean_over_folds_and_its_interval_that_of_paired_draws():
    a = [made_up(0.6, [0.5, 0.7, 0.6]), made_up(0.8, [0.9, 0.7, 0.8])]
    b = [made_up(0.5, [0.5, 0.5, 0.5]), made_up(0.5, [0.5, 0.6, 0.5])]
    found = compare.difference(a, b, metric="f1")
    # By hand: (0.1 + 0.3) / 2; paired draws 0.2, 0.15, 0.2; none reaches 0, so p = 2 * 1 / 4.
    assert found.value == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((0.1525, 0.2))
    assert found.p == found.p_holm == 0.5


def test_a_model_does_not_differ_from_itself_and_a_better_one_does(spark):
    label, probability = random_predictions(300)
    better = probability + np.eye(5)[label] * 0.3
    sets = frame(spark, label, probability, part="a").unionByName(frame(spark, label, better / 1.3, part="b"))
    found = evaluated(sets)
    a, b = [found["a",]], [found["b",]]
    assert compare.difference(a, a, metric="macro_f1").p == 1.0
    gain = compare.difference(b, a, metric="accuracy")
    assert 0 < gain.low < gain.value < gain.high
    assert gain.p == pytest.approx(2 / (PLAN.resamples + 1))


def test_every_pair_is_compared_overall_and_by_genre_and_corrected_within_each_family():
    def fold(**draws):
        of = {("f1", genre): np.array(values) for genre, values in draws.items()}
        return [Evaluation((), np.zeros((1, 1)), {}, of | {("macro_f1", "all"): np.mean(list(of.values()), axis=0)})]

    zeros = {"x": [0.0] * 9, "y": [0.0] * 9}
    folds = {"a": fold(x=[1.0] * 9, y=[1.0] * 8 + [-1.0]), "b": fold(**zeros), "c": fold(**zeros)}
    found = compare.every_pair(folds, metric="macro_f1", genres=["x", "y"])
    assert list(found) == [("a", "b"), ("a", "c"), ("b", "c")]
    overall = [of[0] for of in found.values()]
    assert [one.genre for one in overall] == ["all"] * 3
    # One draw of nine is exactly 0: 2 * (1 + 1) / 10 for the first two; three pairs are tested together.
    assert [one.p for one in overall] == pytest.approx([0.4, 0.4, 1.0])
    assert [one.p_holm for one in overall] == pytest.approx([1.0, 1.0, 1.0])
    by_genre = found["a", "b"][1:]
    assert [(one.genre, one.metric) for one in by_genre] == [("x", "f1"), ("y", "f1")]
    assert [one.p for one in by_genre] == pytest.approx([0.2, 0.4])  # 2 * (0 + 1) / 10 and 2 * (1 + 1) / 10
    assert [one.p_holm for one in by_genre] == pytest.approx([0.4, 0.4])
