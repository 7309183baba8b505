"""Is one model better than another on the same tracks? Paired bootstrap over artists, Holm's correction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

from spark_app.classify.evaluation.bootstrap import interval
from spark_app.classify.evaluation.metrics import F1
from spark_app.columns import ALL
from spark_app.features.holm import holm

if TYPE_CHECKING:
    import numpy as np

    from spark_app.classify.evaluation.metrics import Evaluation


@dataclass(frozen=True)
class Difference:
    """One metric of model ``a`` minus that of model ``b`` on the same rows.

    Attributes:
        metric: Name.
        genre: Label, or ``all``.
        value: The difference.
        low: Lower bound of the paired bootstrap interval (95 %).
        high: Upper bound.
        p: Two-sided bootstrap p-value: twice the smaller share of resamples on either side of 0, each counted with
            one more resample (Davison & Hinkley 1997, 4.2); (0, 1].
        p_holm: ``p`` corrected for all differences that were made together.
    """

    metric: str
    genre: str
    value: float
    low: float
    high: float
    p: float
    p_holm: float


def difference(a: Sequence[Evaluation], b: Sequence[Evaluation], *, metric: str, genre: str = ALL) -> Difference:
    """Mean over folds of ``a - b``; both models were evaluated on the same rows of each fold with the same seed.

    Args:
        a: One evaluation per fold; folds share no unit, so their resamples are independent.
        b: Likewise, in the same order.
        metric: One that has draws (``Evaluation.draws``): over all genres those with an interval, of a genre F1,
            AUC and calibration error.
        genre: Label, or ``all``.
    """
    value = sum((x.value(metric, genre) or 0.0) - (y.value(metric, genre) or 0.0) for x, y in zip(a, b, strict=True))
    draws = mean_draws(a, metric=metric, genre=genre) - mean_draws(b, metric=metric, genre=genre)
    p = bootstrap_p(draws)
    return Difference(metric, genre, value / len(a), *interval(draws), p, p)


def every_pair(
    folds: Mapping[str, Sequence[Evaluation]], *, metric: str, genres: Sequence[str]
) -> dict[tuple[str, str], list[Difference]]:
    """Each two models in the order given -> how they differ.

    Args:
        folds: Model -> one evaluation per fold, as for :func:`difference`.
        metric: Compared over all genres, corrected for the number of pairs.
        genres: F1 is compared on each of them, corrected for the number of genres.

    Returns:
        (model, other) -> the difference over all genres, then one per genre.
    """
    pairs = list(combinations(folds, 2))
    overall = corrected([difference(folds[a], folds[b], metric=metric) for a, b in pairs])
    return {
        (a, b): [one, *corrected([difference(folds[a], folds[b], metric=F1, genre=genre) for genre in genres])]
        for (a, b), one in zip(pairs, overall, strict=True)
    }


def corrected(together: Sequence[Difference]) -> list[Difference]:
    """The same differences with ``p_holm`` for all of them together."""
    return [replace(one, p_holm=p) for one, p in zip(together, holm([one.p for one in together]), strict=True)]


def mean_draws(folds: Sequence[Evaluation], *, metric: str, genre: str = ALL) -> np.ndarray:
    """The mean over folds of a metric, in each resample."""
    import numpy as np

    return np.mean([fold.draws[metric, genre] for fold in folds], axis=0)


def bootstrap_p(draws: np.ndarray) -> float:
    """Two-sided p-value of a difference being 0, from its bootstrap draws."""
    n = len(draws)
    tail = min(int((draws <= 0).sum()), int((draws >= 0).sum()))
    return float(min(1.0, 2 * (tail + 1) / (n + 1)))
