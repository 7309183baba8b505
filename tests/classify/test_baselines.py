"""Baselines."""

from __future__ import annotations

import pytest

from spark_app.classify import baselines
from tests.frames import assert_same_rows

LABELS = ["jazz", "pop", "rock"]


def answers(frame):
    return {row.track_id: (row.prediction, list(row.probability)) for row in frame.collect()}


def test_the_prior_is_the_share_of_each_declared_label():
    assert baselines.prior_of({"rock": 3, "pop": 1}, labels=LABELS) == [0.0, 0.25, 0.75]


def test_the_majority_takes_the_first_of_equally_frequent_labels(spark):
    rows = spark.createDataFrame([("a",), ("b",)], "track_id string")
    found = answers(baselines.majority(rows, prior=[0.2, 0.4, 0.4]))
    assert found == {"a": (1.0, [0.2, 0.4, 0.4]), "b": (1.0, [0.2, 0.4, 0.4])}


def test_stratified_draws_follow_the_prior_and_the_seed_but_not_the_partitioning(spark):
    rows = spark.range(5000).selectExpr("concat('t', id) as track_id")
    drawn = baselines.stratified(rows, prior=[0.1, 0.6, 0.3], seed=1)
    shares = {row.prediction: row["count"] / 5000 for row in drawn.groupBy("prediction").count().collect()}
    # Three standard errors of a share at 5,000 draws are at most 0.021.
    assert shares == pytest.approx({0.0: 0.1, 1.0: 0.6, 2.0: 0.3}, abs=0.021)
    names = drawn.select("track_id", "prediction")
    again = baselines.stratified(rows.repartition(3), prior=[0.1, 0.6, 0.3], seed=1)
    assert_same_rows(again.select("track_id", "prediction"), names)
    other = baselines.stratified(rows, prior=[0.1, 0.6, 0.3], seed=2).select("track_id", "prediction")
    assert other.exceptAll(names).count() > 0


def test_the_artist_prior_mixes_own_training_tracks_with_one_track_of_the_prior(spark):
    train = spark.createDataFrame(
        [("x", 2.0), ("x", 2.0), ("x", 0.0), (None, 0.0), ("y", 0.0)], "artist_id string, label_index double"
    )
    rows = spark.createDataFrame([("a", "x"), ("b", "z"), ("c", None)], "track_id string, artist_id string")

    frame = baselines.artist_prior(rows, train=train, prior=[0.2, 0.5, 0.3])

    found = answers(frame)
    assert frame.columns == ["track_id", "artist_id", "prediction", "probability"]
    # By hand: (1 + 0.2) / 4, (0 + 0.5) / 4, (2 + 0.3) / 4; no training track leaves the prior.
    assert found["a"] == (2.0, pytest.approx([0.3, 0.125, 0.575]))
    assert found["b"] == found["c"] == (1.0, pytest.approx([0.2, 0.5, 0.3]))
