"""Compare frames in tests."""

from __future__ import annotations

from chispa import assert_approx_df_equality
from pyspark.sql import DataFrame


def assert_same_rows(actual: DataFrame, expected: DataFrame, *, precision: float = 1e-9) -> None:
    """Same columns and rows in any order; floats may differ by ``precision``; nullability is not compared."""
    assert_approx_df_equality(
        actual, expected, precision, ignore_nullable=True, ignore_row_order=True, ignore_column_order=True
    )
