"""One genre against the rest: area under the ROC curve, its points, calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spark_app.classify.evaluation.bins import N_BINS, bins_of, calibration_error, error_draws, reliability
from spark_app.classify.evaluation.bootstrap import resampled_sums, unit_sums
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


def class_draws(
    scores: np.ndarray, hits: np.ndarray, unit: np.ndarray, *, resamples: int, seed: int
) -> dict[str, np.ndarray]:
    """``auc`` (where both kinds of rows occur) and ``ece`` over the resamples that ``whole.bootstrap`` draws, too.

    The area is moved to first order by each drawn row's placement among the rows of the other kind (DeLong et al. 1988;
    Obuchowski 1997 for clusters), so that no resample has to be sorted; [0, 1]. Arguments as in :func:`one_class`.

    Args:
        scores: ``(n,)``.
        hits: ``(n,)``.
        unit: What the bootstrap draws ``(n,)``.
        resamples: How many.
        seed: Of the draws.
    """
    import numpy as np

    order = np.lexsort((unit, hits, scores))
    scores, hits, unit = scores[order], hits[order].astype(float), unit[order]
    n, ones = len(hits), np.ones(len(hits))
    cells = [(bins_of(scores), scores - hits), (np.full(n, N_BINS), ones)]
    has_area = 0 < hits.sum() < n
    area, moves = _placements(scores, hits) if has_area else (0.0, ones)
    sums = unit_sums(unit, [*cells, (np.full(n, N_BINS + 1), moves)], width=N_BINS + 2)
    totals = resampled_sums(sums, resamples=resamples, seed=seed)
    error = calibration_error(reliability(scores, hits))
    found = {ECE: error_draws(totals[:, :N_BINS], totals[:, N_BINS], error)}
    return found | {AUC: np.clip(area + totals[:, N_BINS + 1], 0.0, 1.0)} if has_area else found


def _placements(scores: np.ndarray, hits: np.ndarray) -> tuple[float, np.ndarray]:
    """The area under the curve, and how far drawing each row once more moves it ``(n,)``; these sum to 0.

    Args:
        scores: ``(n,)``, ascending.
        hits: 1 or 0; both occur.
    """
    import numpy as np

    is_hit = hits > 0
    hit_scores, other_scores = scores[is_hit], scores[~is_hit]

    def below(these: np.ndarray, by: np.ndarray) -> np.ndarray:
        # Equal scores count half.
        return (np.searchsorted(these, by, side="left") + np.searchsorted(these, by, side="right")) / 2 / len(these)

    places = np.where(is_hit, below(other_scores, scores), 1 - below(hit_scores, scores))
    area = float(places[is_hit].mean())
    return area, (places - area) / np.where(is_hit, len(hit_scores), len(other_scores))


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
