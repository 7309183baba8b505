"""Places of values in arrays, on both Spark lines."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F


def array_position(array: Column, value: Column) -> Column:
    """Place of a column's value in an array from 1 on, 0 where it is not there, null where either is null.

    Spark 3.5's own takes literals alone.
    """
    return F.call_function("array_position", array, value)
