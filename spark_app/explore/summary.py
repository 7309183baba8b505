"""Summary statistics and densities of each feature and genre, out of the counts of its cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.explore.counting import SUMS, Plan
from spark_app.explore.grid import Grid

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_SHARES = {"p01": 0.01, "p05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "p95": 0.95, "p99": 0.99}
_OUTLIERS = 1.5  # quartile ranges beyond the quartiles (Tukey, 1977)
_ORDERED = ", ".join(f"{name} double" for name in _SHARES)
_SUMMARY = f"feature string, genre string, {_ORDERED}, skewness double, kurtosis double, n_outliers bigint"
_DENSITY = "feature string, genre string, bin int, low double, high double, n bigint, density double"


def summaries(cells: DataFrame, stats: DataFrame, *, plan: Plan) -> DataFrame:
    """One row per feature and genre group, key ``feature, genre``.

    Quantiles interpolate linearly between order statistics. Skewness is ``m3 / m2^1.5`` and kurtosis the excess
    ``m4 / m2^2 - 3``, both of the population; null for a constant feature. Outliers lie more than 1.5 quartile ranges
    beyond the quartiles. How exact quantiles and outliers are: see ``grid.make_grid``.

    Args:
        cells: From ``count_cells``.
        stats: ``features.audio_stats``, with ``all`` among its groups.
        plan: What was counted.

    Returns:
        ``[feature, genre, n, n_null, share_missing, mean, std, min, p01 ... p99, max, skewness, kurtosis,
        n_outliers]``, in the feature's unit. A feature without values in a group has null but for the counts.
    """

    def describe(found: pd.DataFrame) -> pd.DataFrame:
        return _describe(found, plan)

    described = cells.groupBy("group", "feature").applyInPandas(describe, _SUMMARY)
    base = stats.select(
        "feature",
        F.col("genre_group").alias("genre"),
        "n",
        "n_null",
        F.try_divide(F.col("n_null"), F.col("n") + F.col("n_null")).alias("share_missing"),
        "mean",
        "std",
        "min",
        "max",
    )
    return base.join(described, on=["feature", "genre"], how="left").withColumn(
        "n_outliers", F.coalesce("n_outliers", F.lit(0))
    )


def densities(cells: DataFrame, *, plan: Plan) -> DataFrame:
    """The histogram of each feature and genre group, key ``feature, genre, bin``.

    Returns:
        ``[feature, genre, bin, low, high, n, density]``: bins ``[low, high)``, the last one closed, the same for
        all groups of a feature; ``density`` is the share of the group's values per unit, so its areas sum to 1.
        Nothing for a feature without values in a group.
    """

    def spread(found: pd.DataFrame) -> pd.DataFrame:
        return _spread(found, plan)

    return cells.groupBy("group", "feature").applyInPandas(spread, _DENSITY)


def dense_counts(found: pd.DataFrame, grid: Grid) -> np.ndarray:
    """Rows per cell of one group and feature, shape (n_cells,)."""
    import numpy as np

    counted = found[found["cell"] != SUMS]
    counts = np.zeros(grid.n_cells, dtype=np.int64)
    counts[counted["cell"]] = counted["n"]
    return counts


def _describe(found: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    import pandas as pd

    group, feature = int(found["group"].iloc[0]), int(found["feature"].iloc[0])
    grid, moments = plan.grids[feature], plan.moments[plan.groups[group]][feature]
    counts, sums = dense_counts(found, grid), found[found["cell"] == SUMS].iloc[0]
    row = {"feature": plan.features[feature], "genre": plan.groups[group]}
    if not counts.sum():
        return pd.DataFrame([], columns=_names(_SUMMARY))
    quantiles = dict(zip(_SHARES, grid.quantiles(counts, list(_SHARES.values())), strict=True))
    reach = _OUTLIERS * (quantiles["q75"] - quantiles["q25"])
    outside = grid.n_outside(counts, quantiles["q25"] - reach, quantiles["q75"] + reach)
    varies = not moments.is_constant
    skewness = sums["cubes"] / sums["n"] if varies else None
    kurtosis = sums["fourths"] / sums["n"] - 3 if varies else None
    shape = {"skewness": skewness, "kurtosis": kurtosis, "n_outliers": outside}
    return pd.DataFrame([{**row, **quantiles, **shape}])


def _spread(found: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    group, feature = int(found["group"].iloc[0]), int(found["feature"].iloc[0])
    grid = plan.grids[feature]
    counts = dense_counts(found, grid)
    if not counts.sum():
        return pd.DataFrame([], columns=_names(_DENSITY))
    n, low, high = grid.bin_counts(counts), grid.bins[:-1], grid.bins[1:]
    return pd.DataFrame(
        {
            "feature": plan.features[feature],
            "genre": plan.groups[group],
            "bin": np.arange(len(n)),
            "low": low,
            "high": high,
            "n": n,
            "density": n / n.sum() / (high - low),
        }
    )


def _names(ddl: str) -> list[str]:
    return [part.split()[0] for part in ddl.split(", ")]
