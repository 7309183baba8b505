"""Hashed samples: the same rows whatever the partitioning."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def hashed_sample(frame: DataFrame, *, key: str, rows: int, seed: int) -> DataFrame:
    """At most ``rows`` rows: those with the smallest ``xxhash64(key, seed)``, ties by key.

    Args:
        frame: One row per ``key``, a column that is never null.
        key: Name of the key column.
        rows: Size of the sample; all rows where there are no more.
        seed: Draws another sample.
    """
    return frame.orderBy(F.xxhash64(key, F.lit(seed).cast("long")), key).limit(rows)
