"""Settings of a running Spark session, changed for a while."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pyspark.sql import SparkSession


@contextmanager
def conf_set(spark: SparkSession, values: Mapping[str, str]) -> Iterator[None]:
    """While it lasts, the session has these settings; what it had before comes back afterwards.

    >>> with conf_set(spark, {"spark.sql.shuffle.partitions": "7"}):
    ...     spark.range(9).repartition("id").rdd.getNumPartitions()
    7
    """
    before = {name: spark.conf.get(name, None) for name in values}
    for name, value in values.items():
        spark.conf.set(name, value)
    try:
        yield
    finally:
        for name, old in before.items():
            if old is None:
                spark.conf.unset(name)
            else:
                spark.conf.set(name, old)
