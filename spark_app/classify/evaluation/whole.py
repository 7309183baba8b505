"""All genres together: confusion, losses, calibration of the answer given, and bootstrap intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spark_app.classify.evaluation.bins import (
    N_BINS,
    bins_of,
    calibration_error,
    error_by_chance,
    error_draws,
    reliability,
)
from spark_app.classify.evaluation.bootstrap import interval, resampled_sums, unit_sums
from spark_app.classify.evaluation.metrics import (
    ACCURACY,
    BALANCED_ACCURACY,
    BRIER,
    COVERAGE,
    ECE,
    ECE_BY_CHANCE,
    F1,
    LOG_LOSS,
    MACRO_F1,
    PRECISION,
    RECALL,
    SELECTIVE_ACCURACY,
    SUPPORT,
    TOP_3,
    WEIGHTED_F1,
    Metric,
)
from spark_app.columns import ALL

if TYPE_CHECKING:
    import numpy as np
    from scipy.sparse import csr_array

_RISK_POINTS = 101


@dataclass(frozen=True)
class Predictions:
    """The rows of one set, each an array ``(n,)``, at least one row, in an order that follows from their values.

    Attributes:
        unit: What the bootstrap draws.
        label: Position of the true label.
        prediction: Position of the label that was given.
        confidence: Probability of the label that was given.
        loss: ``-log`` of the true label's probability.
        brier: Sum over labels of (probability - truth) squared.
        in_top: True where the true label is among the three likeliest.
    """

    unit: np.ndarray
    label: np.ndarray
    prediction: np.ndarray
    confidence: np.ndarray
    loss: np.ndarray
    brier: np.ndarray
    in_top: np.ndarray


def whole_metrics(
    rows: Predictions, *, labels: Sequence[str], abstain_below: float, draws: dict[tuple[str, str], np.ndarray]
) -> list[Metric]:
    """Every metric over all labels, then precision, recall, F1 and support of each label.

    Macro-F1 is the plain mean over all declared labels: one that has neither true nor predicted rows counts 0
    (scikit-learn's ``zero_division=0``). Balanced accuracy is the mean recall of the labels that have true rows.
    ``coverage`` is the share of rows whose confidence reaches ``abstain_below``, ``selective_accuracy`` the accuracy
    among them.

    Args:
        rows: The predictions.
        labels: Declared labels in order.
        abstain_below: [0, 1].
        draws: Of :func:`bootstrap`; gives the intervals.
    """
    n = len(rows.label)
    hits = rows.prediction == rows.label
    answered = rows.confidence >= abstain_below
    counts = _counts(confusion_of(rows, len(labels)))
    values = {
        **{name: float(value) for name, value in _summaries(counts).items()},
        TOP_3: float(rows.in_top.mean()),
        LOG_LOSS: float(rows.loss.mean()),
        BRIER: float(rows.brier.mean()),
        ECE: calibration_error(answer_bins(rows)),
        ECE_BY_CHANCE: error_by_chance(answer_bins(rows)),
        COVERAGE: float(answered.mean()),
    }
    if answered.any():
        values[SELECTIVE_ACCURACY] = float(hits[answered].mean())
    found = [_with_interval(ALL, name, value, n, draws) for name, value in values.items()]
    return found + _label_metrics(counts, labels, draws)


def confusion_of(rows: Predictions, n_labels: int) -> np.ndarray:
    """Counts ``(n_labels, n_labels)``; rows are true labels, columns predicted ones."""
    import numpy as np

    cells = np.bincount(rows.label * n_labels + rows.prediction, minlength=n_labels * n_labels)
    return cells.reshape(n_labels, n_labels)


def answer_bins(rows: Predictions) -> np.ndarray:
    """Reliability of the answers that were given."""
    import numpy as np

    hits = rows.prediction == rows.label
    order = np.lexsort((hits, rows.confidence))
    return reliability(rows.confidence[order], hits[order].astype(float))


def risk_coverage(rows: Predictions) -> np.ndarray:
    """Share answered, share wrong among them, threshold: at the confidences that answer 0, 1, …, 100 % of the rows.

    Rows of equal confidence are answered together (Geifman & El-Yaniv 2017).
    """
    import numpy as np

    order = np.argsort(-rows.confidence, kind="stable")
    confidence, wrong = rows.confidence[order], (rows.prediction != rows.label)[order]
    last = np.append(np.flatnonzero(np.diff(confidence)), len(confidence) - 1)
    share, risk = (last + 1) / len(confidence), np.cumsum(wrong)[last] / (last + 1)
    kept = np.unique(np.searchsorted(share, np.linspace(share[0], 1, _RISK_POINTS)).clip(0, len(last) - 1))
    return np.array([share[kept], risk[kept], confidence[last][kept]])


def bootstrap(
    rows: Predictions, *, labels: Sequence[str], resamples: int, seed: int
) -> dict[tuple[str, str], np.ndarray]:
    """(metric, genre) -> values over resamples of the units, of all that follows from sums over units.

    These are accuracy, balanced accuracy, top-3, macro and weighted F1, log loss, Brier score, the calibration error
    over the bins of all rows, and precision, recall and F1 of each label.
    """
    k = len(labels)
    totals = resampled_sums(_unit_sums(rows, k), resamples=resamples, seed=seed)
    right, true, given = (totals[:, part * k : (part + 1) * k] for part in range(3))
    n = true.sum(axis=-1)
    draws = {(name, ALL): values for name, values in _summaries((right, true, given)).items()}
    draws |= {(name, ALL): totals[:, 3 * k + at] / n for at, name in enumerate((LOG_LOSS, BRIER, TOP_3))}
    draws[ECE, ALL] = error_draws(totals[:, 3 * k + 3 :], n, calibration_error(answer_bins(rows)))
    by_label = _by_label((right, true, given))
    return draws | {(name, label): found[:, i] for name, found in by_label.items() for i, label in enumerate(labels)}


def _unit_sums(rows: Predictions, k: int) -> csr_array:
    """Per unit, in the order of the units: right, true and given rows of each label, then the loss, the Brier score,
    rows with the true label among the three likeliest, and each bin's gap between confidence and hits.
    """
    import numpy as np

    hits = (rows.prediction == rows.label).astype(float)
    ones = np.ones(len(hits))
    by_label = [(rows.label, hits), (k + rows.label, ones), (2 * k + rows.prediction, ones)]
    sums = [(np.full(len(hits), 3 * k + at), v) for at, v in enumerate((rows.loss, rows.brier, rows.in_top))]
    gap = (3 * k + 3 + bins_of(rows.confidence), rows.confidence - hits)
    return unit_sums(rows.unit, [*by_label, *sums, gap], width=3 * k + 3 + N_BINS)


Counts = tuple["np.ndarray", "np.ndarray", "np.ndarray"]  # right, true, given: (..., n_labels)


def _counts(confusion: np.ndarray) -> Counts:
    return confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)


def _f1(right: np.ndarray, true: np.ndarray, given: np.ndarray) -> np.ndarray:
    import numpy as np

    return 2 * right / np.maximum(true + given, 1)


def _summaries(counts: Counts) -> dict[str, np.ndarray]:
    """Metrics that follow from counts per label; the last axis holds the labels."""
    import numpy as np

    right, true, given = counts
    rows = true.sum(axis=-1)
    f1 = _f1(right, true, given)
    recall = right / np.maximum(true, 1)
    return {
        ACCURACY: right.sum(axis=-1) / rows,
        BALANCED_ACCURACY: recall.sum(axis=-1) / (true > 0).sum(axis=-1),
        MACRO_F1: f1.mean(axis=-1),
        WEIGHTED_F1: (f1 * true).sum(axis=-1) / rows,
    }


def _by_label(counts: Counts) -> dict[str, np.ndarray]:
    """Metrics of each label; the last axis holds the labels."""
    import numpy as np

    right, true, given = counts
    precision, recall = right / np.maximum(given, 1), right / np.maximum(true, 1)
    return {PRECISION: precision, RECALL: recall, F1: _f1(right, true, given)}


def _label_metrics(counts: Counts, labels: Sequence[str], draws: dict[tuple[str, str], np.ndarray]) -> list[Metric]:
    _, true, given = counts
    values = {**_by_label(counts), SUPPORT: true}
    rows = {name: given if name == PRECISION else true for name in values}
    return [
        _with_interval(label, name, float(found[i]), int(rows[name][i]), draws)
        for i, label in enumerate(labels)
        for name, found in values.items()
    ]


def _with_interval(genre: str, name: str, value: float, n: int, draws: dict[tuple[str, str], np.ndarray]) -> Metric:
    found = draws.get((name, genre))
    return Metric(genre, name, value, n) if found is None else Metric(genre, name, value, n, *interval(found))
