"""One genre against the rest: area under the ROC curve, its points, calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spark_app.classify.evaluation.bins import calibration_error, reliability
from spark_app.classify.evaluation.metrics import AUC, ECE, RELIABILITY, ROC

if TYPE_CHECKING:
    import numpy as np

_MOST_POINTS = 200  # of a curve that is drawn

Numbers = dict[str, float]
Curves = dict[str, "np.ndarray"]


def one_class(scores: np.ndarray, hits: np.ndarray) -> tuple[Numbers, Curves]:
    """``auc`` and ``ece`` of one class, with the points of its curves.

    Args:
        scores: Probability of the class ``(n,)``, any order, at least one row.
        hits: True where the row is of the class.

    Returns:
        Numbers and curves; no ``auc`` and no ``roc`` where all rows are of one kind.
    """
    import numpy as np

    order = np.lexsort((hits, scores))
    scores, hits = scores[order], hits[order].astype(float)
    bins = reliability(scores, hits)
    numbers, curves = {ECE: calibration_error(bins)}, {RELIABILITY: bins}
    if 0 < hits.sum() < len(hits):
        false_rate, true_rate = roc_points(scores, hits)
        numbers[AUC] = float(np.trapezoid(true_rate, false_rate))
        curves[ROC] = _thinned(np.array([false_rate, true_rate]))
    return numbers, curves


def roc_points(scores: np.ndarray, hits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """False and true positive rate at each distinct threshold, from (0, 0) to (1, 1).

    Equal scores make one point; the area under the straight lines between points is then the Mann-Whitney statistic
    with ties counted half.

    Args:
        scores: ``(n,)``, ascending.
        hits: 1 or 0; both occur.
    """
    import numpy as np

    descending = hits[::-1]
    last = np.append(np.flatnonzero(np.diff(scores[::-1])), len(scores) - 1)
    true = np.cumsum(descending)[last]
    false = last + 1 - true
    return np.append(0.0, false / false[-1]), np.append(0.0, true / true[-1])


def _thinned(points: np.ndarray) -> np.ndarray:
    import numpy as np

    if points.shape[1] <= _MOST_POINTS:
        return points
    # Evenly along the curve's length, so that steep parts keep their points.
    along = np.append(0.0, np.cumsum(np.abs(np.diff(points, axis=1)).sum(axis=0)))
    kept = np.searchsorted(along, np.linspace(0, along[-1], _MOST_POINTS))
    return points[:, np.unique(np.clip(kept, 0, points.shape[1] - 1))]
