"""Document 003's two-stage normalisation as a Spark ML estimator: z-score, then division by the largest |z|."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyspark import keyword_only
from pyspark.ml import Estimator, Model
from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.param.shared import HasInputCols
from pyspark.ml.util import DefaultParamsReadable, DefaultParamsWritable
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_app.columns import ALL
from spark_app.errors import SchemaError
from spark_app.features.moments import GroupMoments, Moments, fit_moments

Z_SUFFIX = "_z"
RANGE_SUFFIX = "_range"
_STAT = "_scale_{part}_{position}"
_STAT_GROUP = "_scale_group"


class _ZRangeParams(HasInputCols):
    groupCol: Param[str] = Param(  # noqa: N815 - Spark ML's own naming
        Params._dummy(),
        "groupCol",
        "column whose groups are scaled each by itself; unset: all rows",
        TypeConverters.toString,
    )

    def getGroupCol(self) -> str | None:  # noqa: N802
        """The grouping column, None where all rows are scaled together."""
        return self.getOrDefault(self.groupCol) if self.isDefined(self.groupCol) else None

    def _check_unscaled(self, dataset: DataFrame) -> None:
        names = self.getInputCols()
        twins = {name + suffix for name in names for suffix in (Z_SUFFIX, RANGE_SUFFIX)}
        scaled = [name for name in names if name.endswith((Z_SUFFIX, RANGE_SUFFIX))]
        scaled += sorted(twins.intersection(dataset.columns))
        if scaled:
            raise SchemaError(f"already scaled: {scaled}", "Scale the curated columns, not the result of scaling.")


class ZRangeScaler(Estimator, _ZRangeParams, DefaultParamsReadable, DefaultParamsWritable):
    """Adds ``<c>_z = (c - mean) / std`` and ``<c>_range = <c>_z / max|<c>_z|`` for each input column.

    ``std`` is the population standard deviation; means, deviations and bounds come from the data given to ``fit``,
    in one pass (two-stage normalisation of document 003). ``_range`` lies on [-1, 1] for that data; other data may
    exceed it. A column that was constant in ``fit`` gives 0 and 0. Null stays null, as does any value of a column
    or group that held no value in ``fit``, or whose group is null.

    Raises:
        SchemaError: from ``fit`` and ``transform``, when columns are missing, not numeric or scaled already.
        DataError: from ``fit``, when there is no row, or a column holds NaN or an infinity (named in the message).
    """

    _input_kwargs: dict[str, Any]  # set by keyword_only

    @keyword_only
    def __init__(self, *, inputCols: list[str] | None = None, groupCol: str | None = None) -> None:  # noqa: N803
        super().__init__()
        self._set(**self._input_kwargs)

    def _fit(self, dataset: DataFrame) -> ZRangeScalerModel:
        self._check_unscaled(dataset)
        moments = fit_moments(dataset, columns=self.getInputCols(), group=self.getGroupCol())
        model = ZRangeScalerModel()._set(
            groups=list(moments), state=[_numbers(m) for group in moments.values() for m in group]
        )
        model._resetUid(self.uid)
        return self._copyValues(model)


class ZRangeScalerModel(Model, _ZRangeParams, DefaultParamsReadable, DefaultParamsWritable):
    """Fitted by :class:`ZRangeScaler`; its moments are Params, so saving needs no further file."""

    groups: Param[Any] = Param(
        Params._dummy(), "groups", "groups seen in fit; 'all' where there is no groupCol", TypeConverters.toListString
    )
    state: Param[Any] = Param(
        Params._dummy(),
        "state",
        "n, n_null, mean, m2, min, max: one list per group and column",
        TypeConverters.toListListFloat,
    )

    @property
    def moments(self) -> GroupMoments:
        """Group -> one ``Moments`` per input column."""
        width, state = len(self.getInputCols()), self.getOrDefault(self.state)
        return {
            group: tuple(_from_numbers(numbers) for numbers in state[start * width : (start + 1) * width])
            for start, group in enumerate(self.getOrDefault(self.groups))
        }

    def _transform(self, dataset: DataFrame) -> DataFrame:
        self._check_unscaled(dataset)
        group = self.getGroupCol()
        if group is None:
            return dataset.withColumns(_twins(self.getInputCols(), [_literals(m) for m in self.moments[ALL]]))
        return self._transform_groups(dataset, group)

    def _transform_groups(self, dataset: DataFrame, group: str) -> DataFrame:
        names = self.getInputCols()
        stats = _stats_frame(dataset, self.moments)
        joined = dataset.join(
            F.broadcast(stats), on=F.col(f"`{group}`").cast("string") == F.col(_STAT_GROUP), how="left"
        )
        scales = [tuple(F.col(name) for name in _stat_names(position)) for position in range(len(names))]
        return joined.withColumns(_twins(names, scales)).drop(*stats.columns)


def stats_rows(moments: GroupMoments, *, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Rows of ``features.audio_stats``, one per feature and group.

    A feature without any value in a group has null everywhere but in the counts.
    """
    return [
        _stats_row(feature, group, m)
        for group, found in moments.items()
        for feature, m in zip(columns, found, strict=True)
    ]


def _stats_row(feature: str, group: str, m: Moments) -> dict[str, Any]:
    row: dict[str, Any] = {"feature": feature, "genre_group": group, "n": m.n, "n_null": m.n_null}
    values = {
        "mean": m.mean,
        "m2": m.m2,
        "std": m.std,
        "min": m.minimum,
        "max": m.maximum,
        "max_abs_z": m.max_abs_z,
        "is_constant": m.is_constant,
    }
    return {**row, **(values if m.n else dict.fromkeys(values))}


def _twins(names: Sequence[str], scales: Sequence[tuple[Column, ...]]) -> dict[str, Column]:
    twins = {}
    for name, (mean, std, largest) in zip(names, scales, strict=True):
        # The same doubles as on the driver, in the same order: the largest |range| is 1 exactly.
        z = (F.col(f"`{name}`").cast("double") - mean) / std
        known = F.col(f"`{name}`").isNotNull() & mean.isNotNull()
        varies = largest > 0
        twins[name + Z_SUFFIX] = F.when(known & varies, z).when(known, F.lit(0.0))
        twins[name + RANGE_SUFFIX] = F.when(known & varies, z / largest).when(known, F.lit(0.0))
    return twins


def _scale(m: Moments) -> tuple[float | None, float, float]:
    """Mean, deviation, largest |z|; a deviation of 1 stands in for 0, as ANSI mode forbids dividing by zero."""
    return (m.mean, 1.0, 0.0) if m.std == 0 and m.n else (m.mean if m.n else None, m.std or 1.0, m.max_abs_z)


def _literals(m: Moments) -> tuple[Column, ...]:
    return tuple(F.lit(value).cast("double") for value in _scale(m))


def _stat_names(position: int) -> list[str]:
    return [_STAT.format(part=part, position=position) for part in ("mean", "std", "max")]


def _stats_frame(dataset: DataFrame, moments: GroupMoments) -> DataFrame:
    """One row per group, key ``_scale_group``, with three numbers per column."""
    width = len(next(iter(moments.values())))
    names = [name for position in range(width) for name in _stat_names(position)]
    fields = [T.StructField(_STAT_GROUP, T.StringType())] + [T.StructField(name, T.DoubleType()) for name in names]
    rows = [(name, *[value for m in found for value in _scale(m)]) for name, found in moments.items()]
    return dataset.sparkSession.createDataFrame(rows, T.StructType(fields))


def _numbers(m: Moments) -> list[float]:
    bounds = [m.minimum, m.maximum] if m.n else [0.0, 0.0]  # JSON has no infinities
    return [float(m.n), float(m.n_null), m.mean, m.m2, *bounds]


def _from_numbers(numbers: Sequence[float]) -> Moments:
    n, n_null, mean, m2, minimum, maximum = numbers
    return Moments(int(n), int(n_null), mean, m2, minimum, maximum) if n else Moments(n_null=int(n_null))
