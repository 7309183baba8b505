"""Planted leaks are caught."""

from __future__ import annotations

from datetime import date

import pytest

from spark_app.errors import DataError
from spark_app.features.leaks import check_no_leak, check_time_order

SPLITS = "track_id string, fold int"
MEMBERS = "track_id string, member string"
BY_TIME = "track_id string, unit string, fold int"
DATED = "track_id string, release_date date"


def test_the_leak_check_passes_folds_and_held_rows_that_keep_members_together(spark):
    splits = spark.createDataFrame([("a", 0), ("b", 0), ("c", None), ("d", None), ("e", 1)], SPLITS)
    artists = spark.createDataFrame([("a", "x"), ("b", "x"), ("c", "y"), ("d", "y"), ("e", None), ("a", None)], MEMBERS)
    check_no_leak(splits, {"artists": artists, "near-twin groups": artists})


def test_the_leak_check_counts_torn_artists_and_twins_between_folds_and_held_rows(spark):
    splits = spark.createDataFrame([("a", 0), ("b", 1), ("c", None), ("d", 2)], SPLITS)
    artists = spark.createDataFrame([("a", "x"), ("b", "x"), ("c", "y"), ("d", "y")], MEMBERS)
    twins = spark.createDataFrame([("a", "g"), ("b", "g"), ("c", "h")], MEMBERS)
    with pytest.raises(DataError, match="the splits leak: 2 artists, 1 near-twin groups on more than one side"):
        check_no_leak(splits, {"artists": artists, "near-twin groups": twins})


def days(spark, **release):
    return spark.createDataFrame(
        [(track, date(2000, 1, day) if day else None) for track, day in release.items()], DATED
    )


def test_time_in_order_passes_also_where_a_twin_of_a_test_track_is_old(spark):
    splits = spark.createDataFrame([("a", "a", 2), ("b", "b", 1), ("c", "c", 0), ("d", "c", 0)], BY_TIME)
    check_time_order(splits, days(spark, a=1, b=2, c=3, d=1))


@pytest.mark.parametrize(
    ("release", "reason"),
    [
        ({"a": 2, "b": 2, "c": 3}, "training reaches into the time of validation"),
        ({"a": 1, "b": 5, "c": 3}, "validation reaches into the time of test"),
        ({"a": 1, "b": None, "c": 3}, "1 tracks without a date"),
    ],
)
def test_a_training_track_as_new_as_a_later_part_is_a_leak(spark, release, reason):
    splits = spark.createDataFrame([("a", "a", 2), ("b", "b", 1), ("c", "c", 0)], BY_TIME)
    with pytest.raises(DataError, match=reason):
        check_time_order(splits, days(spark, **release))
