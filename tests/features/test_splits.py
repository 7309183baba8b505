"""Folds and the leak check."""

from __future__ import annotations

import pytest

from spark_app.errors import DataError
from spark_app.features.splits import artist_splits, check_fold_sizes, check_no_leak, with_part
from tests.frames import assert_same_rows

UNITS = "track_id string, unit string"
SPLITS = "track_id string, fold int"
MEMBERS = "track_id string, member string"


def units(spark, large=0, small=60):
    rows = [(f"x{i}", "crowd") for i in range(large)] + [(f"t{i}", f"u{i // 2}") for i in range(small)]
    return spark.createDataFrame(rows, UNITS)


def test_all_tracks_of_a_unit_fall_into_one_fold_given_by_its_hash(spark):
    splits = artist_splits(units(spark), folds=5, seed=42, max_component_share=0.05)

    # The fold of a unit, from the formula of the contract by Spark's own hash.
    oracle = units(spark).selectExpr("track_id", "int(pmod(xxhash64(unit, 42L), 5)) as fold")
    assert_same_rows(splits.select("track_id", "fold"), oracle)
    assert {row.kind for row in splits.collect()} == {"artist"}
    assert splits.columns == ["track_id", "kind", "unit", "fold", "is_held_train"]


def test_another_seed_moves_units(spark):
    def folds(seed):
        splits = artist_splits(units(spark), folds=5, seed=seed, max_component_share=0.05)
        return {row.track_id: row.fold for row in splits.collect()}

    assert folds(1) == folds(1)
    assert folds(1) != folds(2)


def test_a_component_above_the_limit_always_trains_and_one_at_the_limit_does_not(spark):
    # 100 rows: crowd holds 6 (above 5 %), the pairs hold 2 each.
    above = artist_splits(units(spark, large=6, small=94), folds=5, seed=42, max_component_share=0.05)
    held = {(row.unit, row.fold) for row in above.where("is_held_train").collect()}
    assert held == {("crowd", None)}
    assert above.where("fold is null and not is_held_train").count() == 0
    at_limit = artist_splits(units(spark, large=5, small=95), folds=5, seed=42, max_component_share=0.05)
    assert at_limit.where("is_held_train").count() == 0


def test_fold_k_tests_the_next_validates_and_the_rest_trains(spark):
    splits = spark.createDataFrame([("a", 4), ("b", 0), ("c", 1), ("d", None)], SPLITS)
    parts = {row.track_id: row.part for row in with_part(splits, fold=4, folds=5).collect()}
    assert parts == {"a": "test", "b": "valid", "c": "train", "d": "train"}


def test_a_fold_below_five_percent_is_refused_with_its_size():
    check_fold_sizes({0: 5, 1: 25, 2: 70}, folds=3)
    with pytest.raises(DataError, match="fold 1 of 3 holds 4 of 100 tracks, fewer than 5%; 60 tracks lie in large"):
        check_fold_sizes({0: 10, 1: 4, 2: 26, None: 60}, folds=3)
    with pytest.raises(DataError, match="fold 2 of 3 holds 0 of 35"):
        check_fold_sizes({0: 10, 1: 25}, folds=3)


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
