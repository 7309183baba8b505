"""Is one model better than another on the same tracks? Paired bootstrap, McNemar's test, Holm's correction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.classify.evaluation.bootstrap import interval
from spark_app.classify.pipeline import LABEL_INDEX, PREDICTION
from spark_app.columns import ALL, TRACK_ID

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
        metric: One that has draws: accuracy, balanced accuracy, macro or weighted F1, log loss, F1 of a genre.
        genre: Label, or ``all``.
    """
    value = sum((x.value(metric, genre) or 0.0) - (y.value(metric, genre) or 0.0) for x, y in zip(a, b, strict=True))
    draws = mean_draws(a, metric=metric, genre=genre) - mean_draws(b, metric=metric, genre=genre)
    p = bootstrap_p(draws)
    return Difference(metric, genre, value / len(a), *interval(draws), p, p)


def differences_by_genre(
    a: Sequence[Evaluation], b: Sequence[Evaluation], *, metric: str, genres: Sequence[str]
) -> list[Difference]:
    """One difference per genre, with Holm's correction over the genres."""
    found = [difference(a, b, metric=metric, genre=genre) for genre in genres]
    corrected = holm([one.p for one in found])
    return [replace(one, p_holm=p) for one, p in zip(found, corrected, strict=True)]


def mean_draws(folds: Sequence[Evaluation], *, metric: str, genre: str = ALL) -> np.ndarray:
    """The mean over folds of a metric, in each resample."""
    import numpy as np

    return np.mean([fold.draws[metric, genre] for fold in folds], axis=0)


def bootstrap_p(draws: np.ndarray) -> float:
    """Two-sided p-value of a difference being 0, from its bootstrap draws."""
    n = len(draws)
    tail = min(int((draws <= 0).sum()), int((draws >= 0).sum()))
    return float(min(1.0, 2 * (tail + 1) / (n + 1)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction (1979): in the order given, never below the raw value, at most 1."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    corrected, largest = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(order):  # one step per test, not per track
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[i]))
        corrected[i] = largest
    return corrected


def discordant_counts(predictions: DataFrame, *, models: Sequence[str]) -> DataFrame:
    """How often one model of a pair is right where the other is wrong: one row, one column per ordered pair.

    Args:
        predictions: Key ``model + track_id`` ``[model, track_id, label_index, prediction]``.
        models: At least two of them.

    Returns:
        One row; ``<i>_<j>`` counts the tracks that ``models[i]`` gets right and ``models[j]`` wrong. Tracks that
        either of the two has not predicted do not count.
    """
    is_right = F.col(LABEL_INDEX) == F.col(PREDICTION)
    columns = [F.max(F.when(F.col("model") == name, is_right)).alias(f"_{i}") for i, name in enumerate(models)]
    wide = predictions.groupBy(TRACK_ID).agg(*columns)
    pairs = [pair for both in combinations(range(len(models)), 2) for pair in (both, both[::-1])]
    return wide.agg(*[F.count_if(F.col(f"_{i}") & ~F.col(f"_{j}")).alias(f"{i}_{j}") for i, j in pairs])


def mcnemar(only_a: int, only_b: int) -> float:
    """Exact two-sided p-value of McNemar's test (1947): discordant tracks fall on either side by a fair coin.

    It takes tracks as independent. Those of one artist are not, so the paired bootstrap over artists is the stricter
    word where the two disagree. Without discordant tracks it is 1.
    """
    from scipy.stats import binomtest

    return float(binomtest(only_a, only_a + only_b, 0.5).pvalue) if only_a + only_b else 1.0


def mcnemar_of(counts: Mapping[str, int], *, models: Sequence[str]) -> dict[tuple[str, str], float]:
    """(model, model) -> p-value, with Holm's correction over the pairs; ``counts`` of :func:`discordant_counts`."""
    pairs = list(combinations(range(len(models)), 2))
    corrected = holm([mcnemar(counts[f"{i}_{j}"], counts[f"{j}_{i}"]) for i, j in pairs])
    return {(models[i], models[j]): p for (i, j), p in zip(pairs, corrected, strict=True)}
