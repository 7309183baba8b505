"""Gradient-boosted trees, trained on the cluster by xgboost and kept without its pickles."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from pyspark import keyword_only
from pyspark.ml import Estimator
from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.param.shared import HasFeaturesCol, HasLabelCol, HasSeed, HasWeightCol
from pyspark.ml.util import DefaultParamsReadable, DefaultParamsWritable
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.classify.arrays import ArrayModel
from spark_app.classify.linear import present_labels
from spark_app.classify.params import given
from spark_app.classify.positions import array_position
from spark_app.classify.probabilities import LABEL_INDEX, VECTOR, with_prediction
from spark_app.errors import DataError, UsageError

if TYPE_CHECKING:
    import numpy as np

_LABEL = "_boosted_label"


class _BoostingParams(HasFeaturesCol, HasLabelCol, HasWeightCol, HasSeed):
    rounds: Param[int] = Param(Params._dummy(), "rounds", "most trees per label", TypeConverters.toInt)
    depth: Param[int] = Param(Params._dummy(), "depth", "longest path", TypeConverters.toInt)
    rate: Param[float] = Param(Params._dummy(), "rate", "learning rate", TypeConverters.toFloat)
    rowShare: Param[float] = Param(  # noqa: N815 - Spark ML's own naming
        Params._dummy(), "rowShare", "share of the rows a tree sees", TypeConverters.toFloat
    )
    featureShare: Param[float] = Param(  # noqa: N815
        Params._dummy(), "featureShare", "share of the features a tree sees", TypeConverters.toFloat
    )
    workers: Param[int] = Param(Params._dummy(), "workers", "tasks that train together", TypeConverters.toInt)
    patience: Param[int] = Param(
        Params._dummy(), "patience", "rounds without a better validation loss that end training", TypeConverters.toInt
    )
    validationCol: Param[str] = Param(  # noqa: N815
        Params._dummy(), "validationCol", "true in the rows that only decide when to stop", TypeConverters.toString
    )
    nLabels: Param[int] = Param(Params._dummy(), "nLabels", "declared labels", TypeConverters.toInt)  # noqa: N815

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(featuresCol=VECTOR, labelCol=LABEL_INDEX, seed=0, rounds=150, depth=5, rate=0.1)
        self._setDefault(rowShare=0.8, featureShare=0.6, workers=1, patience=20)


class GradientBoosting(Estimator, _BoostingParams, DefaultParamsReadable, DefaultParamsWritable):
    """Boosted trees on histograms (Chen & Guestrin 2016), one tree per label and round, by ``SparkXGBClassifier``.

    The same rows in the same partitions with as many ``workers`` give the same model. Labels without rows are left
    out of the fit and get probability 0. With ``validationCol``, training ends after ``patience`` rounds without a
    better log loss on those rows, and the best round counts. Null labels are to be left out.

    Raises:
        UsageError: from ``fit``, when xgboost is not installed.
        DataError: from ``fit``, when no row trains, or validation has no row of a known label.
    """

    _input_kwargs: dict[str, Any]  # set by keyword_only

    @keyword_only
    def __init__(
        self,
        *,
        weightCol: str | None = None,  # noqa: N803
        validationCol: str | None = None,  # noqa: N803
        nLabels: int | None = None,  # noqa: N803
        rounds: int | None = None,
        depth: int | None = None,
        rate: float | None = None,
        rowShare: float | None = None,  # noqa: N803
        featureShare: float | None = None,  # noqa: N803
        workers: int | None = None,
        patience: int | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        self._set(**given(self._input_kwargs))

    def _fit(self, dataset: DataFrame) -> GradientBoostingModel:
        import numpy as np

        check_installed()
        training = dataset if not self.isDefined(self.validationCol) else dataset.where(~self._is_validation())
        present = present_labels(training, self.getLabelCol())
        n_labels = max(self.getOrDefault(self.nLabels) if self.isDefined(self.nLabels) else 0, max(present) + 1)
        content = self._booster(dataset, present) if len(present) > 1 else b""
        arrays: dict[str, np.ndarray] = {
            "booster": np.frombuffer(content, dtype=np.uint8),
            "present": np.array(present, dtype=np.int32),
        }
        model = GradientBoostingModel().with_arrays(arrays)
        model._resetUid(self.uid)
        self._copyValues(model)
        return model._set(nLabels=n_labels)

    def _is_validation(self) -> Any:
        return F.coalesce(F.col(self.getOrDefault(self.validationCol)), F.lit(False))

    def _booster(self, dataset: DataFrame, present: list[int]) -> bytes:
        """The trained trees in xgboost's own binary JSON."""
        # Labels without a row in between would not be counted as classes.
        place = array_position(F.array(*[F.lit(index) for index in present]), F.col(self.getLabelCol()).cast("int"))
        rows = dataset.withColumn(_LABEL, (place - 1).cast("double")).where(F.col(_LABEL) >= 0)
        if self.isDefined(self.validationCol):
            rows = rows.withColumn(self.getOrDefault(self.validationCol), self._is_validation())
            self._check_validation(rows)
        logging.getLogger("XGBoost-PySpark").setLevel(logging.WARNING)
        model = self._classifier().fit(rows)
        booster = model.get_booster()
        if self.isDefined(self.validationCol):
            booster = booster[: booster.best_iteration + 1]
        return bytes(booster.save_raw("ubj"))

    def _check_validation(self, rows: DataFrame) -> None:
        if not rows.where(self._is_validation()).head(1):
            raise DataError("no row to stop on: validation holds none of the labels", "Train without early stopping.")

    def _classifier(self) -> Any:
        from xgboost.spark import SparkXGBClassifier

        stops = self.isDefined(self.validationCol)
        return SparkXGBClassifier(
            features_col=self.getFeaturesCol(),
            label_col=_LABEL,
            weight_col=self.getWeightCol() if self.isDefined(self.weightCol) else None,
            validation_indicator_col=self.getOrDefault(self.validationCol) if stops else None,
            early_stopping_rounds=self.getOrDefault(self.patience) if stops else None,
            num_workers=self.getOrDefault(self.workers),
            n_estimators=self.getOrDefault(self.rounds),
            max_depth=self.getOrDefault(self.depth),
            learning_rate=self.getOrDefault(self.rate),
            subsample=self.getOrDefault(self.rowShare),
            colsample_bytree=self.getOrDefault(self.featureShare),
            tree_method="hist",
            random_state=self.getSeed(),
            verbosity=0,
            verbose=False,  # else each round prints its loss
        )


class GradientBoostingModel(ArrayModel, _BoostingParams):
    """Fitted by :class:`GradientBoosting`: adds ``probability`` and ``prediction``.

    The arrays are ``booster``, xgboost's binary JSON (empty where a single label had rows), and ``present``, the
    labels that it knows, in its order.
    """

    def _transform(self, dataset: DataFrame) -> DataFrame:
        from spark_app.classify.vectorised import over_vectors

        check_installed()
        sent = self.broadcast((self.arrays["booster"].tobytes(), self.arrays["present"]))
        n_labels = self.getOrDefault(self.nLabels)
        shares = over_vectors(
            lambda values: boosted_shares(values, sent.value[0], present=sent.value[1], n_labels=n_labels),
            F.col(self.getFeaturesCol()),
            kind="float32",
        )
        return with_prediction(dataset, shares)


def boosted_shares(values: np.ndarray, booster: bytes, *, present: np.ndarray, n_labels: int) -> np.ndarray:
    """Array ``(n_rows, n_labels)``; 0 for labels that the booster does not know."""
    import numpy as np

    shares = np.zeros((len(values), n_labels))
    if len(present) == 1:
        shares[:, present[0]] = 1.0
        return shares
    import xgboost

    trees = xgboost.Booster({"nthread": 1}, model_file=bytearray(booster))
    found = trees.inplace_predict(values).astype(np.float64)
    known = np.column_stack([1 - found, found]) if found.ndim == 1 else found
    shares[:, present] = known / known.sum(axis=1, keepdims=True)
    return shares


def check_installed() -> None:
    """Raises UsageError, with the extra to install, where xgboost is missing."""
    from importlib.util import find_spec

    if find_spec("xgboost") is None:
        raise UsageError("gradient boosting needs xgboost", "Install the extra: pip install 'spark_app[boost]'")
