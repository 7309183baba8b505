"""Linear support vector machines."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier
from sklearn.svm import LinearSVC

from spark_app.classify.linear import LinearMarginModel
from spark_app.classify.svm import HINGE, LEAST_SQUARES, LOSSES, SQUARED_HINGE, LinearSvm
from spark_app.errors import DataError, UsageError
from tests.classify.clouds import arrays, frame, predictions, probabilities


@pytest.mark.parametrize("cost", [0.1, 10.0])
def test_least_squares_are_scikit_learns_ridge_classifier_with_weights(spark, cost):
    values, labels = arrays(spread=2)
    weights = 1 + labels / 2
    reference = RidgeClassifier(alpha=1 / cost, tol=1e-12).fit(values, labels, sample_weight=weights)
    rows = frame(spark, values, labels, weights).repartition(3)
    model = LinearSvm(loss=LEAST_SQUARES, cost=cost, weightCol="weight").fit(rows)
    assert model.arrays["coefficients"] == pytest.approx(reference.coef_, abs=1e-9)
    assert model.arrays["intercepts"] == pytest.approx(reference.intercept_, abs=1e-9)


@pytest.mark.parametrize("cost", [0.1, 10.0])
def test_the_squared_hinge_finds_liblinears_optimum_with_weights(spark, cost):
    values, labels = arrays(spread=2)
    weights = 1 + labels / 2
    reference = LinearSVC(C=cost, dual=False, tol=1e-10, max_iter=10_000).fit(values, labels, sample_weight=weights)
    rows = frame(spark, values, labels, weights).repartition(3)
    model = LinearSvm(loss=SQUARED_HINGE, cost=cost, weightCol="weight").fit(rows)
    assert model.arrays["coefficients"] == pytest.approx(reference.coef_, abs=1e-5)
    assert model.arrays["intercepts"] == pytest.approx(reference.intercept_, abs=1e-5)


def test_the_hinge_agrees_with_liblinear(spark):
    values, labels = arrays(rows=60, labels=(0, 1), spread=1)
    reference = LinearSVC(loss="hinge", C=1.0, intercept_scaling=10, max_iter=500_000).fit(values, labels)
    rows = frame(spark, values, labels)
    model = LinearSvm(loss=HINGE, cost=1.0, iterations=15).fit(rows)
    # OWL-QN stops near the optimum of a loss with corners: the answers agree, not the digits.
    assert (predictions(model, rows) == reference.predict(values)).mean() >= 0.97


@pytest.mark.parametrize("loss", LOSSES)
def test_labels_without_rows_get_next_to_no_probability(spark, loss):
    rows = frame(spark, *arrays(labels=(0, 2)))
    found = probabilities(LinearSvm(loss=loss, nLabels=4, iterations=20).fit(rows), rows)
    assert found.shape == (120, 4)
    assert found[:, [1, 3]].max() < 1e-30
    assert found.sum(axis=1) == pytest.approx(1, abs=1e-12)
    assert found.argmax(axis=1).tolist() == [0, 2] * 60


@pytest.mark.parametrize("loss", LOSSES)
def test_a_constant_feature_and_a_single_label_train(spark, loss):
    rows = frame(spark, np.array([[1.0, 0.0], [2.0, 0.0]]), [1, 1])
    found = probabilities(LinearSvm(loss=loss).fit(rows), rows)
    assert found.argmax(axis=1).tolist() == [1, 1]


def test_another_loss_and_no_row_are_errors(spark):
    rows = frame(spark, *arrays())
    with pytest.raises(UsageError, match="there is no loss huber"):
        LinearSvm(loss="huber").fit(rows)
    with pytest.raises(DataError, match="no row to train on"):
        LinearSvm().fit(rows.where("false"))


def test_a_reloaded_model_gives_the_same_output(spark, tmp_path):
    rows = frame(spark, *arrays())
    model = LinearSvm().fit(rows)
    model.save(str(tmp_path / "model"))
    again = LinearMarginModel.load(str(tmp_path / "model"))
    assert again.transform(rows).collect() == model.transform(rows).collect()
