"""Linear support vector machines, one label against the rest, for three losses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyspark import StorageLevel, keyword_only
from pyspark.ml import Estimator
from pyspark.ml.classification import LinearSVC
from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.util import DefaultParamsReadable, DefaultParamsWritable
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.classify.linear import (
    LinearMarginModel,
    LinearParams,
    fitted_one_vs_rest,
    margin_model,
    present_labels,
)
from spark_app.classify.params import given
from spark_app.classify.sums import Summand, summed, training_rows
from spark_app.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

HINGE, SQUARED_HINGE, LEAST_SQUARES = "hinge", "squared_hinge", "least_squares"
LOSSES = (HINGE, SQUARED_HINGE, LEAST_SQUARES)


class LinearSvm(Estimator, LinearParams, DefaultParamsReadable, DefaultParamsWritable):
    """For each label, the margin ``f(x) = w . x + b`` that minimises a penalty plus losses over ``y = +1 | -1``.

    * ``least_squares``: ``|w|^2 / C + sum s (y - f)^2``, the least-squares SVM (Suykens & Vandewalle 1999), with
      ``b`` free. Normal equations, one pass over the rows.
    * ``squared_hinge``: ``(|w|^2 + b^2) / 2 + C sum s max(0, 1 - y f)^2`` (liblinear's L2-loss SVM). Newton steps
      over all labels at once (Keerthi & DeCoste 2005), one pass each, at most ``iterations``.
    * ``hinge``: Spark ML's ``LinearSVC``, the mean of ``max(0, 1 - y f)`` plus ``|w|^2 / (2 C n)``; OWL-QN.

    ``s`` is the weight of a row. A task holds and returns ``n_features^2`` numbers, for the squared hinge that many
    per label. Probabilities are the softmax of the margins: not calibrated. Null labels are to be left out.

    Raises:
        UsageError: from ``fit``, for another loss.
        DataError: from ``fit``, when there is no row.
    """

    loss: Param[str] = Param(Params._dummy(), "loss", ", ".join(LOSSES), TypeConverters.toString)
    cost: Param[float] = Param(Params._dummy(), "cost", "C, the weight of the losses", TypeConverters.toFloat)
    tolerance: Param[float] = Param(
        Params._dummy(), "tolerance", "gradient at the end, relative to the first", TypeConverters.toFloat
    )

    _input_kwargs: dict[str, Any]  # set by keyword_only

    @keyword_only
    def __init__(
        self,
        *,
        featuresCol: str | None = None,  # noqa: N803
        weightCol: str | None = None,  # noqa: N803
        nLabels: int | None = None,  # noqa: N803
        loss: str | None = None,
        cost: float | None = None,
        iterations: int | None = None,
        parallelism: int | None = None,
        tolerance: float | None = None,
    ) -> None:
        super().__init__()
        self._setDefault(loss=SQUARED_HINGE, cost=1.0, tolerance=1e-6)
        self._set(**given(self._input_kwargs))

    def _fit(self, dataset: DataFrame) -> LinearMarginModel:
        loss = self.getOrDefault(self.loss)
        if loss not in LOSSES:
            raise UsageError(f"there is no loss {loss}", f"Choose one of {', '.join(LOSSES)}.")
        if loss == HINGE:
            return self._fit_hinge(dataset)
        present = present_labels(dataset, self.getLabelCol())
        weight = self.getWeightCol() if self.isDefined(self.weightCol) else None
        rows = training_rows(dataset, features=self.getFeaturesCol(), label=self.getLabelCol(), weight=weight)
        solution = self._solved(rows, present)
        return margin_model(self, present, solution[:, :-1], solution[:, -1])

    def _solved(self, rows: DataFrame, present: list[int]) -> np.ndarray:
        cost = self.getOrDefault(self.cost)
        if self.getOrDefault(self.loss) == LEAST_SQUARES:
            return least_squares(rows, present, penalty=1 / cost)
        kept = rows.persist(StorageLevel.MEMORY_AND_DISK)  # one pass per step
        try:
            return squared_hinge(
                kept,
                present,
                cost=cost,
                iterations=self.getOrDefault(self.iterations),
                tolerance=self.getOrDefault(self.tolerance),
            )
        finally:
            kept.unpersist()

    def _fit_hinge(self, dataset: DataFrame) -> LinearMarginModel:
        n_rows = dataset.count()
        binary = LinearSVC(
            featuresCol=self.getFeaturesCol(),
            maxIter=self.getOrDefault(self.iterations),
            regParam=1 / (self.getOrDefault(self.cost) * max(n_rows, 1)),
            standardization=False,  # the pipeline's own scaler did that
        )
        return fitted_one_vs_rest(self, dataset, binary)


def least_squares(rows: DataFrame, present: list[int], *, penalty: float) -> np.ndarray:
    """Array ``(n_present, n_features + 1)``, the free intercept last; one pass.

    Args:
        rows: From ``training_rows``.
        present: Labels to fit; each is +1 for its own rows, -1 for the others.
        penalty: Of the squared coefficients, as scikit-learn's ``RidgeClassifier(alpha)``.
    """
    import numpy as np

    def products(values: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
        wide = np.hstack([values, np.ones((len(values), 1))])
        weighted = wide * weights[:, None]
        return np.hstack([weighted.T @ wide, weighted.T @ _signs(labels, present)]).ravel()

    sums = summed(rows, products)
    # sums holds width x (width + labels) numbers.
    width = _width(sums.size, len(present))
    table = sums.reshape(width, -1)
    ridge = np.diag([*[penalty] * (width - 1), 0.0])
    return np.asarray(np.linalg.solve(table[:, :width] + ridge, table[:, width:]).T)


def squared_hinge(rows: DataFrame, present: list[int], *, cost: float, iterations: int, tolerance: float) -> np.ndarray:
    """Array ``(n_present, n_features + 1)``, the penalised intercept last; one pass per Newton step.

    A step that makes the objective of a label larger is halved for this label.
    """
    import numpy as np

    width = rows.select(F.size("values")).limit(1).collect()[0][0] + 1  # one row
    accepted = np.zeros((len(present), width))
    step, best, largest = np.zeros_like(accepted), np.full(len(present), np.inf), None
    for _ in range(iterations):
        tried = accepted + step
        sums = summed(rows, _hinge_sums(tried, present)).reshape(len(present), -1)
        objective = (tried**2).sum(axis=1) / 2 + cost * sums[:, 0]
        gradient = tried + cost * sums[:, 1 : width + 1]
        curvature = np.eye(width) + cost * sums[:, width + 1 :].reshape(-1, width, width)
        # Near the end a full step changes nothing but the rounding.
        is_better = objective <= best * (1 + 1e-12)
        newton = -np.linalg.solve(curvature, gradient[:, :, None])[:, :, 0]
        accepted, best = np.where(is_better[:, None], tried, accepted), np.where(is_better, objective, best)
        step = np.where(is_better[:, None], newton, step / 2)
        size = np.abs(gradient).max()
        largest = size if largest is None else largest
        if is_better.all() and size <= tolerance * largest:
            break
    return accepted


def _hinge_sums(margins: np.ndarray, present: list[int]) -> Summand:
    """Per label: losses, then their gradient, then their curvature, one row after the other."""

    def sums(values: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
        import numpy as np

        wide = np.hstack([values, np.ones((len(values), 1))])
        signs = _signs(labels, present)
        slack = 1 - signs * (wide @ margins.T)
        parts = []
        for place in range(len(present)):
            inside = slack[:, place] > 0
            active, weight = wide[inside], weights[inside]
            left = slack[inside, place]
            pull = -2 * weight * left * signs[inside, place]
            bend = (active * (2 * weight)[:, None]).T @ active
            parts.append(np.concatenate([[weight @ left**2], active.T @ pull, bend.ravel()]))
        return np.concatenate(parts)

    return sums


def _signs(labels: np.ndarray, present: list[int]) -> np.ndarray:
    """Array ``(n_rows, n_present)``: +1 where the row has the label, else -1."""
    import numpy as np

    return np.where(labels[:, None] == np.array(present)[None, :], 1.0, -1.0)


def _width(size: int, labels: int) -> int:
    """``w`` of ``w (w + labels) = size``."""
    import math

    return round((math.isqrt(labels**2 + 4 * size) - labels) / 2)
