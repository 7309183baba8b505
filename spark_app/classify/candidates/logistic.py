"""Logistic regression: of all labels at once, and one label against the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.ml.classification import LogisticRegression

from spark_app.classify.candidates.base import Candidate, TrainingSpec
from spark_app.classify.linear import OneVsRestLogistic
from spark_app.classify.probabilities import LABEL_INDEX, PREDICTION, PROBABILITY, VECTOR

if TYPE_CHECKING:
    from pyspark.ml import Estimator


def _multinomial(spec: TrainingSpec) -> Estimator:
    estimator = LogisticRegression(
        featuresCol=VECTOR,
        labelCol=LABEL_INDEX,
        predictionCol=PREDICTION,
        probabilityCol=PROBABILITY,
        family="multinomial",
        maxIter=spec.params.logistic.iterations,
        standardization=False,  # the pipeline's own scaler did that
    )
    return estimator.setWeightCol(spec.weight) if spec.weight else estimator


def _one_vs_rest(spec: TrainingSpec) -> Estimator:
    return OneVsRestLogistic(
        weightCol=spec.weight,
        nLabels=len(spec.labels),
        iterations=spec.params.logistic.iterations,
        parallelism=spec.params.parallelism,
    )


LOGISTIC_REGRESSION = Candidate("logistic_regression", _multinomial)
LOGISTIC_ONE_VS_REST = Candidate("logistic_one_vs_rest", _one_vs_rest)
