"""The scaling methods beside document 003's: robust, quantile, logarithms and clipping."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pyspark.ml import PipelineModel
from pyspark.sql import functions as F
from sklearn.preprocessing import QuantileTransformer, RobustScaler

from spark_app.errors import DataError, SchemaError, UsageError
from spark_app.features.scaling import FeatureScaler, FeatureScalerModel
from tests.frames import assert_same_rows

SCHEMA = "track_id string, genre_group string, tempo double, mode double"
ROWS = [
    ("a", "rock", 1.0, 1.0),
    ("b", "rock", 2.0, 1.0),
    ("c", "rock", 4.0, 1.0),
    ("d", "rock", 8.0, 1.0),
    ("e", "jazz", 100.0, 1.0),
    ("f", None, None, None),
]
METHODS = ["zscore", "zscore_range", "robust", "quantile"]


@pytest.fixture
def tracks(spark):
    return spark.createDataFrame(ROWS, SCHEMA)


def near(values):
    """The values, then null, as ``column`` gives them."""
    return [*[pytest.approx(value, abs=1e-12) for value in values], None]


def column(model, frame, name):
    return [row[name] for row in model.transform(frame).orderBy("track_id").collect()]


def test_zscore_adds_no_range(tracks):
    model = FeatureScaler(inputCols=["tempo"], method="zscore").fit(tracks)
    assert model.transform(tracks).columns == [*tracks.columns, "tempo_z"]
    values = np.array([1, 2, 4, 8, 100.0])
    assert column(model, tracks, "tempo_z") == near((values - values.mean()) / values.std())


def test_robust_is_the_distance_from_the_median_in_quartile_ranges(tracks):
    model = FeatureScaler(inputCols=["tempo", "mode"], method="robust").fit(tracks)
    # By hand: quartiles 2, 4 and 8; mode is constant.
    assert column(model, tracks, "tempo_robust") == [-0.5, -1 / 3, 0.0, 2 / 3, 16.0, None]
    assert column(model, tracks, "mode_robust") == [0.0] * 5 + [None]


def test_equal_quartiles_of_a_column_that_varies_divide_by_one(spark):
    frame = spark.createDataFrame([(str(i), x) for i, x in enumerate([0.0] * 8 + [5.0])], "track_id string, x double")
    assert column(FeatureScaler(inputCols=["x"], method="robust").fit(frame), frame, "x_robust") == [0.0] * 8 + [5.0]


def test_quantile_places_ties_in_the_middle_and_clamps_what_fit_has_not_seen(spark):
    values = [1.0, 2.0, 2.0, 2.0, 3.0]
    frame = spark.createDataFrame([(str(i), x) for i, x in enumerate(values)], "track_id string, x double")
    model = FeatureScaler(inputCols=["x"], method="quantile").fit(frame)
    # By hand: the three twos cover the shares 1/4 to 3/4.
    assert column(model, frame, "x_quantile") == [0.0, 0.5, 0.5, 0.5, 1.0]
    other = spark.createDataFrame([("a", -9.0), ("b", 9.0), ("c", None)], "track_id string, x double")
    assert column(model, other, "x_quantile") == [0.0, 1.0, None]
    constant = spark.createDataFrame([("a", 7.0), ("b", None)], "track_id string, x double")
    assert column(FeatureScaler(inputCols=["x"], method="quantile").fit(constant), frame, "x_quantile") == [0.5] * 5


def test_robust_and_quantile_equal_scikit_learn_whatever_the_partitioning(spark):
    rng = np.random.default_rng(5)
    values = np.column_stack([rng.normal(2e5, 9e4, 2_000), np.round(rng.beta(0.2, 3, 2_000), 2)])
    rows = [(f"{i:05}", *map(float, row)) for i, row in enumerate(values)]
    frame = spark.createDataFrame(rows, "track_id string, x double, y double")
    quantiles = QuantileTransformer(n_quantiles=101, subsample=None).fit_transform(values)
    for method, oracle in (("robust", RobustScaler().fit_transform(values)), ("quantile", quantiles)):
        for partitions in (1, 5):
            found = FeatureScaler(inputCols=["x", "y"], method=method).fit(frame.repartition(partitions))
            scaled = found.transform(frame).orderBy("track_id").select(f"x_{method}", f"y_{method}").toPandas()
            assert np.abs(scaled.to_numpy() - oracle).max() <= 1e-9


def test_a_logarithm_is_scaled_where_it_is_asked_for(tracks):
    model = FeatureScaler(inputCols=["tempo", "mode"], method="zscore", log1pCols=["tempo"]).fit(tracks)
    logs = np.log1p([1, 2, 4, 8, 100.0])
    assert column(model, tracks, "tempo_z") == near((logs - logs.mean()) / logs.std())
    assert column(model, tracks, "tempo") == [1, 2, 4, 8, 100, None]


def test_the_logarithm_of_a_negative_value_is_refused(spark, tracks):
    scaler = FeatureScaler(inputCols=["tempo"], log1pCols=["tempo"])
    below = spark.createDataFrame([("a", "rock", -0.5, 1.0)], SCHEMA)
    with pytest.raises(DataError, match=r"log1p of \['tempo'\]: negative"):
        scaler.fit(below)
    with pytest.raises(Exception, match="log1p of a negative tempo"):
        scaler.fit(tracks).transform(below).collect()


def test_clipping_bounds_z_and_the_range_still_ends_at_one(tracks):
    model = FeatureScaler(inputCols=["tempo"], clip=1.0).fit(tracks)
    values = np.array([1, 2, 4, 8, 100.0])
    expected = np.clip((values - values.mean()) / values.std(), -1, 1)  # only the last one exceeds 1
    assert column(model, tracks, "tempo_z") == near(expected)
    assert column(model, tracks, "tempo_range") == near(expected)
    assert expected[-1] == 1.0


@pytest.mark.parametrize("method", METHODS)
def test_every_method_scales_groups_each_by_itself(spark, tracks, method):
    model = FeatureScaler(inputCols=["tempo", "mode"], method=method, groupCol="genre_group").fit(tracks)
    rock = tracks.where("genre_group = 'rock'")
    alone = FeatureScaler(inputCols=["tempo", "mode"], method=method).fit(rock)
    assert_same_rows(model.transform(rock), alone.transform(rock))

    serve = spark.createDataFrame([("p", "pop", 3.0, 1.0), ("q", None, 3.0, 1.0), ("r", "jazz", 3.0, None)], SCHEMA)
    added = [name for name in model.transform(serve).columns if name.startswith("tempo_")]
    single = 0.5 if method == "quantile" else 0.0  # jazz has one row
    for name in added:
        assert column(model, serve, name) == [None, None, single]


@pytest.mark.parametrize("group", [None, "genre_group"])
@pytest.mark.parametrize("method", METHODS)
def test_a_reloaded_model_gives_the_same_output(tracks, tmp_path, method, group):
    clip = None if method == "quantile" else 1.5
    scaler = FeatureScaler(inputCols=["tempo", "mode"], method=method, log1pCols=["tempo"])
    scaler._set(**{k: v for k, v in {"groupCol": group, "clip": clip}.items() if v is not None})
    model = scaler.fit(tracks)
    PipelineModel(stages=[model]).save(str(tmp_path / "model"))
    reloaded = PipelineModel.load(str(tmp_path / "model")).stages[0]
    assert isinstance(reloaded, FeatureScalerModel)
    assert reloaded.transform(tracks).collect() == model.transform(tracks).collect()


def test_a_renamed_twin_is_still_known_as_scaled(tracks):
    once = FeatureScaler(inputCols=["tempo"], method="robust").fit(tracks).transform(tracks)
    renamed = once.select("track_id", F.col("tempo_robust").alias("speed"))
    with pytest.raises(SchemaError, match=r"already scaled: \['speed'\]"):
        FeatureScaler(inputCols=["speed"]).fit(renamed)


def test_merged_moments_make_the_model_that_a_full_fit_makes(tracks):
    full = FeatureScaler(inputCols=["tempo", "mode"]).fit(tracks)
    model = FeatureScalerModel.from_moments(full.moments, columns=["tempo", "mode"], group=None)
    assert model.transform(tracks).collect() == full.transform(tracks).collect()


@pytest.mark.parametrize("method", ["robust", "quantile"])
def test_nan_is_refused_by_methods_of_order_too(spark, method):
    frame = spark.createDataFrame([(1.0,), (math.nan,)], "tempo double")
    with pytest.raises(DataError, match=r"\['tempo'\]: NaN"):
        FeatureScaler(inputCols=["tempo"], method=method).fit(frame)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"method": "minmax"}, "no scaling method minmax"),
        ({"method": "quantile", "clip": 2.0}, "clip=2"),
        ({"clip": 0.0}, "clip=0"),
        ({"log1pCols": ["energy"]}, "energy"),
    ],
)
def test_options_that_do_not_go_together_are_refused(tracks, options, told):
    with pytest.raises(UsageError, match=told):
        FeatureScaler(inputCols=["tempo"], **options).fit(tracks)
