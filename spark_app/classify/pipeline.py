"""Spark ML pipelines that predict a genre from audio features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.ml import Model, PipelineModel
from pyspark.ml.feature import IndexToString, VectorAssembler
from pyspark.sql import functions as F

from spark_app.classify.imputing import MedianImputer
from spark_app.classify.positions import array_position
from spark_app.classify.probabilities import LABEL_INDEX, PREDICTION, VECTOR
from spark_app.classify.target import LABEL
from spark_app.features.scales import Z_SUFFIX
from spark_app.features.scaling import FeatureScaler

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

PREDICTED_LABEL = "predicted_label"


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
    position = array_position(F.array(*[F.lit(label) for label in labels]), F.col(LABEL))
    index = F.when(position > 0, (position - 1).cast("double"))
    metadata = {"ml_attr": {"type": "nominal", "name": LABEL_INDEX, "vals": list(labels)}}
    return rows.withColumn(LABEL_INDEX, index).withMetadata(LABEL_INDEX, metadata)


def whole_pipeline(preparation: PipelineModel, classifier: Model, *, labels: Sequence[str]) -> PipelineModel:
    """One model from raw features to a label's name.

    It adds ``prediction`` (position in ``labels``), the probabilities, and ``predicted_label``.
    """
    naming = IndexToString(inputCol=PREDICTION, outputCol=PREDICTED_LABEL, labels=list(labels))
    return PipelineModel(stages=[*preparation.stages, classifier, naming])


def vector_size(preparation: PipelineModel) -> int:
    """Length of the vector that :func:`fit_preparation` assembles."""
    assembler = preparation.stages[-1]
    assert isinstance(assembler, VectorAssembler)
    return len(assembler.getInputCols())
