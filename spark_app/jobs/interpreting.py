"""Whether Spark compiles the expressions of a job or interprets them.

A class per expression is compiled in some ten milliseconds, and run slowly until the JVM has compiled it once more:
over a few thousand rows that takes longer than evaluating the expression node by node, which gives the same values.
"""

from __future__ import annotations

from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING

from spark_app.tables.local import count_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import SparkSession

    from spark_app.settings import Settings

# Measured on the sample catalogue of 20,000 tracks: the steps up to training, which read up to 60,000 rows, gain a
# seventh; recommendations, from 200,000 neighbours, lose a third.
MOST_ROWS = 70_000
_BYTES_A_ROW = 200  # of a text file of tracks
_MODE = "spark.sql.codegen.factoryMode"


def interpret_small(spark: SparkSession, settings: Settings, reads: Sequence[str]) -> None:
    """Let the next job's expressions be interpreted where nothing that it reads is large; local Spark alone.

    Args:
        spark: Its runtime configuration is changed.
        settings: Where tables and sources lie.
        reads: Names of the tables that the job reads; without any it reads the sources.
    """
    if not (spark.sparkContext.master or "").startswith("local"):
        return
    rows = max((count_rows(settings.root, name) for name in reads), default=source_rows(settings))
    spark.conf.set(_MODE, "NO_CODEGEN" if rows <= MOST_ROWS else "FALLBACK")


def source_rows(settings: Settings) -> int:
    """Tracks that the sources hold: exact for the sample catalogue, from the size of local files otherwise."""
    if settings.uses_sample:
        return settings.sample.tracks
    n_bytes = sum(Path(path).stat().st_size for path in glob(settings.sources.tracks) if Path(path).is_file())
    return n_bytes // _BYTES_A_ROW if n_bytes else MOST_ROWS + 1  # on S3, or a folder
