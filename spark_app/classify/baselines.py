"""What a classifier has to beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

MAJORITY = "majority"


def majority_label(train_counts: Mapping[str, int]) -> str:
    """The most frequent label of the training rows; ties go to the first in the alphabet."""
    return min(train_counts, key=lambda label: (-train_counts[label], label))


def majority_confusion(
    train_counts: Mapping[str, int], test_counts: Mapping[str, int], *, labels: Sequence[str]
) -> np.ndarray:
    """The confusion matrix of always saying the most frequent training label.

    Args:
        train_counts: Label -> training rows, at least one label.
        test_counts: Label -> test rows.
        labels: Order of rows and columns.

    Returns:
        Array ``(n_labels, n_labels)`` of counts; rows are true labels, columns predicted ones.
    """
    import numpy as np

    matrix = np.zeros((len(labels), len(labels)), dtype=np.int64)
    matrix[:, labels.index(majority_label(train_counts))] = [test_counts.get(label, 0) for label in labels]
    return matrix
