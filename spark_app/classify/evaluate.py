"""Metrics of a classifier, all of them from one aggregated confusion matrix."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from spark_app.classify.scoring import LABEL_INDEX, PREDICTION
from spark_app.columns import ALL

if TYPE_CHECKING:
    import numpy as np

ACCURACY = "accuracy"
MACRO_F1 = "macro_f1"
PRECISION = "precision"
RECALL = "recall"
F1 = "f1"
SUPPORT = "support"
VALIDATION_ACCURACY = "validation_accuracy"


@dataclass(frozen=True)
class Metric:
    """One number.

    Attributes:
        genre: The label it describes; ``all`` for the model as a whole.
        name: ``accuracy``, ``macro_f1``, ``precision``, ``recall``, ``f1``, ``support`` or ``validation_accuracy``.
        value: [0, 1]; rows for ``support``.
        n: Rows behind the value: true rows of the label, for ``precision`` the rows that were given the label.
    """

    genre: str
    name: str
    value: float
    n: int


def confusion_cells(predictions: DataFrame, *, by: str) -> DataFrame:
    """Counts of true and predicted labels: at most parts x labels squared rows.

    Args:
        predictions: One row per track ``[label_index, prediction, <by>]``.
        by: Column that keeps parts (validation, test) apart.

    Returns:
        Key ``<by> + label_index + prediction`` ``[n]``.
    """
    return predictions.groupBy(by, LABEL_INDEX, PREDICTION).agg(F.count(F.lit(1)).alias("n"))


def confusion_matrix(cells: Iterable[Row], *, n_labels: int) -> np.ndarray:
    """Array ``(n_labels, n_labels)`` of counts; rows are true labels, columns predicted ones."""
    import numpy as np

    matrix = np.zeros((n_labels, n_labels), dtype=np.int64)
    for cell in cells:  # at most n_labels squared
        matrix[int(cell[LABEL_INDEX]), int(cell[PREDICTION])] += cell["n"]
    return matrix


def accuracy(confusion: np.ndarray) -> float:
    """Share of right predictions, [0, 1]; 0 without any row."""
    total = int(confusion.sum())
    return float(confusion.trace() / total) if total else 0.0


def metrics(confusion: np.ndarray, *, labels: Sequence[str]) -> list[Metric]:
    """Accuracy and macro-F1, then precision, recall, F1 and support of each label.

    Macro-F1 is the plain mean over all declared labels: one that has neither true nor predicted rows counts 0.
    Precision is 0 where nothing was predicted, recall is 0 where there is no true row, F1 is 0 where both are 0
    (scikit-learn's ``zero_division=0``).
    """
    import numpy as np

    right = confusion.diagonal().astype(float)
    support, predicted = confusion.sum(axis=1), confusion.sum(axis=0)
    precision = right / np.maximum(predicted, 1)
    recall = right / np.maximum(support, 1)
    f1 = 2 * right / np.maximum(support + predicted, 1)
    rows = int(confusion.sum())
    found = [Metric(ALL, ACCURACY, accuracy(confusion), rows), Metric(ALL, MACRO_F1, float(f1.mean()), rows)]
    for i, label in enumerate(labels):
        n = int(support[i])
        found += [
            Metric(label, PRECISION, float(precision[i]), int(predicted[i])),
            Metric(label, RECALL, float(recall[i]), n),
            Metric(label, F1, float(f1[i]), n),
            Metric(label, SUPPORT, float(n), n),
        ]
    return found
