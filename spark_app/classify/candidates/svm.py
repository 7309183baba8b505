"""Support vector machines: linear, and with the RBF kernel by random Fourier features."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.ml import Pipeline

from spark_app.classify.candidates.base import Candidate, TrainingSpec
from spark_app.classify.kernel import RandomFourierFeatures
from spark_app.classify.probabilities import VECTOR
from spark_app.classify.svm import LinearSvm

if TYPE_CHECKING:
    from pyspark.ml import Estimator

_WAVES = "fourier_features"


def _linear(spec: TrainingSpec) -> Estimator:
    svm = spec.params.svm
    return _svm(spec, VECTOR, loss=svm.loss, cost=svm.cost, iterations=svm.iterations)


def _rbf(spec: TrainingSpec) -> Estimator:
    rbf = spec.params.rbf
    waves = RandomFourierFeatures(
        inputCol=VECTOR,
        outputCol=_WAVES,
        components=rbf.components,
        gamma=rbf.gamma or None,
        seed=spec.seed,
    )
    return Pipeline(stages=[waves, _svm(spec, _WAVES, loss=rbf.loss, cost=rbf.cost, iterations=rbf.iterations)])


def _svm(spec: TrainingSpec, features: str, *, loss: str, cost: float, iterations: int) -> Estimator:
    return LinearSvm(
        featuresCol=features,
        weightCol=spec.weight,
        nLabels=len(spec.labels),
        loss=loss,
        cost=cost,
        iterations=iterations,
        parallelism=spec.params.parallelism,
    )


LINEAR_SVM = Candidate("linear_svm", _linear)
RBF_SVM = Candidate("rbf_svm", _rbf)
