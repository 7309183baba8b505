"""Sums over rows that NumPy forms task by task: one pass, and nothing but the sums comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from pyspark.ml.functions import vector_to_array
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_app.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

# Values (n_rows, n_features), labels (n_rows,), weights (n_rows,) of one batch -> numbers that can be added.
Summand = Callable[["np.ndarray", "np.ndarray", "np.ndarray"], "np.ndarray"]


def training_rows(dataset: DataFrame, *, features: str, label: str, weight: str | None) -> DataFrame:
    """``[values array<double>, label int, weight double]``, one row per training row."""
    of_weight: Column = F.col(weight).cast("double") if weight else F.lit(1.0)
    return dataset.select(
        vector_to_array(F.col(features)).alias("values"),
        F.col(label).cast("int").alias("label"),
        of_weight.alias("weight"),
    )


def summed(rows: DataFrame, summand: Summand) -> np.ndarray:
    """The sum of ``summand`` over all batches of rows.

    Args:
        rows: From :func:`training_rows`; without NaN or null.
        summand: Formed in the tasks.

    Raises:
        DataError: There is no row.
    """
    import numpy as np

    def partial(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        total = None
        for batch in batches:
            if batch.num_rows:
                found = summand(*_numbers(batch))
                total = found if total is None else total + found
        if total is not None:
            yield pa.RecordBatch.from_pydict({"sums": [np.asarray(total, dtype=np.float64).tobytes()]})

    found = rows.mapInArrow(partial, "sums binary").collect()  # one row per partition, each as large as the result
    if not found:
        raise DataError("no row to train on", "See: spark-app show models.splits")
    return np.sum([np.frombuffer(row["sums"]) for row in found], axis=0)


def _numbers(batch: pa.RecordBatch) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    values = batch.column("values").flatten().to_numpy(zero_copy_only=False).reshape(batch.num_rows, -1)
    label, weight = (batch.column(name).to_numpy(zero_copy_only=False) for name in ("label", "weight"))
    return values, label, weight
