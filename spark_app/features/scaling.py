"""Scaled twins of numeric columns, as a Spark ML estimator: z-scores, ranges, robust units or quantiles."""

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

from spark_app.columns import ALL
from spark_app.errors import DataError, SchemaError
from spark_app.features import scales
from spark_app.features.moments import GroupMoments, Moments, fit_moments
from spark_app.features.quantiles import fit_quantiles
from spark_app.features.scales import METHODS, QUANTILE, ROBUST, SCALED, SUFFIXES, ZSCORE_RANGE


class _ScalerParams(HasInputCols):
    method: Param[str] = Param(Params._dummy(), "method", ", ".join(METHODS), TypeConverters.toString)
    groupCol: Param[str] = Param(  # noqa: N815 - Spark ML's own naming
        Params._dummy(),
        "groupCol",
        "column whose groups are scaled each by itself; unset: all rows",
        TypeConverters.toString,
    )
    log1pCols: Param[list[str]] = Param(  # noqa: N815
        Params._dummy(), "log1pCols", "input columns whose log(1 + x) is scaled", TypeConverters.toListString
    )
    clip: Param[float] = Param(Params._dummy(), "clip", "largest |z|, or |robust|; unset: none", TypeConverters.toFloat)

    def getMethod(self) -> str:  # noqa: N802
        """One of ``scales.METHODS``."""
        return self.getOrDefault(self.method) if self.isDefined(self.method) else ZSCORE_RANGE

    def getGroupCol(self) -> str | None:  # noqa: N802
        """The grouping column, None where all rows are scaled together."""
        return self.getOrDefault(self.groupCol) if self.isDefined(self.groupCol) else None

    def getLog1pCols(self) -> list[str]:  # noqa: N802
        """Columns whose logarithm is scaled."""
        return self.getOrDefault(self.log1pCols) if self.isDefined(self.log1pCols) else []

    def getClip(self) -> float | None:  # noqa: N802
        """Largest distance from 0, None where nothing is clipped."""
        return self.getOrDefault(self.clip) if self.isDefined(self.clip) else None

    def _check_unscaled(self, dataset: DataFrame) -> None:
        names = self.getInputCols()
        twins = {name + suffix for name in names for suffix in SUFFIXES}
        scaled = {name for name in names if name.endswith(SUFFIXES)} | twins.intersection(dataset.columns)
        # A renamed twin keeps its metadata.
        scaled |= {field.name for field in dataset.schema.fields if field.name in names and SCALED in field.metadata}
        if scaled:
            raise SchemaError(
                f"already scaled: {sorted(scaled)}", "Scale the curated columns, not the result of scaling."
            )

    def _value(self, name: str) -> Column:
        """The double to scale; a negative input of log1p stops the job without telling the value."""
        value = F.col(f"`{name}`").cast("double")
        if name not in self.getLog1pCols():
            return value
        refusal = F.raise_error(F.lit(f"log1p of a negative {name}")).cast("double")
        return F.when(value < 0, refusal).otherwise(F.log1p(value))


class FeatureScaler(Estimator, _ScalerParams, DefaultParamsReadable, DefaultParamsWritable):
    """Adds scaled twins of each input column ``c``, with numbers learned from the data given to ``fit``.

    ==============  ==============================================================================================
    method          columns
    ==============  ==============================================================================================
    zscore          ``c_z = (c - mean) / std``, population standard deviation
    zscore_range    ``c_z`` and ``c_range = c_z / max|c_z|``: the two stages of document 003, in one pass (default)
    robust          ``c_robust = (c - median) / (q75 - q25)``; divided by 1 where the quartiles are equal
    quantile        ``c_quantile``: the empirical distribution function, uniform on [0, 1], by 101 exact quantiles
    ==============  ==============================================================================================

    ``log1pCols`` are scaled as ``log(1 + c)`` under the same names. ``clip`` bounds ``_z`` and ``_robust`` to
    [-clip, clip]; ``_range`` then divides by the largest clipped |z|. ``_range`` lies on [-1, 1] for the data of
    ``fit``; other data may exceed it. A column that was constant in ``fit`` gives 0 (``quantile``: 0.5), for other
    data too. Null stays null, as does any value of a column or group that held no value in ``fit``, or whose group
    is null. The results carry metadata, so that a renamed twin is known as scaled; in tables the suffix tells.

    Raises:
        UsageError: from ``fit``, for an unknown method, or a clip or log1p column that does not go with the rest.
        SchemaError: from ``fit`` and ``transform``, when columns are missing, not numeric or scaled already.
        DataError: from ``fit``, when there is no row, a column holds NaN or an infinity (named in the message), or
            a column of ``log1pCols`` holds a negative value; ``transform`` stops Spark's job for the latter.
    """

    _input_kwargs: dict[str, Any]  # set by keyword_only

    @keyword_only
    def __init__(
        self,
        *,
        inputCols: list[str] | None = None,  # noqa: N803
        method: str = ZSCORE_RANGE,
        groupCol: str | None = None,  # noqa: N803
        log1pCols: list[str] | None = None,  # noqa: N803
        clip: float | None = None,
    ) -> None:
        super().__init__()
        self._set(**self._input_kwargs)

    def _fit(self, dataset: DataFrame) -> FeatureScalerModel:
        names, method, group = self.getInputCols(), self.getMethod(), self.getGroupCol()
        scales.check_method(method, clip=self.getClip(), columns=names, log1p=self.getLog1pCols())
        self._check_unscaled(dataset)
        moments = fit_moments(self._to_fit(dataset), columns=names, group=group)
        needs_quantiles = method in {ROBUST, QUANTILE}
        values = [self._value(name) for name in names]
        quantiles = fit_quantiles(dataset, values=values, group=group) if needs_quantiles else {}
        model = FeatureScalerModel()._set(
            groups=list(moments),
            state=[_numbers(m) for found in moments.values() for m in found],
            quantiles=[numbers for name in moments for numbers in quantiles.get(name, [])],
        )
        model._resetUid(self.uid)
        return self._copyValues(model)

    def _to_fit(self, dataset: DataFrame) -> DataFrame:
        logged = self.getLog1pCols()
        if not logged:
            return dataset
        lowest = dataset.agg(*[F.min(F.col(f"`{name}`")).alias(name) for name in logged]).collect()[0]  # one row
        negative = [name for name in logged if lowest[name] is not None and lowest[name] < 0]
        if negative:
            raise DataError(f"cannot take log1p of {negative}: negative values", "Take them out of log1pCols.")
        return dataset.withColumns({name: self._value(name) for name in logged})


class FeatureScalerModel(Model, _ScalerParams, DefaultParamsReadable, DefaultParamsWritable):
    """Fitted by :class:`FeatureScaler`; what it learned are Params, so saving needs no further file.

    The largest state is that of ``quantile`` by group: 101 numbers for each group and column.
    """

    groups: Param[Any] = Param(
        Params._dummy(), "groups", "groups seen in fit; 'all' where there is no groupCol", TypeConverters.toListString
    )
    state: Param[Any] = Param(
        Params._dummy(),
        "state",
        "n, n_null, mean, m2, min, max: one list per group and column",
        TypeConverters.toListListFloat,
    )
    quantiles: Param[Any] = Param(
        Params._dummy(), "quantiles", "of robust and quantile: one list per group and column", TypeConverters.toList
    )

    @property
    def moments(self) -> GroupMoments:
        """Group -> one ``Moments`` per input column (of its logarithm for ``log1pCols``)."""
        state = self.getOrDefault(self.state)
        return {name: tuple(_from_numbers(numbers) for numbers in state[at]) for name, at in self._slices()}

    @classmethod
    def from_moments(cls, moments: GroupMoments, *, columns: Sequence[str], group: str | None) -> FeatureScalerModel:
        """A ``zscore_range`` model without a pass over the rows, such as from merged moments."""
        model = cls()._set(
            inputCols=list(columns),
            method=ZSCORE_RANGE,
            groups=list(moments),
            state=[_numbers(m) for found in moments.values() for m in found],
            quantiles=[],
        )
        return model._set(groupCol=group) if group is not None else model

    def _slices(self) -> list[tuple[str, slice]]:
        width = len(self.getInputCols())
        names = self.getOrDefault(self.groups)
        return [(name, slice(start * width, (start + 1) * width)) for start, name in enumerate(names)]

    def _group_quantiles(self) -> dict[str, list[list[float]]]:
        found = self.getOrDefault(self.quantiles)
        return {name: found[at] or [[]] * len(self.getInputCols()) for name, at in self._slices()}

    def _transform(self, dataset: DataFrame) -> DataFrame:
        self._check_unscaled(dataset)
        if self.getMethod() == QUANTILE:
            return dataset.withColumns(self._marked(self._quantile_twins()))
        names, group = self.getInputCols(), self.getGroupCol()
        values, learned = [self._value(name) for name in names], self._scales()
        method, clip = self.getMethod(), self.getClip()
        if group is None:
            numbers = [scales.literals(scale) for scale in learned[ALL]]
            twins = scales.linear_twins(names, values, numbers, method=method, clip=clip)
            return dataset.withColumns(self._marked(twins))
        joined, columns, added = scales.with_scales(dataset, group=group, scales=learned, width=len(names))
        twins = scales.linear_twins(names, values, columns, method=method, clip=clip)
        return joined.withColumns(self._marked(twins)).drop(*added)

    def _scales(self) -> dict[str, list[scales.Scale]]:
        method, quantiles = self.getMethod(), self._group_quantiles()
        return {
            name: [scales.linear_scale(method, m, q) for m, q in zip(found, quantiles[name], strict=True)]
            for name, found in self.moments.items()
        }

    def _quantile_twins(self) -> dict[str, Column]:
        from spark_app.features.placing import quantile_column

        group, quantiles = self.getGroupCol(), self._group_quantiles()
        name_of_group = F.lit(ALL) if group is None else F.col(f"`{group}`").cast("string")
        return {
            name + suffix: quantile_column(
                self._value(name), name_of_group, {g: found[position] for g, found in quantiles.items()}
            )
            for suffix in METHODS[QUANTILE]
            for position, name in enumerate(self.getInputCols())
        }

    def _marked(self, twins: dict[str, Column]) -> dict[str, Column]:
        return {name: twin.alias(name, metadata={SCALED: self.getMethod()}) for name, twin in twins.items()}


def _numbers(m: Moments) -> list[float]:
    bounds = [m.minimum, m.maximum] if m.n else [0.0, 0.0]  # JSON has no infinities
    return [float(m.n), float(m.n_null), m.mean, m.m2, *bounds]


def _from_numbers(numbers: Sequence[float]) -> Moments:
    n, n_null, mean, m2, minimum, maximum = numbers
    return Moments(int(n), int(n_null), mean, m2, minimum, maximum) if n else Moments(n_null=int(n_null))
