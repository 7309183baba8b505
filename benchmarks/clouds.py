"""Generated training rows of known difficulty, the same for every benchmark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

N_FEATURES, N_LABELS = 13, 6
_CLOUDS = 12  # per label
_SPREAD = 0.95  # of a cloud; the centres have a standard deviation of 1


def clouds(rows: int, *, seed: int = 11, spread: float = _SPREAD) -> tuple[np.ndarray, np.ndarray]:
    """Values ``(rows, 13)`` and labels 0 to 5: twelve overlapping clouds a label."""
    centres = np.random.default_rng(seed).normal(size=(N_LABELS, _CLOUDS, N_FEATURES))
    random = np.random.default_rng([seed, rows])
    labels, cloud = random.integers(N_LABELS, size=rows), random.integers(_CLOUDS, size=rows)
    return centres[labels, cloud] + spread * random.normal(size=(rows, N_FEATURES)), labels


def frame(spark: SparkSession, values: np.ndarray, labels: np.ndarray, partitions: int) -> DataFrame:
    """The same rows as ``[row, features, label_index]``, cached and counted."""
    import pandas as pd
    from pyspark.ml.feature import VectorAssembler
    from pyspark.sql import functions as F

    names = [f"f{i}" for i in range(values.shape[1])]
    table = pd.DataFrame(values, columns=names).assign(row=np.arange(len(values)), label_index=labels.astype(float))
    plain = spark.createDataFrame(table).repartition(partitions, "row").sortWithinPartitions("row")
    metadata = {"ml_attr": {"type": "nominal", "name": "label_index", "vals": [str(i) for i in np.unique(labels)]}}
    rows = VectorAssembler(inputCols=names, outputCol="features").transform(plain)
    kept = rows.select("row", "features", F.col("label_index").alias("label_index", metadata=metadata)).persist()
    kept.count()
    return kept
