"""Calibration maps over Arrow batches. Import this module late: pandas takes its time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql import types as T


def converting(by: Callable[[np.ndarray], np.ndarray]) -> Callable[[Column], Column]:
    """``array<double>`` of probabilities -> what ``by`` makes of them ``(n, n_labels)``; null stays null."""

    # pyspark's own type hints do not know a returned DataType without a function.
    @F.pandas_udf(T.ArrayType(T.DoubleType()))  # type: ignore[call-overload]
    def calibrate(p: pd.Series) -> pd.Series:
        found = pd.Series([None] * len(p), index=p.index, dtype=object)
        known = p.dropna()
        if len(known):
            found[known.index] = list(by(np.stack(known.to_list())))
        return found

    return calibrate
