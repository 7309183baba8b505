"""Missing audio features: the training median, and a column that says that it was missing."""

from __future__ import annotations

from typing import Any

from pyspark import keyword_only
from pyspark.ml import Estimator, Model
from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.param.shared import HasInputCols
from pyspark.ml.util import DefaultParamsReadable, DefaultParamsWritable
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.errors import DataError

FILLED_SUFFIX = "_filled"
MISSING_SUFFIX = "_missing"


class MedianImputer(Estimator, HasInputCols, DefaultParamsReadable, DefaultParamsWritable):
    """Adds ``<c>_filled`` (null becomes the median of ``fit``) and ``<c>_missing`` (1 where it was null, else 0).

    As scikit-learn's ``SimpleImputer(strategy="median", add_indicator=True)`` does, columns without any value in
    ``fit`` are left out, and only columns that had a null in ``fit`` get an indicator: a constant one would be
    drawn by the trees in vain. Medians are exact, the mean of the two middle values where their count is even;
    memory grows with the number of distinct values.

    Raises:
        DataError: from ``fit``, when no column holds a value.
    """

    _input_kwargs: dict[str, Any]  # set by keyword_only

    @keyword_only
    def __init__(self, *, inputCols: list[str] | None = None) -> None:  # noqa: N803
        super().__init__()
        self._set(**self._input_kwargs)

    def _fit(self, dataset: DataFrame) -> MedianImputerModel:
        names = self.getInputCols()
        found = dataset.agg(
            F.count(F.lit(1)).alias("rows"),
            *[F.count(F.col(f"`{name}`")).alias(f"n{i}") for i, name in enumerate(names)],
            # percentile_approx would depend on how the rows are spread over partitions.
            *[F.percentile(F.col(f"`{name}`"), F.lit(0.5)).alias(f"median{i}") for i, name in enumerate(names)],
        ).collect()[0]  # one row
        known = [i for i in range(len(names)) if found[f"n{i}"]]
        if not known:
            raise DataError(f"no training row holds any of {names}", "See: spark-app show features.audio_stats")
        model = MedianImputerModel()._set(
            known=[names[i] for i in known],
            medians=[float(found[f"median{i}"]) for i in known],
            incomplete=[names[i] for i in known if found[f"n{i}"] < found["rows"]],
        )
        model._resetUid(self.uid)
        return self._copyValues(model)


class MedianImputerModel(Model, HasInputCols, DefaultParamsReadable, DefaultParamsWritable):
    """Fitted by :class:`MedianImputer`."""

    known: Param[Any] = Param(
        Params._dummy(), "known", "input columns that held a value in fit", TypeConverters.toListString
    )
    medians: Param[Any] = Param(Params._dummy(), "medians", "one per known column", TypeConverters.toListFloat)
    incomplete: Param[Any] = Param(
        Params._dummy(), "incomplete", "known columns that held a null in fit", TypeConverters.toListString
    )

    @property
    def filled_columns(self) -> list[str]:
        """Columns without nulls, one per known input column."""
        return [name + FILLED_SUFFIX for name in self.getOrDefault(self.known)]

    @property
    def missing_columns(self) -> list[str]:
        """Indicator columns, one per incomplete input column."""
        return [name + MISSING_SUFFIX for name in self.getOrDefault(self.incomplete)]

    def _transform(self, dataset: DataFrame) -> DataFrame:
        known, medians = self.getOrDefault(self.known), self.getOrDefault(self.medians)
        filled = {
            name + FILLED_SUFFIX: F.coalesce(F.col(f"`{name}`").cast("double"), F.lit(median))
            for name, median in zip(known, medians, strict=True)
        }
        missing = {
            name + MISSING_SUFFIX: F.col(f"`{name}`").isNull().cast("double")
            for name in self.getOrDefault(self.incomplete)
        }
        return dataset.withColumns({**filled, **missing})
