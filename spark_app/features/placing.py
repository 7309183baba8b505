"""Where a value stands among quantiles. Import this module late: pandas takes its time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql import types as T


def shares_below(values: np.ndarray, quantiles: Sequence[float]) -> np.ndarray:
    """The empirical distribution function at each value, by linear interpolation between the quantiles.

    A value that many share stands in the middle of their shares, as in scikit-learn's ``QuantileTransformer``; up to
    the smallest quantile is 0, from the largest on 1. NaN stays NaN. Where all quantiles are equal, so are all
    answers: 0.5. Without quantiles the answer is NaN.
    """
    if not quantiles:
        return np.full(len(values), np.nan)
    marks, shares = np.asarray(quantiles, dtype=float), np.linspace(0, 1, len(quantiles))
    if marks[0] == marks[-1]:
        return np.where(np.isnan(values), np.nan, 0.5)
    from_left = np.interp(values, marks, shares)
    from_right = 1 - np.interp(-values, -marks[::-1], shares)
    middle = (from_left + from_right) / 2
    return np.where(values <= marks[0], 0.0, np.where(values >= marks[-1], 1.0, middle))


def quantile_column(value: Column, group: Column, quantiles: Mapping[str, Sequence[float]]) -> Column:
    """``shares_below`` of a column, by group.

    Args:
        value: Double; null stays null.
        group: Name of the row's group; null, and a group without quantiles, give null.
        quantiles: Group -> quantiles of this column.
    """
    marks = {name: list(numbers) for name, numbers in quantiles.items()}

    # pyspark's own type hints do not know a returned DataType without a function.
    @F.pandas_udf(T.DoubleType())  # type: ignore[call-overload]
    def place(values: pd.Series, groups: pd.Series) -> pd.Series:
        found = pd.Series(np.nan, index=values.index)
        for name, rows in values.groupby(groups):
            found[rows.index] = shares_below(rows.to_numpy(float), marks.get(str(name), []))
        return found

    placed: Column = place(value, group)
    return F.when(~F.isnan(placed), placed)
