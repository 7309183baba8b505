"""Models whose learned state is a handful of NumPy arrays: kept beside the metadata, checked by SHA-256."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from pyspark.ml import Model
from pyspark.ml.util import DefaultParamsReader, DefaultParamsWriter, MLReadable, MLWritable
from pyspark.sql import SparkSession

from spark_app.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from pyspark import Broadcast

_FOLDER = "arrays"
_SCHEMA = "name string, dtype string, shape array<bigint>, content binary, sha256 string"


def save_arrays(spark: SparkSession, path: str, arrays: dict[str, np.ndarray]) -> None:
    """Write one Parquet file with a row per array, key ``name`` ``[name, dtype, shape, content, sha256]``."""
    rows = [
        (name, array.dtype.str, list(array.shape), array.tobytes(), _digest(name, array.tobytes()))
        for name, array in sorted(arrays.items())
    ]
    spark.createDataFrame(rows, _SCHEMA).coalesce(1).write.option("compression", "zstd").parquet(path)


def load_arrays(spark: SparkSession, path: str) -> dict[str, np.ndarray]:
    """The arrays that :func:`save_arrays` wrote; numbers only, nothing is unpickled.

    Raises:
        DataError: The content of an array differs from its checksum.
    """
    import numpy as np

    found = {}
    for row in spark.read.schema(_SCHEMA).parquet(path).collect():  # a handful of arrays, as large as the model
        if _digest(row["name"], row["content"]) != row["sha256"]:
            raise DataError(f"{path}: array {row['name']} differs from its checksum", "Train the model again.")
        found[row["name"]] = np.frombuffer(row["content"], dtype=np.dtype(row["dtype"])).reshape(row["shape"])
    return found


def _digest(name: str, content: bytes) -> str:
    return hashlib.sha256(name.encode() + b"\0" + content).hexdigest()


class ArrayWriter(DefaultParamsWriter):
    """Writes Params as metadata and the arrays beside it."""

    def saveImpl(self, path: str) -> None:  # noqa: N802
        """Called by ``save``."""
        super().saveImpl(path)
        save_arrays(self.sparkSession, f"{path}/{_FOLDER}", self.instance.arrays)  # type: ignore[attr-defined]


class ArrayReader(DefaultParamsReader[Any]):
    """Reads what :class:`ArrayWriter` wrote."""

    def load(self, path: str) -> Any:
        """Called by ``load``."""
        model = super().load(path)
        return model.with_arrays(load_arrays(self.sparkSession, f"{path}/{_FOLDER}"))


class ArrayModel(Model, MLReadable[Any], MLWritable):
    """A fitted model whose state is ``arrays``; subclasses add Params and ``_transform``."""

    def __init__(self) -> None:
        super().__init__()
        self.arrays: dict[str, np.ndarray] = {}
        self._sent: Broadcast[Any] | None = None

    def with_arrays(self, arrays: dict[str, np.ndarray]) -> Any:
        """Itself, with this state."""
        self.arrays = arrays
        return self

    def broadcast(self, value: Any) -> Broadcast[Any]:
        """``value`` on every executor, sent once per model."""
        if self._sent is None:
            self._sent = SparkSession.active().sparkContext.broadcast(value)
        return self._sent

    def write(self) -> ArrayWriter:
        """For Spark ML's ``save``."""
        return ArrayWriter(self)

    @classmethod
    def read(cls) -> ArrayReader:
        """For Spark ML's ``load``."""
        return ArrayReader(cls)  # type: ignore[arg-type]
