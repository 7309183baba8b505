"""Row weights that make each label count the same."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.classify.target import LABEL

WEIGHT = "class_weight"


def balanced_weights(counts: Mapping[str, int]) -> dict[str, float]:
    """``n / (labels * n_label)`` for each label that has training rows (scikit-learn's "balanced").

    >>> balanced_weights({"jazz": 1, "rock": 3, "polka": 0})
    {'jazz': 2.0, 'rock': 0.6666666666666666}
    """
    present = {label: n for label, n in counts.items() if n}
    total = sum(present.values())
    return {label: total / (len(present) * n) for label, n in present.items()}


def with_weight(rows: DataFrame, *, weights: Mapping[str, float]) -> DataFrame:
    """Adds ``class_weight``: the weight of the row's ``label``, 1 for a label that has none."""
    weight = F.lit(1.0)
    for label, value in sorted(weights.items()):
        weight = F.when(F.col(LABEL) == label, F.lit(value)).otherwise(weight)
    return rows.withColumn(WEIGHT, weight)
