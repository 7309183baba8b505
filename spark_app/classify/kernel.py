"""Random Fourier features: a linear model of them is a model with the RBF kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyspark import keyword_only
from pyspark.ml import Estimator
from pyspark.ml.functions import array_to_vector
from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.param.shared import HasInputCol, HasOutputCol, HasSeed
from pyspark.ml.util import DefaultParamsReadable, DefaultParamsWritable
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.classify.arrays import ArrayModel
from spark_app.classify.params import given
from spark_app.classify.sums import summed, training_rows
from spark_app.errors import UsageError

if TYPE_CHECKING:
    import numpy as np


class _FourierParams(HasInputCol, HasOutputCol, HasSeed):
    components: Param[int] = Param(Params._dummy(), "components", "length of the output, even", TypeConverters.toInt)
    gamma: Param[float] = Param(
        Params._dummy(),
        "gamma",
        "of exp(-gamma |x - y|^2); unset: 1 / (n_features * variance of all values)",
        TypeConverters.toFloat,
    )


class RandomFourierFeatures(Estimator, _FourierParams, DefaultParamsReadable, DefaultParamsWritable):
    """Adds a vector ``z(x)`` whose dot products approach ``exp(-gamma |x - y|^2)`` (Rahimi & Recht 2007).

    ``z = sqrt(2 / D) [cos(Wx), sin(Wx)]`` with ``D / 2`` rows of ``W`` from ``N(0, 2 gamma)``; the error falls with
    ``1 / sqrt(D)``. The default ``gamma`` is scikit-learn's ``"scale"``; where all values are equal it is 1.

    Raises:
        UsageError: from ``fit``, when ``components`` is odd.
        DataError: from ``fit``, when there is no row.
    """

    _input_kwargs: dict[str, Any]  # set by keyword_only

    @keyword_only
    def __init__(
        self,
        *,
        inputCol: str | None = None,  # noqa: N803
        outputCol: str | None = None,  # noqa: N803
        components: int | None = None,
        gamma: float | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        self._setDefault(components=512, seed=0)
        self._set(**given(self._input_kwargs))

    def _fit(self, dataset: DataFrame) -> RandomFourierModel:
        import numpy as np

        components = self.getOrDefault(self.components)
        if components < 2 or components % 2:
            raise UsageError(f"{components} components: Fourier features come in pairs", "Give an even number.")
        width, gamma = _width_and_gamma(dataset, self.getInputCol())
        if self.isDefined(self.gamma):
            gamma = self.getOrDefault(self.gamma)
        random = np.random.default_rng(self.getSeed())
        frequencies = random.normal(scale=np.sqrt(2 * gamma), size=(width, components // 2))
        model = RandomFourierModel().with_arrays({"frequencies": frequencies})
        model._resetUid(self.uid)
        self._copyValues(model)
        return model._set(gamma=gamma)


class RandomFourierModel(ArrayModel, _FourierParams):
    """Fitted by :class:`RandomFourierFeatures`."""

    def _transform(self, dataset: DataFrame) -> DataFrame:
        from spark_app.classify.vectorised import over_vectors

        sent = self.broadcast(self.arrays["frequencies"])
        waves = over_vectors(lambda values: fourier(values, sent.value), F.col(self.getInputCol()))
        return dataset.withColumn(self.getOutputCol(), array_to_vector(waves))


def fourier(values: np.ndarray, frequencies: np.ndarray) -> np.ndarray:
    """Array ``(n_rows, 2 * n_frequencies)``; each row has length 1."""
    import numpy as np

    angles = values @ frequencies
    return np.hstack([np.cos(angles), np.sin(angles)]) / np.sqrt(frequencies.shape[1])


def _width_and_gamma(dataset: DataFrame, features: str) -> tuple[int, float]:
    """Number of features, and scikit-learn's ``"scale"``, in one pass."""
    import numpy as np

    def powers(values: np.ndarray, _: np.ndarray, __: np.ndarray) -> np.ndarray:
        return np.concatenate([[len(values)], values.sum(axis=0), (values**2).sum(axis=0)])

    keyed = dataset.select(features, F.lit(0).alias("_none"))
    sums = summed(training_rows(keyed, features=features, label="_none", weight=None), powers)
    width = (len(sums) - 1) // 2
    mean = sums[1 : width + 1].sum() / (sums[0] * width)
    variance = sums[width + 1 :].sum() / (sums[0] * width) - mean**2
    return width, 1 / (width * variance) if variance > 0 else 1.0
