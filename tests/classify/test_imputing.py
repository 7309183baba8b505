"""Median imputation."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.impute import SimpleImputer

from spark_app.classify.imputing import MedianImputer, MedianImputerModel
from spark_app.errors import DataError

SCHEMA = "track_id string, tempo double, mode double, key double"


@pytest.fixture
def train(spark):
    return spark.createDataFrame(
        [("a", 1.0, 1.0, None), ("b", 2.0, 0.0, None), ("c", 9.0, 1.0, None), ("d", None, 1.0, None)], SCHEMA
    )


def test_nulls_become_the_training_median_and_only_incomplete_columns_get_an_indicator(spark, train):
    model = MedianImputer(inputCols=["tempo", "mode", "key"]).fit(train)
    serve = spark.createDataFrame([("x", None, None, 3.0), ("y", 5.0, 0.0, None)], SCHEMA)

    # Medians by hand: tempo 2, mode 1; key held nothing in training and is left out.
    found = model.transform(serve).drop(*train.columns)
    assert (
        found.columns
        == ["tempo_filled", "mode_filled", "tempo_missing"]
        == [*model.filled_columns, *model.missing_columns]
    )
    assert [tuple(row) for row in found.collect()] == [(2.0, 1.0, 1.0), (5.0, 0.0, 0.0)]


def test_equals_scikit_learn_with_an_even_count_whatever_the_partitioning(spark):
    rng = np.random.default_rng(5)
    values = [None if gap else float(v) for v, gap in zip(rng.normal(size=40), rng.random(40) < 0.3, strict=True)]
    frame = spark.createDataFrame([(v,) for v in values], "tempo double")

    expected = SimpleImputer(strategy="median").fit(np.array(values, dtype=float)[:, None]).statistics_
    for partitions in (1, 7):
        model = MedianImputer(inputCols=["tempo"]).fit(frame.repartition(partitions))
        assert model.getOrDefault("medians") == pytest.approx(expected, abs=1e-15)


def test_columns_without_any_value_are_an_error(train):
    with pytest.raises(DataError, match=r"no training row holds any of \['key'\]"):
        MedianImputer(inputCols=["key"]).fit(train)


def test_a_reloaded_imputer_gives_the_same_output(train, tmp_path):
    model = MedianImputer(inputCols=["tempo", "mode"]).fit(train)
    model.save(str(tmp_path / "model"))
    reloaded = MedianImputerModel.load(str(tmp_path / "model"))
    assert reloaded.transform(train).collect() == model.transform(train).collect()
