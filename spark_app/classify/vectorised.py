"""NumPy functions over feature vectors as Spark columns. Import this module late: pandas takes its time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from pyspark.ml.functions import vector_to_array
from pyspark.sql import Column
from pyspark.sql import functions as F


def over_vectors(function: Callable[[np.ndarray], np.ndarray], vectors: Column, *, kind: str = "float64") -> Column:
    """One array per row: the row of ``function``'s result.

    Args:
        function: ``(n_rows, n_features) -> (n_rows, n_out)``, called for a batch of rows at a time.
        vectors: Spark ML vectors of equal length, none null.
        kind: ``float64`` or ``float32``, what the function receives.
    """

    @F.pandas_udf("array<double>")  # type: ignore[call-overload]
    def apply(arrays: pd.Series) -> pd.Series:
        if arrays.empty:
            return pd.Series([], dtype=object)
        return pd.Series(list(function(np.stack(arrays.to_numpy()))), dtype=object)

    return apply(vector_to_array(vectors, kind))
