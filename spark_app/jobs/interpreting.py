"""Whether Spark compiles the expressions of a job or interprets them.

A class per expression is compiled in some ten milliseconds, and run slowly until the JVM has compiled it once more:
over a few thousand rows that takes longer than evaluating the expression node by node, which gives the same values.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING

from spark_app.spark_conf import conf_set
from spark_app.tables.local import count_rows, has_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import SparkSession

    from spark_app.settings import Settings

# Measured on the sample catalogue of 20,000 tracks: the steps up to training, which read up to 60,000 rows, gain a
# seventh; recommendations, from 200,000 neighbours, lose a third.
MOST_ROWS = 70_000
_BYTES_A_ROW = 200  # of a text file of tracks
_COMPRESSED = (".gz", ".parquet")
_COMPRESSION = 3  # about as many rows in as many bytes
_MODE, _BY_DEFAULT = "spark.sql.codegen.factoryMode", "FALLBACK"


def interpreted_if_small(spark: SparkSession, settings: Settings, reads: Sequence[str]) -> AbstractContextManager[None]:
    """While it lasts, expressions are interpreted where all that a job reads is small; on local Spark alone, and
    not where the user has chosen a mode.

    Args:
        spark: Its setting comes back afterwards.
        settings: Where tables and sources lie.
        reads: Names of the tables that the job reads; without any it reads the sources.
    """
    is_ours = (spark.sparkContext.master or "").startswith("local") and spark.conf.get(_MODE) == _BY_DEFAULT
    return conf_set(spark, {_MODE: "NO_CODEGEN"} if is_ours and _is_small(settings, reads) else {})


def _is_small(settings: Settings, reads: Sequence[str]) -> bool:
    there = [name for name in reads if has_table(settings.root, name)]
    counts = [count_rows(settings.root, name) for name in there] if reads else [source_rows(settings)]
    return all(rows is not None and rows <= MOST_ROWS for rows in counts)


def source_rows(settings: Settings) -> int | None:
    """Tracks that the sources hold: exact for the sample catalogue, guessed from the size of local files otherwise;
    None where that cannot be known (S3, folders, no such file).
    """
    if settings.uses_sample:
        return settings.sample.tracks
    paths = [Path(path) for path in glob(settings.sources.tracks)]
    if not paths or not all(path.is_file() for path in paths):
        return None
    n_bytes = sum(path.stat().st_size * (_COMPRESSION if path.suffix in _COMPRESSED else 1) for path in paths)
    return n_bytes // _BYTES_A_ROW
