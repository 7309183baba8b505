"""Calibrated probabilities for a set of genres."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pyspark.ml.linalg import DenseVector, VectorUDT
from pyspark.sql import types as T
from scipy.special import expit, logit

from spark_app.classify import calibration_maps as maps
from spark_app.classify.set_calibration import LabelSetCalibrator, LabelSetCalibratorModel, memberships

SCHEMA = T.StructType(
    [
        T.StructField("track_id", T.StringType()),
        T.StructField("unit", T.StringType()),
        T.StructField("label_set", T.ArrayType(T.IntegerType())),
        T.StructField("label_probability", VectorUDT()),
    ]
)


def tracks(n=1500, seed=0):
    """Truth of three genres from known chances; the model is too sure of the first, right about the second, and the
    third is carried by all.
    """
    rng = np.random.default_rng(seed)
    chance = np.column_stack([rng.uniform(0.05, 0.95, (n, 2)), np.ones(n)])
    carried = rng.random((n, 3)) < chance
    said = chance.copy()
    said[:, 0] = expit(3 * logit(chance[:, 0]))
    said[:, 2] = 0.9
    return said, carried


def frame(spark, said, carried):
    rows = [
        (f"t{i:04}", f"u{i // 3}", np.flatnonzero(of).tolist(), DenseVector(p))
        for i, (p, of) in enumerate(zip(said, carried, strict=True))
    ]
    return spark.createDataFrame(rows, SCHEMA)


@pytest.fixture
def fitted(spark):
    said, carried = tracks()
    rows = frame(spark, said, carried)
    return said, rows, LabelSetCalibrator(seed=3).fit(rows)


def test_each_genre_gets_its_own_map_and_what_is_right_or_certain_is_left_alone(fitted):
    _, _, model = fitted
    first, second, third = model.label_maps
    assert first.kind != maps.IDENTITY
    assert (second.kind, third.kind) == (maps.IDENTITY, maps.IDENTITY)
    fresh, carried = tracks(seed=1)
    before, after = fresh[:, 0], first.apply(np.column_stack([1 - fresh[:, 0], fresh[:, 0]]))[:, 1]
    brier = [((p - carried[:, 0]) ** 2).mean() for p in (before, after)]
    assert brier[1] < brier[0] - 0.01


def test_transform_applies_the_maps_whatever_the_partitioning_and_after_reloading(fitted, tmp_path):
    said, rows, model = fitted
    expected = np.column_stack(
        [one.apply(np.column_stack([1 - p, p]))[:, 1] for one, p in zip(model.label_maps, said.T, strict=True)]
    )
    found = model.transform(rows).orderBy("track_id").collect()
    assert np.array([row.label_calibrated for row in found]) == pytest.approx(expected, abs=1e-12)
    assert LabelSetCalibrator(seed=3).fit(rows.repartition(5)).label_maps == model.label_maps
    model.save(str(tmp_path / "model"))
    again = LabelSetCalibratorModel.load(str(tmp_path / "model"))
    assert again.transform(rows).orderBy("track_id").collect() == found


def test_without_a_validation_row_nothing_changes(spark, fitted):
    said, rows, _ = fitted
    model = LabelSetCalibrator().fit(rows.limit(0))
    found = model.transform(rows).orderBy("track_id").collect()
    assert np.array([row.label_calibrated for row in found]) == pytest.approx(said)


def test_memberships_are_the_positions_of_each_row():
    assert memberships(pd.Series([[0, 2], [], [1]]), 3).tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0]]
