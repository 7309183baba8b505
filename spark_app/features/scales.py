"""What each scaling method does with one value: the learned numbers, and the columns made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_app.errors import UsageError
from spark_app.features.moments import Moments

Z_SUFFIX = "_z"
RANGE_SUFFIX = "_range"
ROBUST_SUFFIX = "_robust"
QUANTILE_SUFFIX = "_quantile"

ZSCORE = "zscore"
ZSCORE_RANGE = "zscore_range"
ROBUST = "robust"
QUANTILE = "quantile"

# Method -> suffixes of the columns that it adds.
METHODS = {
    ZSCORE: (Z_SUFFIX,),
    ZSCORE_RANGE: (Z_SUFFIX, RANGE_SUFFIX),
    ROBUST: (ROBUST_SUFFIX,),
    QUANTILE: (QUANTILE_SUFFIX,),
}
SUFFIXES = (Z_SUFFIX, RANGE_SUFFIX, ROBUST_SUFFIX, QUANTILE_SUFFIX)
SCALED = "spark_app.scaled"  # name in a column's metadata; its value is the method

_GROUP = "_scale_group"
_PARTS = ("centre", "spread", "largest")


@dataclass(frozen=True)
class Scale:
    """One linear scale ``(x - centre) / spread``.

    Attributes:
        centre: In the column's unit; None where the column held no value in ``fit``.
        spread: In the column's unit, above 0.
        largest: Largest result, as a distance from 0, in the data of ``fit``; 0 marks a constant column.
    """

    centre: float | None
    spread: float
    largest: float


def linear_scale(method: str, moments: Moments, quantiles: Sequence[float]) -> Scale:
    """The scale of one column.

    Args:
        method: ``zscore``, ``zscore_range`` or ``robust``.
        moments: Of the column.
        quantiles: For ``robust``: at shares that are evenly spaced on [0, 1], a multiple of four of them apart.
    """
    if not moments.n:
        return Scale(None, 1.0, 0.0)
    if moments.is_constant:  # a spread of 1 stands in for 0, as ANSI mode forbids dividing by zero
        return Scale(moments.mean, 1.0, 0.0)
    if method != ROBUST:
        return Scale(moments.mean, moments.std, moments.max_abs_z)
    quarter = (len(quantiles) - 1) // 4
    low, centre, high = (quantiles[quarter * step] for step in (1, 2, 3))
    spread = high - low if high > low else 1.0
    return Scale(centre, spread, max(moments.maximum - centre, centre - moments.minimum) / spread)


def linear_twins(
    names: Sequence[str],
    values: Sequence[Column],
    scales: Sequence[Sequence[Column]],
    *,
    method: str,
    clip: float | None,
) -> dict[str, Column]:
    """The scaled columns by name; null where the value or the centre is null, 0 for a constant column.

    Args:
        names: Input columns.
        values: The doubles to scale, one per name.
        scales: Centre, spread and largest of each, as columns.
        method: ``zscore``, ``zscore_range`` or ``robust``.
        clip: Largest distance from 0, in the unit of the first result; None leaves outliers alone.
    """
    twins: dict[str, Column] = {}
    for name, value, (centre, spread, largest) in zip(names, values, scales, strict=True):
        # The same doubles as on the driver, in the same order: the largest |range| is 1 exactly.
        scaled, known, varies = (value - centre) / spread, value.isNotNull() & centre.isNotNull(), largest > 0
        if clip is not None:
            # greatest and least skip nulls; the null check below stands before them.
            scaled, largest = F.greatest(F.lit(-clip), F.least(F.lit(clip), scaled)), F.least(largest, F.lit(clip))
        results = [scaled, scaled / largest] if method == ZSCORE_RANGE else [scaled]
        for suffix, result in zip(METHODS[method], results, strict=True):
            twins[name + suffix] = F.when(known & varies, result).when(known, F.lit(0.0))
    return twins


def literals(scale: Scale) -> tuple[Column, ...]:
    """Centre, spread and largest as literal columns."""
    return tuple(F.lit(value).cast("double") for value in (scale.centre, scale.spread, scale.largest))


def with_scales(
    frame: DataFrame, *, group: str, scales: dict[str, list[Scale]], width: int
) -> tuple[DataFrame, list[list[Column]], list[str]]:
    """The frame with its group's numbers beside each row.

    Returns:
        The frame; for each of ``width`` columns its centre, spread and largest; the names that were added.
        A group that ``scales`` does not hold, and a null group, have null.
    """
    names = [f"_scale_{part}_{position}" for position in range(width) for part in _PARTS]
    fields = [T.StructField(_GROUP, T.StringType()), *[T.StructField(name, T.DoubleType()) for name in names]]
    rows = [
        (name, *[number for s in found for number in (s.centre, s.spread, s.largest)]) for name, found in scales.items()
    ]
    table = frame.sparkSession.createDataFrame(rows, T.StructType(fields))
    joined = frame.join(F.broadcast(table), on=F.col(f"`{group}`").cast("string") == F.col(_GROUP), how="left")
    columns = [F.col(name) for name in names]
    return joined, [columns[start : start + 3] for start in range(0, len(columns), 3)], [_GROUP, *names]


def check_method(method: str, *, clip: float | None, columns: Sequence[str], log1p: Sequence[str]) -> None:
    """Refuses what no method can do.

    Raises:
        UsageError: An unknown method, a clip that is not above 0 or that ``quantile`` cannot use, or a column of
            ``log1p`` that is not scaled.
    """
    if method not in METHODS:
        raise UsageError(f"there is no scaling method {method}", f"Methods: {', '.join(METHODS)}")
    if clip is not None and (method == QUANTILE or not clip > 0):
        raise UsageError(
            f"clip={clip:g} does not go with the method {method}",
            "Give a clip above 0 with zscore, zscore_range or robust; quantiles lie on [0, 1] as they are.",
        )
    strange = [name for name in log1p if name not in columns]
    if strange:
        raise UsageError(f"log1pCols names {strange}, which inputCols does not", f"inputCols: {list(columns)}")
