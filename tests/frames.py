"""Compare frames in tests."""

from __future__ import annotations

from chispa import assert_approx_df_equality
from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def assert_same_rows(actual: DataFrame, expected: DataFrame, *, precision: float = 1e-9) -> None:
    """Same columns and rows in any order; floats may differ by ``precision``.

    Nullability and the metadata of columns are not compared.
    """
    assert_approx_df_equality(
        actual,
        expected,
        precision,
        ignore_nullable=True,
        ignore_row_order=True,
        ignore_column_order=True,
        transforms=[_without_metadata],
    )


def _without_metadata(frame: DataFrame) -> DataFrame:
    # An expression has none; Spark 3.5 takes an alias with empty metadata for one without.
    return frame.select(*[F.coalesce(F.col(f"`{name}`")).alias(name) for name in frame.columns])
