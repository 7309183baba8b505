"""Models with one margin per label, ``w . x + b``, and logistic regression one-vs-rest."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from multiprocessing.pool import ThreadPool
from typing import TYPE_CHECKING, Any

from pyspark import inheritable_thread_target, keyword_only
from pyspark.ml import Estimator
from pyspark.ml.classification import LinearSVC, LogisticRegression
from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.param.shared import HasFeaturesCol, HasLabelCol, HasWeightCol
from pyspark.ml.util import DefaultParamsReadable, DefaultParamsWritable
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.classify.arrays import ArrayModel
from spark_app.classify.params import given
from spark_app.classify.probabilities import LABEL_INDEX, VECTOR, sigmoid_shares, softmax, with_prediction
from spark_app.errors import DataError

if TYPE_CHECKING:
    import numpy as np

SOFTMAX, SIGMOID = "softmax", "sigmoid"
ABSENT_MARGIN = -100.0  # of a label without training rows: a probability of 4e-44
_LINKS = {SOFTMAX: softmax, SIGMOID: sigmoid_shares}


class LinearParams(HasFeaturesCol, HasLabelCol, HasWeightCol):
    """What linear classifiers share."""

    nLabels: Param[int] = Param(  # noqa: N815 - Spark ML's own naming
        Params._dummy(), "nLabels", "declared labels", TypeConverters.toInt
    )
    iterations: Param[int] = Param(Params._dummy(), "iterations", "most steps of the solver", TypeConverters.toInt)
    parallelism: Param[int] = Param(Params._dummy(), "parallelism", "labels fitted at a time", TypeConverters.toInt)
    link: Param[str] = Param(
        Params._dummy(), "link", "from margins to probabilities: softmax or sigmoid", TypeConverters.toString
    )

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(featuresCol=VECTOR, labelCol=LABEL_INDEX, iterations=50, parallelism=2, link=SOFTMAX)

    def label_count(self, present: Sequence[int]) -> int:
        """Declared labels, and at least those that the rows show."""
        declared: int = self.getOrDefault(self.nLabels) if self.isDefined(self.nLabels) else 0
        return max(declared, max(present) + 1)


class LinearMarginModel(ArrayModel, LinearParams):
    """One margin per label; ``prediction`` is the largest, ``probability`` follows from ``link``.

    The arrays are ``coefficients`` ``(n_labels, n_features)`` and ``intercepts`` ``(n_labels,)``. The softmax of an
    SVM's margins is not calibrated: it orders the labels, and says little of how often they are right.
    """

    def margins(self, values: np.ndarray) -> np.ndarray:
        """Array ``(n_rows, n_labels)``."""
        return values @ self.arrays["coefficients"].T + self.arrays["intercepts"]

    def _transform(self, dataset: DataFrame) -> DataFrame:
        from spark_app.classify.vectorised import over_vectors

        link = _LINKS[self.getOrDefault(self.link)]
        sent = self.broadcast((self.arrays["coefficients"], self.arrays["intercepts"]))
        shares = over_vectors(
            lambda values: link(values @ sent.value[0].T + sent.value[1]), F.col(self.getFeaturesCol())
        )
        return with_prediction(dataset, shares)


class OneVsRestLogistic(Estimator, LinearParams, DefaultParamsReadable, DefaultParamsWritable):
    """One binary logistic regression per label without penalty; probabilities are their sigmoids, normalised.

    Null labels count as the rest, so leave those rows out. A label without rows gets a probability near 0.

    Raises:
        DataError: from ``fit``, when there is no row.
    """

    _input_kwargs: dict[str, Any]  # set by keyword_only

    @keyword_only
    def __init__(
        self,
        *,
        weightCol: str | None = None,  # noqa: N803
        nLabels: int | None = None,  # noqa: N803
        iterations: int | None = None,
        parallelism: int | None = None,
    ) -> None:
        super().__init__()
        self._set(link=SIGMOID, **given(self._input_kwargs))

    def _fit(self, dataset: DataFrame) -> LinearMarginModel:
        binary = LogisticRegression(
            featuresCol=self.getFeaturesCol(),
            maxIter=self.getOrDefault(self.iterations),
            standardization=False,  # the pipeline's own scaler did that
            family="binomial",
        )
        return fitted_one_vs_rest(self, dataset, binary)


def fitted_one_vs_rest(estimator: Any, dataset: DataFrame, binary: LogisticRegression | LinearSVC) -> LinearMarginModel:
    """A linear model of one binary fit per label that has rows.

    Args:
        estimator: Has :class:`LinearParams`; its Params go to the model.
        dataset: Training rows.
        binary: Fitted to label 1 for the rows of a label, 0 for the rest.
    """
    import numpy as np

    label = estimator.getLabelCol()
    present = present_labels(dataset, label)
    if len(present) == 1:
        width = dataset.select(estimator.getFeaturesCol()).limit(1).collect()[0][0].size  # one row
        found = [(np.zeros(width), 0.0)]
    else:
        if estimator.isDefined(estimator.weightCol):
            binary = binary.copy({binary.weightCol: estimator.getWeightCol()})
        with warnings.catch_warnings():
            # Given a session, as the warning asks, Spark 3.5 takes it for the function.
            warnings.simplefilter("ignore", UserWarning)
            fits = [inheritable_thread_target(_one_fit(dataset, binary, label, index)) for index in present]
        with ThreadPool(min(estimator.getOrDefault(estimator.parallelism), len(fits))) as pool:
            found = pool.map(lambda fit: fit(), fits)
    coefficients = np.stack([row for row, _ in found])
    return margin_model(estimator, present, coefficients, np.array([b for _, b in found]))


def margin_model(
    estimator: Any, present: Sequence[int], coefficients: np.ndarray, intercepts: np.ndarray
) -> LinearMarginModel:
    """The model of fitted margins, with a margin of -100 for each label that had no rows."""
    import numpy as np

    n_labels = estimator.label_count(present)
    weights, offsets = np.zeros((n_labels, coefficients.shape[1])), np.full(n_labels, ABSENT_MARGIN)
    weights[list(present)], offsets[list(present)] = coefficients, intercepts
    model = LinearMarginModel().with_arrays({"coefficients": weights, "intercepts": offsets})
    model._resetUid(estimator.uid)
    return estimator._copyValues(model)  # type: ignore[no-any-return]


def present_labels(dataset: DataFrame, label: str) -> list[int]:
    """Indices of the labels that have rows, in order.

    Raises:
        DataError: There is none.
    """
    found = sorted(int(row[0]) for row in dataset.select(label).distinct().collect() if row[0] is not None)  # labels
    if not found:
        raise DataError("no row to train on", "See: spark-app show models.splits")
    return found


def _one_fit(dataset: DataFrame, binary: LogisticRegression | LinearSVC, label: str, index: int) -> Any:
    is_label = "_is_label"
    rows = dataset.withColumn(is_label, (F.col(label) == index).cast("double"))

    def fit() -> tuple[np.ndarray, float]:
        model = binary.copy({binary.labelCol: is_label}).fit(rows)
        return model.coefficients.toArray(), float(model.intercept)

    return fit
