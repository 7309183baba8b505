"""Linear margins, and logistic regression one-vs-rest."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from spark_app.classify.linear import SIGMOID, SOFTMAX, LinearMarginModel, OneVsRestLogistic
from spark_app.classify.probabilities import sigmoid_shares, softmax
from spark_app.errors import DataError
from tests.classify.clouds import arrays, frame, predictions, probabilities


def test_equals_scikit_learns_one_vs_rest_with_weights(spark):
    values, labels = arrays(spread=2.5)
    weights = np.where(labels == 1, 2.0, 1.0)
    reference = OneVsRestClassifier(LogisticRegression(C=1e9, tol=1e-10, max_iter=500))
    # scikit-learn takes no weights through its one-vs-rest: the rows are repeated instead.
    repeated = np.repeat(np.arange(len(labels)), weights.astype(int))
    reference.fit(values[repeated], labels[repeated])
    rows = frame(spark, values, labels, weights)
    model = OneVsRestLogistic(weightCol="weight", iterations=60).fit(rows)
    assert probabilities(model, rows) == pytest.approx(reference.predict_proba(values), abs=1e-3)
    assert predictions(model, rows).tolist() == reference.predict(values).tolist()


def test_by_hand_softmax_and_sigmoid_of_the_margins(spark):
    rows = frame(spark, np.array([[1.0, 0.0]]), [0])
    arrays = {"coefficients": np.array([[1.0, 0], [0, 5.0]]), "intercepts": np.array([0.0, 0.5])}
    # Margins 1 and 0.5: e / (e + sqrt e), and s(1) / (s(1) + s(0.5)) with s(1) = .731059, s(0.5) = .622459.
    for link, expected in ((SOFTMAX, 0.6224593), (SIGMOID, 0.5401168)):
        model = LinearMarginModel()._set(link=link).with_arrays(arrays)
        assert probabilities(model, rows)[0].tolist() == pytest.approx([expected, 1 - expected], abs=1e-6)


def test_large_margins_neither_overflow_nor_give_nan():
    margins = np.array([[1e4, -1e4], [-1e4, -1e4]])
    assert softmax(margins).tolist() == [[1.0, 0.0], [0.5, 0.5]]
    assert sigmoid_shares(margins).tolist() == [pytest.approx([1.0, 0.0], abs=1e-300), [0.5, 0.5]]


@pytest.mark.parametrize("labels", [(0, 2), (1,)])
def test_labels_without_rows_get_next_to_no_probability(spark, labels):
    rows = frame(spark, *arrays(labels=labels))
    found = probabilities(OneVsRestLogistic(nLabels=4).fit(rows), rows)
    assert found.shape == (120, 4)
    assert np.isfinite(found).all()
    assert np.delete(found, labels, axis=1).max() < 1e-30
    assert found.sum(axis=1) == pytest.approx(1, abs=1e-12)


def test_no_row_is_an_error(spark):
    with pytest.raises(DataError, match="no row to train on"):
        OneVsRestLogistic().fit(frame(spark, *arrays()).where("false"))


def test_a_reloaded_model_gives_the_same_output_and_partitions_change_nothing(spark, tmp_path):
    rows = frame(spark, *arrays(spread=2.5))
    model = OneVsRestLogistic(iterations=10).fit(rows)
    model.save(str(tmp_path / "model"))
    again = LinearMarginModel.load(str(tmp_path / "model"))
    assert again.transform(rows).collect() == model.transform(rows).collect()
    other = OneVsRestLogistic(iterations=10).fit(rows.repartition(4))
    assert other.arrays["coefficients"] == pytest.approx(model.arrays["coefficients"], rel=1e-6)
