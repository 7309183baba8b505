"""Several genres a track: one calibrated probability per genre, from one feature vector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pyspark import keyword_only
from pyspark.ml import Estimator, Model
from pyspark.ml.functions import array_to_vector, vector_to_array
from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.param.shared import HasFeaturesCol, HasMaxIter
from pyspark.ml.util import DefaultParamsReadable, DefaultParamsWritable
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_app.classify.newton import minimise, partial_sums, unpacked
from spark_app.classify.pipeline import VECTOR
from spark_app.classify.positions import array_position
from spark_app.columns import GENRE_GROUP, TRACK_ID
from spark_app.errors import DataError

if TYPE_CHECKING:
    import numpy as np

    from spark_app.classify.newton import Sums

MULTILABEL = "multilabel_logistic"
LABEL_SET = "label_set"  # positions of a track's genres, ascending
LABEL_PROBABILITY = "label_probability"  # one per genre, they do not sum to 1
ANSWER_SET = "answer_set"  # positions of the genres that are answered; empty means unknown
ANSWER_AT = 0.5


def label_sets(memberships: DataFrame, *, labels: Sequence[str]) -> DataFrame:
    """The declared genres of each track.

    Args:
        memberships: Key ``track_id + genre_group`` ``[track_id, genre_group]``.
        labels: Declared labels in order.

    Returns:
        One row per track with at least one declared genre, key ``track_id`` ``[track_id, label_set]``.
    """
    position = array_position(F.array(*[F.lit(label) for label in labels]), F.col(GENRE_GROUP)).cast("int") - 1
    known = memberships.select(TRACK_ID, position.alias("_at")).where(F.col("_at") >= 0)
    return known.groupBy(TRACK_ID).agg(F.array_sort(F.collect_set("_at")).alias(LABEL_SET))


class MultiLabelLogistic(Estimator, HasFeaturesCol, HasMaxIter, DefaultParamsReadable, DefaultParamsWritable):
    """One binary logistic regression per label, all fitted in the same passes over the rows.

    Each minimises ``sum of losses + ridge / 2 * |w|^2`` without a penalty on the intercept, scikit-learn's
    ``LogisticRegression(C=1/ridge)``. At its minimum the mean probability of a label equals its share of the training
    rows, so that probabilities are calibrated in the large. A label that all or no rows carry gets its smoothed share,
    ``(rows of the label + 0.5) / (rows + 1)``, whatever the features. One Spark job a step; a step sums ``n_labels *
    n_features^2`` numbers per partition on the driver. Rows must hold finite features.

    Raises:
        DataError: from ``fit``, when there is no row.
    """

    nLabels: Param[int] = Param(Params._dummy(), "nLabels", "declared labels", TypeConverters.toInt)  # noqa: N815
    ridge: Param[float] = Param(Params._dummy(), "ridge", "penalty, above 0", TypeConverters.toFloat)
    _input_kwargs: dict[str, Any]  # set by keyword_only

    @keyword_only
    def __init__(self, *, nLabels: int = 1, ridge: float = 1.0, maxIter: int = 30) -> None:  # noqa: N803
        super().__init__()
        self._setDefault(featuresCol=VECTOR, nLabels=1, ridge=1.0, maxIter=30)
        self._set(**self._input_kwargs)

    def _fit(self, dataset: DataFrame) -> MultiLabelLogisticModel:
        import numpy as np

        k = self.getOrDefault(self.nLabels)
        rows = dataset.select(
            vector_to_array(F.col(self.getFeaturesCol())).alias("x"), F.col(LABEL_SET).alias("labels")
        )
        rows = rows.persist()
        try:
            n, width, shares = _shares(rows, k)
            start = np.column_stack([np.zeros((k, width)), np.log(shares / (1 - shares))])
            is_open = (shares * (n + 1) > 0.75) & (shares * (n + 1) < n + 0.25)
            weights = start.copy()
            if is_open.any():
                found = minimise(
                    lambda w: _mask(_total(rows, w), is_open),
                    start,
                    ridge=self.getOrDefault(self.ridge),
                    n=n,
                    steps=self.getMaxIter(),
                )
                weights[is_open] = found[is_open]
        finally:
            rows.unpersist()
        model = MultiLabelLogisticModel()._set(weights=weights.tolist(), sharesOfLabels=shares.tolist())
        model._resetUid(self.uid)
        return self._copyValues(model)


class MultiLabelLogisticModel(Model, HasFeaturesCol, HasMaxIter, DefaultParamsReadable, DefaultParamsWritable):
    """Fitted by :class:`MultiLabelLogistic`: adds ``label_probability``, a vector of one probability per label."""

    nLabels: Param[int] = Param(Params._dummy(), "nLabels", "declared labels", TypeConverters.toInt)  # noqa: N815
    ridge: Param[float] = Param(Params._dummy(), "ridge", "penalty, above 0", TypeConverters.toFloat)
    weights: Param[Any] = Param(
        Params._dummy(), "weights", "one list per label, the intercept last", TypeConverters.toListListFloat
    )

    sharesOfLabels: Param[Any] = Param(  # noqa: N815
        Params._dummy(), "sharesOfLabels", "of the training rows, smoothed", TypeConverters.toListFloat
    )

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(featuresCol=VECTOR, nLabels=1, ridge=1.0, maxIter=30)

    @property
    def shares(self) -> list[float]:
        """The smoothed share of the training rows that carries each label."""
        return list(self.getOrDefault(self.sharesOfLabels))

    def _transform(self, dataset: DataFrame) -> DataFrame:
        x = vector_to_array(F.col(self.getFeaturesCol()))
        found = F.array(*[_sigmoid(_dot(x, weights)) for weights in self.getOrDefault(self.weights)])
        return dataset.withColumn(LABEL_PROBABILITY, array_to_vector(found))


def with_answers(scored: DataFrame, *, abstain_below: float) -> DataFrame:
    """Adds ``answer_set``: the labels of at least 0.5, or the likeliest alone where none reaches it.

    Where even the likeliest stays under ``abstain_below`` the set is empty: the answer is ``unknown``.
    """
    p = vector_to_array(F.col(LABEL_PROBABILITY))
    largest = F.array_max(p)
    reached = F.filter(
        F.transform(p, lambda x, i: F.when((x >= ANSWER_AT) | (x == largest), i)), lambda i: i.isNotNull()
    )
    answered = F.when(largest >= abstain_below, reached).otherwise(F.array().cast("array<int>"))
    return scored.withColumn(ANSWER_SET, answered)


def _dot(x: Column, weights: Sequence[float]) -> Column:
    products = F.zip_with(x, F.array(*[F.lit(w) for w in weights[:-1]]), lambda a, b: a * b)
    return F.aggregate(products, F.lit(float(weights[-1])), lambda total, product: total + product)


def _sigmoid(z: Column) -> Column:
    return 1 / (1 + F.exp(-z))


def _shares(rows: DataFrame, k: int) -> tuple[int, int, np.ndarray]:
    """Rows, features, and the smoothed share of each label: one job, one row."""
    import numpy as np

    counts = [F.count_if(F.array_contains("labels", i)).alias(f"_{i}") for i in range(k)]
    found = rows.agg(F.count(F.lit(1)).alias("n"), F.max(F.size("x")).alias("width"), *counts).collect()[0]  # one row
    if not found["n"]:
        raise DataError("there are no rows to learn genres from", "Give a catalogue with genres.")
    carried = np.array([found[f"_{i}"] for i in range(k)], dtype=float)
    return found["n"], found["width"], (carried + 0.5) / (found["n"] + 1)


def _total(rows: DataFrame, weights: np.ndarray) -> Sums:
    """Sums over all rows: one row per partition comes to the driver."""
    import numpy as np

    found = rows.mapInPandas(partial_sums(weights), "sums array<double>").collect()  # one row per partition
    return unpacked(np.sum([row["sums"] for row in found], axis=0), weights.shape)


def _mask(found: Sums, is_open: np.ndarray) -> Sums:
    """The same sums with flat ground under the labels that are not to be moved."""
    import numpy as np

    from spark_app.classify.newton import Sums

    eye = np.eye(found.hessian.shape[1])
    return Sums(
        np.where(is_open, found.loss, 0.0),
        np.where(is_open[:, None], found.gradient, 0.0),
        np.where(is_open[:, None, None], found.hessian, eye),
    )
