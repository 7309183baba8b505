"""Hashed samples: the same rows whatever the partitioning."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F


def hashed_sample(frame: DataFrame, *, key: str, rows: int, seed: int) -> DataFrame:
    """At most ``rows`` rows: those with the smallest ``xxhash64(key, seed)``, ties by key.

    Args:
        frame: One row per ``key``, a column that is never null.
        key: Name of the key column.
        rows: Size of the sample; all rows where there are no more.
        seed: Draws another sample.
    """
    return frame.orderBy(draw(key, seed=seed), key).limit(rows)


def draw(key: str, *, seed: int) -> Column:
    """A number that orders rows as if drawn at random: ``xxhash64(key, seed)``.

    >>> spark.range(1).select((draw("id", seed=1) == F.xxhash64("id", F.lit(1).cast("long"))).alias("same")).first()
    Row(same=True)
    """
    return F.xxhash64(key, F.lit(seed).cast("long"))
