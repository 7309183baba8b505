"""Fitted models below a root: saved by Spark ML itself, and loaded only where every file is what was saved."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.ml import PipelineModel
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from spark_app.errors import DataError

_REMEDY = "Train and promote a model anew: spark-app train_genre_classifiers"


@dataclass(frozen=True)
class StoredModel:
    """A saved model.

    Attributes:
        folder: Below the root.
        files: ``<sha256> <path below the folder>``, sorted by path.
        n_bytes: Of all files.
        sha256: Over ``files``.
    """

    folder: str
    files: tuple[str, ...]
    n_bytes: int
    sha256: str


def save_model(spark: SparkSession, root: str, folder: str, model: PipelineModel) -> StoredModel:
    """Write a model to a new folder and note what its files hold."""
    model.write().overwrite().save(f"{root}/{folder}")
    files, n_bytes = _files(spark, root, folder)
    return StoredModel(folder, files, n_bytes, _digest(files))


def load_model(spark: SparkSession, root: str, folder: str, *, files: Sequence[str]) -> PipelineModel:
    """Read a model whose files are those of ``files``: nothing is loaded before all of them have been checked.

    Raises:
        DataError: The folder is gone, or a file is missing, new or changed; names the first.
    """
    found, _ = _files(spark, root, folder)
    differing = sorted({line.split(" ", 1)[1] for line in set(found) ^ set(files)})
    if differing:
        raise DataError(
            f"the model in {root}/{folder} is not what was saved: {len(differing)} files differ, such as "
            f"{differing[0]}",
            _REMEDY,
        )
    return PipelineModel.load(f"{root}/{folder}")


def delete_model(spark: SparkSession, root: str, folder: str) -> None:
    """Remove a saved model; nothing happens where there is none."""
    jvm = spark._jvm
    assert jvm is not None
    path = jvm.org.apache.hadoop.fs.Path(f"{root}/{folder}")
    path.getFileSystem(spark._jsc.hadoopConfiguration()).delete(path, True)


def _files(spark: SparkSession, root: str, folder: str) -> tuple[tuple[str, ...], int]:
    from pyspark.errors import AnalysisException

    reader = spark.read.format("binaryFile").option("recursiveFileLookup", "true")
    try:
        listed = reader.load(f"{root}/{folder}").select("path", "length", F.sha2("content", 256).alias("sha"))
    except AnalysisException:  # raised at once where the path does not exist
        raise DataError(f"there is no model in {root}/{folder}", _REMEDY) from None
    rows = listed.collect()  # the files of one model, some dozens
    lines = [(row["path"].rsplit(f"/{folder}/", 1)[-1], row["sha"]) for row in rows]
    return tuple(f"{sha} {path}" for path, sha in sorted(lines)), sum(row["length"] for row in rows)


def _digest(files: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(files).encode()).hexdigest()
