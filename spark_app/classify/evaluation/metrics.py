"""What an evaluation consists of: the names of the metrics, one number, and everything about one model on one set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spark_app.columns import ALL

if TYPE_CHECKING:
    import numpy as np

ACCURACY = "accuracy"
BALANCED_ACCURACY = "balanced_accuracy"
TOP_3 = "top_3_accuracy"
MACRO_F1 = "macro_f1"
WEIGHTED_F1 = "weighted_f1"
LOG_LOSS = "log_loss"
BRIER = "brier"
MACRO_AUC = "macro_auc"
ECE = "ece"
ECE_BY_CHANCE = "ece_by_chance"
CLASSWISE_ECE = "classwise_ece"
COVERAGE = "coverage"
SELECTIVE_ACCURACY = "selective_accuracy"
PRECISION = "precision"
RECALL = "recall"
F1 = "f1"
SUPPORT = "support"
AUC = "auc"

# Curves and tables that come with the numbers; each is a list of lists, see ``Evaluation``.
CONFUSION = "confusion"
ROC = "roc"
RELIABILITY = "reliability"
RISK_COVERAGE = "risk_coverage"
DRAWS = "draws"


@dataclass(frozen=True)
class Metric:
    """One number.

    Attributes:
        genre: The label it describes; ``all`` for the model as a whole.
        name: One of the constants above.
        value: [0, 1] but for ``log_loss`` (nats, [0, 36.05]), ``brier`` ([0, 2]) and ``support`` (rows).
        n: Rows behind the value: true rows of the label for ``recall``, ``f1`` and ``support``, rows that were given
            the label for ``precision``, all rows otherwise.
        low: Lower bound of the artist-clustered bootstrap interval (95 %), None where there is none.
        high: Upper bound, likewise.
    """

    genre: str
    name: str
    value: float
    n: int
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Evaluation:
    """Everything about one model on one set of rows.

    Attributes:
        metrics: All numbers; one that is not defined for the rows (an AUC without rows of both kinds, anything
            without a row) is left out.
        confusion: Counts ``(n_labels, n_labels)``; rows are true labels, columns predicted ones.
        curves: (kind, genre) -> array. ``roc`` ``(2, n_points)``: false and true positive rate. ``reliability``
            ``(3, n_bins)``: mean probability, share of hits, rows. ``risk_coverage`` ``(3, n_points)``: share of rows
            that are answered, share of wrong answers among them, the threshold.
        draws: (metric, genre) -> its value in each bootstrap resample. The resamples follow from the units and the
            seed alone, so the draws of two models on the same rows are paired.
    """

    metrics: tuple[Metric, ...]
    confusion: np.ndarray
    curves: Mapping[tuple[str, str], np.ndarray]
    draws: Mapping[tuple[str, str], np.ndarray]

    def value(self, name: str, genre: str = ALL) -> float | None:
        """One metric's value, None where it is not defined."""
        return next((m.value for m in self.metrics if (m.name, m.genre) == (name, genre)), None)
