"""A multilayer perceptron with one hidden layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.ml.classification import MultilayerPerceptronClassifier

from spark_app.classify.candidates.base import Candidate, TrainingSpec
from spark_app.classify.probabilities import LABEL_INDEX, PREDICTION, PROBABILITY, VECTOR
from spark_app.errors import UsageError

if TYPE_CHECKING:
    from pyspark.ml import Estimator


def _perceptron(spec: TrainingSpec) -> Estimator:
    if spec.weight:
        raise UsageError("Spark ML's perceptron takes no row weights", "Train multilayer_perceptron without them.")
    perceptron = spec.params.perceptron
    return MultilayerPerceptronClassifier(
        featuresCol=VECTOR,
        labelCol=LABEL_INDEX,
        predictionCol=PREDICTION,
        probabilityCol=PROBABILITY,
        layers=[spec.n_features, perceptron.hidden, len(spec.labels)],
        maxIter=perceptron.iterations,
        seed=spec.seed,
    )


MULTILAYER_PERCEPTRON = Candidate("multilayer_perceptron", _perceptron, takes_weights=False)
