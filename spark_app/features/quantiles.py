"""Exact quantiles of columns."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_app.columns import ALL

STEPS = 100  # quantiles at 0, 1/100 ... 1: 101 numbers a column
_GROUP = "_group"

GroupQuantiles = dict[str, list[list[float]]]


def fit_quantiles(frame: DataFrame, *, values: Sequence[Column], group: str | None = None) -> GroupQuantiles:
    """The percentiles of each column, over everything or per group, in one pass.

    They are exact (linear interpolation between order statistics, NumPy's default), so they do not depend on how the
    rows are spread over partitions; memory grows with the number of distinct values.

    Args:
        frame: Any rows; those with a null group are left out.
        values: Numeric columns without NaN; null is left out.
        group: Column with the groups; None describes all rows as the group ``all``.

    Returns:
        Group -> per column 101 numbers, ascending; an empty list where the column holds no value in the group.
    """
    shares = F.array(*[F.lit(step / STEPS) for step in range(STEPS + 1)])
    found = [F.percentile(value, shares).alias(f"q{position}") for position, value in enumerate(values)]
    if group is None:
        rows = frame.agg(F.lit(ALL).alias(_GROUP), *found).collect()  # one row
    else:
        known = frame.where(F.col(f"`{group}`").isNotNull())
        name = F.col(f"`{group}`").cast("string").alias(_GROUP)
        rows = known.groupBy(name).agg(*found).collect()  # one row per group
    return {row[_GROUP]: [list(row[f"q{position}"] or []) for position in range(len(values))] for row in rows}
