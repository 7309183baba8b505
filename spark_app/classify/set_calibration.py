"""Calibrated probabilities for a set of genres: one map per genre, fitted on validation rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pyspark import keyword_only
from pyspark.ml import Estimator, Model
from pyspark.ml.functions import array_to_vector, vector_to_array
from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.param.shared import HasSeed
from pyspark.ml.util import DefaultParamsReadable, DefaultParamsWritable
from pyspark.sql import functions as F

from spark_app.classify.calibration_maps import IDENTITY, Map, choose_map
from spark_app.classify.calibration_sample import calibration_sample
from spark_app.classify.multilabel import LABEL_PROBABILITY, LABEL_SET

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from pyspark.sql import DataFrame

LABEL_CALIBRATED = "label_calibrated"  # as label_probability, after the maps


class LabelSetCalibrator(Estimator, HasSeed, DefaultParamsReadable, DefaultParamsWritable):
    """Chooses for each genre between Platt's temperature, an isotonic map, and leaving its probability as it is.

    The probability of a genre and of its absence are two that sum to 1; ``calibration_maps.choose_map`` decides by
    their cross-fitted log loss. A genre that all or no validation rows carry is left alone. ``fit`` takes at most
    200,000 rows (fewer with more than 50 genres) to the driver, the first by the hash of their ``track_id``.

    Input of ``fit``: one row per track, key ``track_id`` ``[track_id, unit, label_set, label_probability]``, validation
    rows: neither trained nor tested on. Without a row nothing is changed.
    """

    _input_kwargs: dict[str, Any]  # set by keyword_only

    @keyword_only
    def __init__(self, *, seed: int = 0) -> None:
        super().__init__()
        self._set(**self._input_kwargs)

    def _fit(self, dataset: DataFrame) -> LabelSetCalibratorModel:
        p, truth, parts = calibration_sample(
            dataset,
            probability=vector_to_array(F.col(LABEL_PROBABILITY)),
            truth=F.col(LABEL_SET),
            seed=self.getSeed(),
        )
        found = [_chosen(p[:, k], carried, parts) for k, carried in enumerate(memberships(truth, p.shape[1]).T)]
        model = LabelSetCalibratorModel()._set(maps=json.dumps([asdict(one) for one in found]))
        model._resetUid(self.uid)
        return self._copyValues(model)


class LabelSetCalibratorModel(Model, HasSeed, DefaultParamsReadable, DefaultParamsWritable):
    """Fitted by :class:`LabelSetCalibrator`: adds ``label_calibrated``, a vector of one probability per genre."""

    maps: Param[str] = Param(Params._dummy(), "maps", "JSON, one map per genre or none", TypeConverters.toString)

    @property
    def label_maps(self) -> list[Map]:
        """One map per genre; empty changes nothing."""
        return [_map_of(**found) for found in json.loads(self.getOrDefault(self.maps))]

    def _transform(self, dataset: DataFrame) -> DataFrame:
        maps = self.label_maps
        if not any(one.changes for one in maps):
            return dataset.withColumn(LABEL_CALIBRATED, F.col(LABEL_PROBABILITY))
        from spark_app.classify.calibration_udf import converting

        calibrate = converting(lambda p: apply_each(maps, p))
        return dataset.withColumn(
            LABEL_CALIBRATED, array_to_vector(calibrate(vector_to_array(F.col(LABEL_PROBABILITY))))
        )


def apply_each(maps: Sequence[Map], p: np.ndarray) -> np.ndarray:
    """Calibrated probabilities ``(n, n_genres)``, each genre by its own map."""
    import numpy as np

    return np.column_stack([one.apply(_both(p[:, k]))[:, 1] for k, one in enumerate(maps)])


def memberships(sets: pd.Series, n_genres: int) -> np.ndarray:
    """Positions of each row's genres -> 0 or 1 ``(n, n_genres)``."""
    import numpy as np

    found = np.zeros((len(sets), n_genres), dtype=int)
    rows = np.repeat(np.arange(len(sets)), [len(positions) for positions in sets])
    found[rows, np.concatenate([[], *sets]).astype(int)] = 1
    return found


def _chosen(p: np.ndarray, carried: np.ndarray, parts: np.ndarray) -> Map:
    return choose_map(_both(p), carried, parts) if 0 < carried.sum() < len(carried) else Map(IDENTITY)


def _both(p: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.column_stack([1 - p, p])


def _map_of(kind: str, temperature: float, knots: list[list[list[float]]], divisors: list[float]) -> Map:
    pairs = tuple((tuple(scores), tuple(values)) for scores, values in knots)
    return Map(kind, temperature, pairs, tuple(divisors))
