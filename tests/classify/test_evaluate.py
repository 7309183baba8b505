"""Metrics from one confusion matrix, and the baseline."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

from spark_app.classify import evaluate
from spark_app.classify.baselines import majority_confusion, majority_label

LABELS = ["jazz", "pop", "reggae", "rock", "soul"]


def predictions():
    """True and predicted positions; reggae is never predicted, soul never occurs."""
    rng = np.random.default_rng(1)
    return rng.choice([0, 1, 2, 3], 400), rng.choice([0, 1, 3], 400)


def test_every_metric_equals_scikit_learn():
    true, predicted = predictions()
    confusion = confusion_matrix(true, predicted, labels=range(5))

    found = {(m.genre, m.name): m for m in evaluate.metrics(confusion, labels=LABELS)}

    oracle = precision_recall_fscore_support(true, predicted, labels=range(5), zero_division=0)
    for i, label in enumerate(LABELS):
        ours = [found[label, name].value for name in ("precision", "recall", "f1", "support")]
        assert ours == pytest.approx([column[i] for column in oracle], abs=1e-12)
        assert found[label, "recall"].n == (true == i).sum()
        assert found[label, "precision"].n == (predicted == i).sum()
    assert found["all", "accuracy"].value == pytest.approx(accuracy_score(true, predicted), abs=1e-12)
    assert found["all", "macro_f1"].value == pytest.approx(oracle[2].mean(), abs=1e-12)
    assert found["all", "accuracy"].n == 400


def test_cells_are_counted_per_part(spark):
    frame = spark.createDataFrame(
        [("test", 0.0, 0.0), ("test", 0.0, 1.0), ("valid", 1.0, 1.0), ("test", 0.0, 0.0)],
        "part string, label_index double, prediction double",
    )
    cells = evaluate.confusion_cells(frame, by="part").collect()
    test = evaluate.confusion_matrix([cell for cell in cells if cell.part == "test"], n_labels=2)
    assert test.tolist() == [[2, 1], [0, 0]]
    assert evaluate.accuracy(test) == 2 / 3


def test_no_rows_give_zeros_and_no_warning():
    confusion = np.zeros((5, 5), dtype=int)
    assert {m.value for m in evaluate.metrics(confusion, labels=LABELS)} == {0.0}


def test_the_majority_always_says_the_most_frequent_training_label():
    train, test = {"rock": 5, "pop": 5, "jazz": 1}, {"rock": 2, "jazz": 3}
    assert majority_label(train) == "pop"  # a tie: the first in the alphabet
    confusion = majority_confusion(train, test, labels=LABELS)
    assert confusion[:, 1].tolist() == [3, 0, 0, 2, 0]
    assert confusion.sum() == 5
    assert evaluate.accuracy(confusion) == 0.0
