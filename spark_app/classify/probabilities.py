"""From an array of probabilities to Spark ML's columns, the same for every model of this room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.ml.functions import array_to_vector
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_app.classify.positions import array_position

if TYPE_CHECKING:
    import numpy as np

VECTOR = "features"
LABEL_INDEX = "label_index"
PREDICTION = "prediction"
PROBABILITY = "probability"
_SHARES = "_shares"


def with_prediction(rows: DataFrame, shares: Column) -> DataFrame:
    """Adds ``probability`` (vector) and ``prediction`` (position of the first largest share, a double).

    Args:
        rows: Any frame.
        shares: One probability per label, an array that sums to 1.
    """
    largest = array_position(F.col(_SHARES), F.array_max(_SHARES))
    return (
        rows.withColumn(_SHARES, shares)
        .withColumns({PROBABILITY: array_to_vector(F.col(_SHARES)), PREDICTION: (largest - 1).cast("double")})
        .drop(_SHARES)
    )


def softmax(margins: np.ndarray) -> np.ndarray:
    """``exp(m) / sum(exp(m))`` of each row, shape kept; large margins do not overflow."""
    import numpy as np

    powers = np.exp(margins - margins.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def sigmoid_shares(margins: np.ndarray) -> np.ndarray:
    """``1 / (1 + exp(-m))`` of each column, divided by the sum of the row (scikit-learn's one-vs-rest rule).

    A row of zeros, which only margins below -700 give, becomes equal shares.
    """
    import numpy as np

    shares = 1 / (1 + np.exp(-np.clip(margins, -700, 700)))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))
