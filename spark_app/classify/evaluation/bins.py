"""Calibration errors over bins of equal mass."""

from __future__ import annotations

from math import pi
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

N_BINS = 15


def reliability(scores: np.ndarray, hits: np.ndarray, *, n_bins: int = N_BINS) -> np.ndarray:
    """Mean score, share of hits and rows of up to ``n_bins`` bins of equal mass (Guo et al. 2017; Nixon et al. 2019).

    A row falls into bin ``floor(n_bins * rows with a smaller score / n)``, so that equal scores share a bin and the
    bins do not depend on the order of the rows. With many ties there are fewer and uneven bins.

    Args:
        scores: Probabilities ``(n,)``, ascending.
        hits: 1 where the event came about, else 0.
        n_bins: At least 1.

    Returns:
        Array ``(3, n_bins)``; ``(3, 0)`` without a row.
    """
    import numpy as np

    bins = bins_of(scores, n_bins=n_bins)
    rows = np.bincount(bins, minlength=n_bins)
    used = rows > 0
    means = [np.bincount(bins, weights=values, minlength=n_bins)[used] / rows[used] for values in (scores, hits)]
    return np.array([*means, rows[used]])


def bins_of(scores: np.ndarray, *, n_bins: int = N_BINS) -> np.ndarray:
    """The bin ``(n,)`` of each score, in any order, by the rule of :func:`reliability`."""
    import numpy as np

    smaller = np.searchsorted(np.sort(scores), scores, side="left")
    return n_bins * smaller // max(len(scores), 1)


def error_draws(gaps: np.ndarray, n: np.ndarray, error: float) -> np.ndarray:
    """Calibration errors of resamples, over bins that stay those of all rows.

    The noise of a resample adds to every bin's gap, so that the errors lie too high by about their mean's distance
    from ``error``; it is taken off (bootstrap bias, Efron & Tibshirani 1993, 10.2).

    Args:
        gaps: Sums of score minus hit ``(resamples, n_bins)``.
        n: Rows of each resample ``(resamples,)``.
        error: Of all rows.
    """
    import numpy as np

    errors = np.abs(gaps).sum(axis=-1) / n
    return np.maximum(errors - max(0.0, errors.mean() - error), 0.0)


def calibration_error(bins: np.ndarray) -> float:
    """Expected calibration error: the mean of ``|mean score - share of hits|`` over bins, weighted by rows; [0, 1].

    Args:
        bins: Of :func:`reliability`, at least one row.
    """
    score, share, rows = bins
    return float((rows * abs(score - share)).sum() / rows.sum())


def error_by_chance(bins: np.ndarray) -> float:
    """The calibration error that a perfectly calibrated model is expected to show on so many rows; [0, 1].

    Each bin's share of hits strays from its mean score by a normal deviation of ``sqrt(score * (1 - score) / rows)``,
    whose mean size is ``sqrt(2 / pi)`` of that (cf. Broecker & Smith 2007). With 300 rows it is near 0.08.

    Args:
        bins: Of :func:`reliability`, at least one row.
    """
    score, _, rows = bins
    deviation = (2 / pi * score * (1 - score) / rows) ** 0.5
    return float((rows * deviation).sum() / rows.sum())
