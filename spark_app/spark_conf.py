"""Settings of a running Spark session, changed for a while."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from pyspark.sql import SparkSession

# Measured on the sample catalogue. Steps that read up to 60,000 rows gain a seventh where expressions are interpreted
# node by node, which gives the same values as compiling a class for each; from 200,000 rows they lose a third.
INTERPRETED_ROWS = 70_000
# Up to here, compiling a class for every stage and planning anew after each shuffle take longer than they save.
PLAIN_ROWS = 500_000

_SHUFFLE_PARTITIONS = "spark.sql.shuffle.partitions"
_COMPILED = ("spark.sql.codegen.factoryMode", "FALLBACK", "NO_CODEGEN")
_WHOLE_STAGE = ("spark.sql.codegen.wholeStage", "true", "false")
_ADAPTIVE = ("spark.sql.adaptive.enabled", "true", "false")


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


def planned_for(spark: SparkSession, rows: int | None) -> AbstractContextManager[None]:
    """While it lasts, Spark spends as much on planning and compiling as inputs of this size are worth.

    Small ones are interpreted, planned once, and shuffled into as many partitions as there are cores; large ones, and
    those whose size is not known, run as the runner configured Spark. A setting that somebody has moved from Spark's
    default stays. Values do not depend on any of this.

    Args:
        spark: Its settings come back afterwards.
        rows: Of the largest input; None where that is not known.
    """
    if rows is None or rows > PLAIN_ROWS:
        return conf_set(spark, {})
    wanted = [_WHOLE_STAGE, _ADAPTIVE, *([_COMPILED] if rows <= INTERPRETED_ROWS else [])]
    values = {name: value for name, default, value in wanted if spark.conf.get(name, default) == default}
    if rows <= INTERPRETED_ROWS:
        fewest = spark.sparkContext.defaultParallelism
        values[_SHUFFLE_PARTITIONS] = str(min(fewest, int(spark.conf.get(_SHUFFLE_PARTITIONS, "200") or 200)))
    return conf_set(spark, values)
