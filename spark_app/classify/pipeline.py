"""Spark ML pipelines that predict a genre from audio features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.ml import Estimator, Model, PipelineModel
from pyspark.ml.classification import LogisticRegression, RandomForestClassifier
from pyspark.ml.feature import IndexToString, VectorAssembler
from pyspark.sql import functions as F

from spark_app.classify.imputing import MedianImputer
from spark_app.classify.target import LABEL
from spark_app.features.scales import Z_SUFFIX
from spark_app.features.scaling import FeatureScaler

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

RANDOM_FOREST = "random_forest"
LOGISTIC_REGRESSION = "logistic_regression"

VECTOR = "features"
LABEL_INDEX = "label_index"
PREDICTION = "prediction"
PREDICTED_LABEL = "predicted_label"

# Statistics that one task may hold while it splits the nodes of a level. More saves passes over the rows;
# two tasks of this size still fit a driver of 3 GB.
_TREE_MEMORY_MB = 512


def fit_preparation(train: DataFrame, *, features: Sequence[str]) -> PipelineModel:
    """Median imputation, z-scores and assembly, fitted on training rows.

    Args:
        train: Training rows ``[*features]``, numeric; null is imputed.
        features: Columns to use; one without any value in ``train`` is left out.

    Returns:
        Adds ``features``: a vector of one z-score per known feature (unit: population standard deviations of the
        imputed training rows), then one indicator per feature that was incomplete in ``train``.

    Raises:
        DataError: No feature holds a value, or one holds NaN or an infinity.
    """
    imputer = MedianImputer(inputCols=list(features)).fit(train)
    filled = imputer.transform(train)
    scaler = FeatureScaler(inputCols=imputer.filled_columns).fit(filled)
    columns = [name + Z_SUFFIX for name in imputer.filled_columns] + imputer.missing_columns
    return PipelineModel(stages=[imputer, scaler, VectorAssembler(inputCols=columns, outputCol=VECTOR)])


def with_label_index(rows: DataFrame, *, labels: Sequence[str]) -> DataFrame:
    """Adds ``label_index``, the position of ``label`` in ``labels`` as a double, with the metadata of Spark ML.

    The metadata declares all labels, so that a label without training rows has its place in every model.
    A label that is not declared becomes null.
    """
    position = F.array_position(F.array(*[F.lit(label) for label in labels]), F.col(LABEL))
    index = F.when(position > 0, (position - 1).cast("double"))
    metadata = {"ml_attr": {"type": "nominal", "name": LABEL_INDEX, "vals": list(labels)}}
    return rows.withColumn(LABEL_INDEX, index).withMetadata(LABEL_INDEX, metadata)


def random_forest(*, trees: int, depth: int, bins: int, seed: int) -> Estimator:
    """A forest of ``trees`` trees of at most ``depth``, which looks at the square root of the features per split.

    Args:
        trees: Number of trees.
        depth: Longest path, [1, 30].
        bins: Candidate thresholds per feature, taken from a sample of the training rows.
        seed: Of the bootstrap and the feature draws.
    """
    return RandomForestClassifier(
        featuresCol=VECTOR,
        labelCol=LABEL_INDEX,
        predictionCol=PREDICTION,
        numTrees=trees,
        maxDepth=depth,
        maxBins=bins,
        featureSubsetStrategy="sqrt",
        minInstancesPerNode=1,
        maxMemoryInMB=_TREE_MEMORY_MB,
        cacheNodeIds=True,  # deep trees: otherwise every row walks down from the root at each level
        seed=seed,
    )


def logistic_regression(*, iterations: int) -> Estimator:
    """Multinomial logistic regression without penalty, at most ``iterations`` steps of L-BFGS."""
    return LogisticRegression(
        featuresCol=VECTOR,
        labelCol=LABEL_INDEX,
        predictionCol=PREDICTION,
        family="multinomial",
        maxIter=iterations,
        standardization=False,  # the pipeline's own scaler did that
    )


def whole_pipeline(preparation: PipelineModel, classifier: Model, *, labels: Sequence[str]) -> PipelineModel:
    """One model from raw features to a label's name.

    It adds ``prediction`` (position in ``labels``), the probabilities, and ``predicted_label``.
    """
    naming = IndexToString(inputCol=PREDICTION, outputCol=PREDICTED_LABEL, labels=list(labels))
    return PipelineModel(stages=[*preparation.stages, classifier, naming])
