"""The two-stage scaler."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from pyspark.ml import Pipeline, PipelineModel
from pyspark.sql import functions as F
from sklearn.preprocessing import MaxAbsScaler, StandardScaler

from spark_app.columns import AUDIO12, AUDIO12_RANGE, AUDIO12_Z
from spark_app.errors import SchemaError
from spark_app.features.scaling import FeatureScaler, FeatureScalerModel
from spark_app.features.stats import stats_rows
from tests.frames import assert_same_rows

SCHEMA = "track_id string, genre_group string, tempo double, mode double"
ROWS = [
    ("a", "rock", 2.0, 1.0),
    ("b", "rock", 4.0, 1.0),
    ("c", "jazz", 9.0, 1.0),
    ("d", None, None, None),
]


@pytest.fixture
def tracks(spark):
    return spark.createDataFrame(ROWS, SCHEMA)


def scaled(frame, model):
    return model.transform(frame).select("track_id", "tempo_z", "tempo_range", "mode_z", "mode_range")


SCALED = "track_id string, tempo_z double, tempo_range double, mode_z double, mode_range double"


def test_z_then_range_with_a_constant_column_and_nulls(spark, tracks):
    model = FeatureScaler(inputCols=["tempo", "mode"]).fit(tracks)

    # By hand: mean 5, population std sqrt(26 / 3); the largest |deviation| is 4. mode is constant.
    std = math.sqrt(26 / 3)
    expected = [
        ("a", -3 / std, -3 / 4, 0.0, 0.0),
        ("b", -1 / std, -1 / 4, 0.0, 0.0),
        ("c", 4 / std, 1.0, 0.0, 0.0),
        ("d", None, None, None, None),
    ]
    assert_same_rows(scaled(tracks, model), spark.createDataFrame(expected, SCALED))


def test_each_group_is_scaled_by_itself_and_unknown_groups_stay_null(spark, tracks):
    model = FeatureScaler(inputCols=["tempo", "mode"], groupCol="genre_group").fit(tracks)
    serve = spark.createDataFrame([*ROWS, ("e", "pop", 1.0, 1.0)], SCHEMA)

    expected = [
        ("a", -1.0, -1.0, 0.0, 0.0),
        ("b", 1.0, 1.0, 0.0, 0.0),
        ("c", 0.0, 0.0, 0.0, 0.0),  # the only row of its group
        ("d", None, None, None, None),
        ("e", None, None, None, None),  # its group was not there in fit
    ]
    actual = model.transform(serve)
    assert actual.columns == [*serve.columns, "tempo_z", "tempo_range", "mode_z", "mode_range"]
    assert_same_rows(scaled(serve, model), spark.createDataFrame(expected, SCALED))


def test_numeric_groups_are_groups_too(spark):
    frame = spark.createDataFrame([(1, 2.0), (1, 4.0), (2, 5.0)], "cluster int, tempo double")
    model = FeatureScaler(inputCols=["tempo"], groupCol="cluster").fit(frame)
    assert sorted(row.tempo_z for row in model.transform(frame).collect()) == [-1.0, 0.0, 1.0]


def test_a_column_without_any_value_stays_null(spark):
    frame = spark.createDataFrame([("a", None), ("b", None)], "track_id string, key double")
    rows = FeatureScaler(inputCols=["key"]).fit(frame).transform(frame).collect()
    assert [(row.key_z, row.key_range) for row in rows] == [(None, None), (None, None)]


def test_a_constant_column_gives_zero_for_other_data_too(spark):
    fitted = FeatureScaler(inputCols=["tempo"]).fit(spark.createDataFrame([(0.1,)] * 3, "tempo double"))
    (row,) = fitted.transform(spark.createDataFrame([(7.0,)], "tempo double")).collect()
    assert (row.tempo_z, row.tempo_range) == (0.0, 0.0)


def test_scaling_twice_is_refused(tracks):
    scaler = FeatureScaler(inputCols=["tempo"])
    once = scaler.fit(tracks).transform(tracks)
    with pytest.raises(SchemaError, match="already scaled"):
        scaler.fit(once)
    with pytest.raises(SchemaError, match="already scaled"):
        FeatureScaler(inputCols=["tempo_z"]).fit(once)


def test_equals_scikit_learn_and_meets_the_bars_on_a_wide_scale(spark):
    rng = np.random.default_rng(3)
    values = np.column_stack([rng.normal(2.3e5, 9e4, 3_000), rng.beta(0.1, 3, 3_000), rng.normal(-7, 3, 3_000)])
    names = ["duration_ms", "instrumentalness", "loudness"]
    frame = spark.createDataFrame(values.tolist(), ", ".join(f"{name} double" for name in names)).repartition(3)

    rows = FeatureScaler(inputCols=names).fit(frame).transform(frame).toPandas()  # 3,000 rows

    z = StandardScaler().fit_transform(rows[names].to_numpy())
    assert rows[[f"{name}_z" for name in names]].to_numpy() == pytest.approx(z, abs=1e-9)
    assert rows[[f"{name}_range" for name in names]].to_numpy() == pytest.approx(
        MaxAbsScaler().fit_transform(z), abs=1e-9
    )
    ours = rows[[f"{name}_z" for name in names]]
    assert ours.mean().abs().max() <= 1e-9
    assert (ours.std(ddof=0) - 1).abs().max() <= 1e-9
    assert (rows[[f"{name}_range" for name in names]].abs().max() == 1.0).all()


@pytest.mark.real_data
def test_real_features_meet_the_bars_whatever_the_partitioning(spark, real_data):
    names = list(AUDIO12)
    songs = pd.read_csv(real_data / "spotify_songs" / "spotify_songs.csv", usecols=["track_id", *names])
    songs = songs.drop_duplicates("track_id")[names].astype(float)
    frame = spark.createDataFrame(songs)  # 28,356 rows
    model = FeatureScaler(inputCols=names).fit(frame)

    scaled_rows = model.transform(frame).toPandas()
    z, ranges = scaled_rows[list(AUDIO12_Z)], scaled_rows[list(AUDIO12_RANGE)]
    assert z.mean().abs().max() <= 1e-9
    assert (z.std(ddof=0) - 1).abs().max() <= 1e-9
    assert (ranges.abs().max() == 1.0).all()
    oracle = StandardScaler().fit_transform(scaled_rows[names].to_numpy())
    assert np.abs(z.to_numpy() - oracle).max() <= 1e-9
    assert np.abs(ranges.to_numpy() - MaxAbsScaler().fit_transform(oracle)).max() <= 1e-9

    for other in (frame.repartition(1), frame.repartition(7), frame.orderBy(F.xxhash64("tempo", "duration_ms"))):
        for ours, theirs in zip(
            model.moments["all"], FeatureScaler(inputCols=names).fit(other).moments["all"], strict=True
        ):
            assert theirs.mean == pytest.approx(ours.mean, rel=1e-12)
            assert theirs.m2 == pytest.approx(ours.m2, rel=1e-12)
            assert (theirs.n, theirs.minimum, theirs.maximum) == (ours.n, ours.minimum, ours.maximum)


@pytest.mark.parametrize("group", [None, "genre_group"])
def test_a_reloaded_pipeline_gives_the_same_output(tracks, tmp_path, group):
    scaler = FeatureScaler(inputCols=["tempo", "mode"])
    if group:
        scaler._set(groupCol=group)
    model = Pipeline(stages=[scaler]).fit(tracks)
    model.save(str(tmp_path / "model"))

    reloaded = PipelineModel.load(str(tmp_path / "model"))

    assert isinstance(reloaded.stages[0], FeatureScalerModel)
    assert reloaded.stages[0].moments == model.stages[0].moments
    assert scaled(tracks, reloaded).collect() == scaled(tracks, model).collect()


def test_an_unfitted_scaler_reloads_with_its_columns(tmp_path):
    FeatureScaler(inputCols=["tempo"], groupCol="genre_group").save(str(tmp_path / "scaler"))
    reloaded = FeatureScaler.load(str(tmp_path / "scaler"))
    assert (reloaded.getInputCols(), reloaded.getGroupCol()) == (["tempo"], "genre_group")


def test_statistics_become_rows_with_null_where_there_is_no_value(spark):
    frame = spark.createDataFrame([("a", 2.0, None), ("b", 4.0, None)], "track_id string, tempo double, key double")
    model = FeatureScaler(inputCols=["tempo", "key"]).fit(frame)

    tempo, key = stats_rows(model.moments, columns=["tempo", "key"])

    assert tempo == {
        "feature": "tempo", "genre_group": "all", "n": 2, "n_null": 0, "mean": 3.0, "m2": 2.0, "std": 1.0,
        "min": 2.0, "max": 4.0, "max_abs_z": 1.0, "is_constant": False,
    }  # fmt: skip
    assert (key["n"], key["n_null"], key["mean"], key["is_constant"]) == (0, 2, None, None)
