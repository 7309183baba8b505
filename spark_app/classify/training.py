"""One model on one fold: fit on training rows, calibrate on validation rows, predict validation and test rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING

from pyspark import StorageLevel
from pyspark.ml import PipelineModel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.classify.baselines import (
    ARTIST_PRIOR,
    MAJORITY,
    STRATIFIED,
    artist_prior,
    majority,
    prior_of,
    stratified,
)
from spark_app.classify.calibrate import Calibrator, in_stages
from spark_app.classify.probabilities import LABEL_INDEX, PREDICTION, PROBABILITY
from spark_app.columns import TRACK_ID
from spark_app.features.components import UNIT
from spark_app.features.splits import TEST, TRAIN, VALID

if TYPE_CHECKING:
    from pyspark.ml import Model

    from spark_app.classify.candidates.base import Candidate, TrainingSpec

PART = "part"
MODEL = "model"
_IS_VALIDATION = "is_validation"
_PREDICTED = (TRACK_ID, PART, UNIT, LABEL_INDEX, PREDICTION, PROBABILITY)


@dataclass(frozen=True)
class Fitted:
    """A fitted classifier.

    Attributes:
        model: Classifier and calibrator: adds ``prediction``, ``probability`` and ``calibrated`` to prepared rows.
        scored: What the classifier says of validation and test rows; kept, unpersist when done.
        predictions: Lazy, key ``track_id + part + stage`` ``[track_id, part, unit, label_index, prediction,
            probability, stage]``: validation and test rows, before and after calibration.
    """

    model: PipelineModel
    scored: DataFrame
    predictions: DataFrame


def fit_on_fold(prepared: DataFrame, candidate: Candidate, spec: TrainingSpec, *, may_stop: bool) -> Fitted:
    """Fits and calibrates; test rows are touched by neither.

    Args:
        prepared: One row per track, key ``track_id`` ``[track_id, part, unit, label_index, features]``.
        candidate: The kind of classifier.
        spec: What its estimator is made for; its seed is that of the calibrator's hashed sample, too.
        may_stop: A candidate that can stop early does so on validation rows, and learns from training rows alone.
    """
    classifier = fit_classifier(prepared, candidate, spec, may_stop=may_stop)
    scored = predicted(classifier, prepared.where(F.col(PART) != TRAIN))
    # The calibrator reads it twice and the evaluation once; scoring takes longer than any of them.
    scored = scored.persist(StorageLevel.MEMORY_AND_DISK)
    calibrator = Calibrator(seed=spec.seed, weights=spec.label_weights).fit(scored.where(F.col(PART) == VALID))
    return Fitted(PipelineModel(stages=[classifier, calibrator]), scored, in_stages(scored, calibrator))


def fit_classifier(prepared: DataFrame, candidate: Candidate, spec: TrainingSpec, *, may_stop: bool) -> Model:
    """The model of training rows, arguments as in :func:`fit_on_fold`."""
    if not candidate.takes_weights:
        spec = replace(spec, weight=None)
    if not (may_stop and candidate.takes_validation):
        return candidate.build(spec).fit(prepared.where(F.col(PART) == TRAIN))
    known = prepared.where(F.col(PART).isin(TRAIN, VALID)).withColumn(_IS_VALIDATION, F.col(PART) == VALID)
    return candidate.build(replace(spec, validation=_IS_VALIDATION)).fit(known)


def predicted(classifier: Model, prepared: DataFrame) -> DataFrame:
    """Key ``track_id`` ``[track_id, part, unit, label_index, prediction, probability]``."""
    return classifier.transform(prepared).select(*_PREDICTED)


def baseline_predictions(
    rows: DataFrame, *, train_counts: Mapping[str, int], labels: Sequence[str], seed: int
) -> DataFrame:
    """Predictions of the three baselines for the test rows.

    Args:
        rows: One row per track, key ``track_id`` ``[track_id, artist_id, part, unit, label_index]``.
        train_counts: Label -> training rows.
        labels: Declared labels in order.
        seed: Of the random draws.

    Returns:
        Key ``model + track_id`` ``[model, track_id, part, unit, label_index, prediction, probability]``.
    """
    train, test = rows.where(F.col(PART) == TRAIN), rows.where(F.col(PART) == TEST)
    prior = prior_of(train_counts, labels=labels)
    found = {
        MAJORITY: majority(test, prior=prior),
        STRATIFIED: stratified(test, prior=prior, seed=seed),
        ARTIST_PRIOR: artist_prior(test, train=train, prior=prior),
    }
    named = [frame.select(F.lit(name).alias(MODEL), *_PREDICTED) for name, frame in found.items()]
    return reduce(DataFrame.unionByName, named)
