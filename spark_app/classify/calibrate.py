"""Calibrated probabilities as a Spark ML estimator, fitted on validation rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyspark import keyword_only
from pyspark.ml import Estimator, Model
from pyspark.ml.functions import array_to_vector, vector_to_array
from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.param.shared import HasLabelCol, HasPredictionCol, HasProbabilityCol, HasSeed
from pyspark.ml.util import DefaultParamsReadable, DefaultParamsWritable
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.classify.calibration_maps import IDENTITY, Map, choose_map
from spark_app.classify.calibration_sample import calibration_sample
from spark_app.classify.positions import array_position
from spark_app.classify.probabilities import LABEL_INDEX, PREDICTION, PROBABILITY

CALIBRATED = "calibrated"
STAGE = "stage"
RAW = "raw"


class _CalibratorParams(HasLabelCol, HasPredictionCol, HasProbabilityCol, HasSeed):
    weights: Param[Any] = Param(
        Params._dummy(), "weights", "by which answers are chosen, one per label", TypeConverters.toListFloat
    )


class Calibrator(Estimator, _CalibratorParams, DefaultParamsReadable, DefaultParamsWritable):
    """Chooses between temperature scaling, isotonic maps, and leaving the probabilities as they are.

    See ``calibration_maps``: the least log loss decides, cross-fitted over five hashed parts of the units, and no map
    is taken that raises the calibration error. ``fit`` takes at most 200,000 rows (fewer with more than 50 labels) to
    the driver, the first by the hash of their ``track_id``. Rows without a label are left out; no row, or rows of one
    part only, leave the probabilities as they are.

    ``weights`` are those of the training rows, and say what an error costs that takes another label for this one: they
    are taken out of the probabilities, which stay those of the shares that labels have, and the answer is the label of
    the largest weighted probability (Elkan 2001).

    Input of ``fit``: one row per track, key ``track_id`` ``[track_id, unit, label_index, probability]``, validation
    rows: neither trained nor tested on.
    """

    _input_kwargs: dict[str, Any]  # set by keyword_only

    @keyword_only
    def __init__(self, *, seed: int = 0, weights: Sequence[float] = ()) -> None:
        super().__init__()
        self._setDefault(labelCol=LABEL_INDEX, predictionCol=PREDICTION, probabilityCol=PROBABILITY, weights=[])
        self._set(**self._input_kwargs)

    def _fit(self, dataset: DataFrame) -> CalibratorModel:
        p, truth, parts = calibration_sample(
            dataset,
            probability=vector_to_array(F.col(self.getProbabilityCol())),
            truth=F.col(self.getLabelCol()).cast("int"),
            seed=self.getSeed(),
        )
        label, weights = truth.to_numpy(dtype=int), self.getOrDefault(self.weights)
        found = choose_map(p, label, parts, weights) if len(label) else Map(IDENTITY)
        model = CalibratorModel()._set(
            kind=found.kind,
            temperature=found.temperature,
            scores=[list(x) for x, _ in found.knots],
            values=[list(y) for _, y in found.knots],
            divisors=list(found.divisors),
        )
        model._resetUid(self.uid)
        return self._copyValues(model)


class CalibratorModel(Model, _CalibratorParams, DefaultParamsReadable, DefaultParamsWritable):
    """Fitted by :class:`Calibrator`: adds ``calibrated`` and sets ``prediction`` to its likeliest label, by weight.

    ``calibrated`` is a vector of probabilities that sums to 1. Where several labels are equally likely the model's
    own prediction stays if it is one of them, else the first is taken.
    """

    kind: Param[str] = Param(Params._dummy(), "kind", "identity, temperature or isotonic", TypeConverters.toString)
    temperature: Param[float] = Param(Params._dummy(), "temperature", "1 for other kinds", TypeConverters.toFloat)
    scores: Param[Any] = Param(Params._dummy(), "scores", "isotonic knots per label", TypeConverters.toListListFloat)
    values: Param[Any] = Param(Params._dummy(), "values", "their values", TypeConverters.toListListFloat)
    divisors: Param[Any] = Param(
        Params._dummy(), "divisors", "weights taken out of the probabilities", TypeConverters.toListFloat
    )

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(labelCol=LABEL_INDEX, predictionCol=PREDICTION, probabilityCol=PROBABILITY, weights=[])
        self._setDefault(divisors=[])

    @property
    def map(self) -> Map:
        """The fitted map."""
        scores, values = self.getOrDefault(self.scores), self.getOrDefault(self.values)
        knots = tuple((tuple(x), tuple(y)) for x, y in zip(scores, values, strict=True))
        divisors = tuple(self.getOrDefault(self.divisors))
        return Map(self.getOrDefault(self.kind), self.getOrDefault(self.temperature), knots, divisors)

    def _transform(self, dataset: DataFrame) -> DataFrame:
        weights, found_map = self.getOrDefault(self.weights), self.map
        if not found_map.changes and not weights:
            return dataset.withColumn(CALIBRATED, F.col(self.getProbabilityCol()))
        from spark_app.classify.calibration_udf import converting

        given, p = self.getPredictionCol(), vector_to_array(F.col(self.getProbabilityCol()))
        found = dataset.withColumn("_p", converting(found_map.apply)(p) if found_map.changes else p)
        weighted = F.zip_with("_p", F.array(*map(F.lit, weights)), lambda p, weight: p * weight)
        found = found.withColumn("_score", weighted if weights else F.col("_p"))
        largest = F.array_max("_score")
        stays = F.get("_score", F.col(given).cast("int")) == largest
        best = F.when(stays, F.col(given)).otherwise((array_position(F.col("_score"), largest) - 1).cast("double"))
        return found.withColumns({given: best, CALIBRATED: array_to_vector(F.col("_p"))}).drop("_p", "_score")


def in_stages(scored: DataFrame, calibrator: CalibratorModel) -> DataFrame:
    """Each prediction before and after calibration, from one pass over ``scored``.

    Args:
        scored: A classifier's output ``[..., prediction, probability]``.
        calibrator: Fitted.

    Returns:
        Two rows per row: ``stage`` (``raw`` or ``calibrated``), ``prediction`` and ``probability`` of the stage, and
        the other columns of ``scored``.
    """
    both = calibrator.transform(scored.withColumn("_raw", F.col(PREDICTION)))
    stages = [(RAW, "_raw", PROBABILITY), (CALIBRATED, PREDICTION, CALIBRATED)]
    rows = F.array(
        *[
            F.struct(F.lit(name).alias(STAGE), F.col(given).alias(PREDICTION), F.col(p).alias(PROBABILITY))
            for name, given, p in stages
        ]
    )
    others = [name for name in scored.columns if name not in (PREDICTION, PROBABILITY)]
    return both.select(*others, F.explode(rows).alias("_stage")).select(*others, "_stage.*")
