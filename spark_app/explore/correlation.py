"""Pearson's and Spearman's correlation of every pair of features, in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.columns import ALL
from spark_app.explore.counting import Plan
from spark_app.explore.summary import dense_counts

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_KINDS = ("pearson", "spearman")
_SUMS = ("sum_a", "sum_b", "sum_aa", "sum_bb", "sum_ab")
_PARTS = [f"{kind}_{name}" for kind in _KINDS for name in _SUMS]
_SCHEMA = f"a int, b int, n bigint, {', '.join(f'{name} double' for name in _PARTS)}"
_LEAST = 1e-12  # of a variance of about 1: less is the rounding of a constant


def mid_ranks(cells: pd.DataFrame, *, plan: Plan) -> list[np.ndarray]:
    """The average rank of each cell, per feature, over all tracks that hold the feature.

    Args:
        cells: Rows of ``count_cells`` of the group ``all``.
        plan: What was counted.

    Returns:
        Per feature an array of shape (n_cells,), moved and divided so that all ranks lie on [-0.5, 0.5].
    """
    import numpy as np

    ranks = []
    for number, grid in enumerate(plan.grids):
        counts = dense_counts(cells[cells["feature"] == number], grid)
        n = max(int(counts.sum()), 1)
        ranks.append((grid.mid_ranks(counts) - (n + 1) / 2) / n if grid.n_cells else np.array([]))
    return ranks


def pair_sums(tracks: DataFrame, *, plan: Plan, ranks: list[np.ndarray]) -> DataFrame:
    """Sums over the tracks that hold both features of a pair, one row per pair: n (n - 1) / 2 rows.

    Args:
        tracks: ``[*features]``, doubles; null is left out pair by pair.
        plan: Names the features, and centres them by the moments of ``all``, so that the sums lose no digits.
        ranks: From ``mid_ranks``.
    """

    def add(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        totals = None
        for batch in batches:
            sums = _batch_sums(batch[list(plan.features)].to_numpy(float), plan, ranks)
            totals = sums if totals is None else totals + sums
        if totals is not None:
            yield _pair_rows(totals)

    parts = tracks.mapInPandas(add, _SCHEMA)
    return parts.groupBy("a", "b").agg(*[F.sum(name).alias(name) for name in ("n", *_PARTS)])


def correlations(sums: Iterable[Mapping[str, Any]], *, plan: Plan, redundant_at: float) -> list[dict[str, Any]]:
    """One row per pair, in the order of the features.

    Spearman's coefficient is Pearson's of the average ranks. A feature is ranked once, over all tracks that hold it,
    also for pairs where the other feature is null. Ties are exact; other ranks are exact where the grid holds every
    value, else within half a cell, about 1e-4 of the rows at 4,096 points.

    Args:
        sums: Rows of ``pair_sums``.
        plan: Names the features.
        redundant_at: A pair with either coefficient of at least this size is redundant.

    Returns:
        ``[feature_a, feature_b, pearson, spearman, n, is_redundant]``; null coefficients where a feature is constant
        or the two are never present together.
    """
    rows = []
    for pair in sorted(sums, key=lambda row: (row["a"], row["b"])):  # 66 pairs of twelve features
        found = {kind: _coefficient(pair, kind) for kind in _KINDS}
        largest = max((abs(value) for value in found.values() if value is not None), default=0.0)
        names = {"feature_a": plan.features[pair["a"]], "feature_b": plan.features[pair["b"]]}
        rows.append({**names, **found, "n": pair["n"], "is_redundant": largest >= redundant_at})
    return rows


def _batch_sums(values: np.ndarray, plan: Plan, ranks: list[np.ndarray]) -> np.ndarray:
    """Shape (11, n_features, n_features): n, then the five sums of each kind at [a, b]."""
    import numpy as np

    means, stds = plan.scales()
    at = plan.groups.index(ALL)
    is_there = ~np.isnan(values)
    ranked = np.zeros_like(values)
    for number, grid in enumerate(plan.grids):
        here = is_there[:, number]
        ranked[here, number] = ranks[number][grid.cells_of(values[here, number])]
    there = is_there.astype(float)
    sums = [there.T @ there]
    for numbers in (np.where(is_there, (values - means[at]) / stds[at], 0.0), ranked):
        total, squares = numbers.T @ there, (numbers**2).T @ there
        sums += [total, total.T, squares, squares.T, numbers.T @ numbers]
    return np.stack(sums)


def _pair_rows(totals: np.ndarray) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    a, b = np.triu_indices(totals.shape[1], k=1)
    found = {name: totals[position + 1][a, b] for position, name in enumerate(_PARTS)}
    return pd.DataFrame({"a": a, "b": b, "n": totals[0][a, b].astype(np.int64), **found})


def _coefficient(pair: Mapping[str, Any], kind: str) -> float | None:
    n = pair["n"]
    if not n:
        return None
    a, b, aa, bb, ab = (pair[f"{kind}_{name}"] / n for name in _SUMS)
    variance_a, variance_b = aa - a * a, bb - b * b
    if min(variance_a, variance_b) <= _LEAST:
        return None
    found: float = (ab - a * b) / (variance_a * variance_b) ** 0.5
    return max(-1.0, min(1.0, found))
