"""Folds."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from spark_app.errors import DataError
from spark_app.features.splits import artist_splits, check_fold_sizes, of_kind, random_splits, time_splits, with_part
from tests.frames import assert_same_rows

UNITS = "track_id string, unit string"
SPLITS = "track_id string, fold int"
TWINS = "track_id string, variant_group string"
DATED = "track_id string, release_date date"


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


def test_random_folds_hash_the_group_of_near_twins_or_the_track_itself(spark):
    tracks = spark.createDataFrame([(f"t{i}",) for i in range(40)], "track_id string")
    twins = spark.createDataFrame([("t0", "t0"), ("t1", "t0"), ("t2", "t2")], TWINS)

    splits = random_splits(tracks, twins, folds=5, seed=42)

    # The unit by hand, the fold from the formula of the contract by Spark's own hash.
    unit = "case when track_id = 't1' then 't0' else track_id end"
    oracle = tracks.selectExpr(
        "track_id",
        "'random' as kind",
        f"{unit} as unit",
        f"int(pmod(xxhash64({unit}, 42L), 5)) as fold",
        "false as is_held_train",
    )
    assert_same_rows(splits, oracle)


def test_the_newest_tenth_tests_the_tenth_before_validates_and_undated_tracks_are_left_out(spark):
    rows = [(f"t{i:02}", date(2000, 1, 1) + timedelta(days=i)) for i in range(20)] + [("bare", None)]
    splits = time_splits(spark.createDataFrame(rows, DATED), spark.createDataFrame([], TWINS))
    folds = {row.track_id: row.fold for row in splits.collect()}
    # Of 20 days the 18th is the first below which, itself included, 90 % of the tracks lie; the 16th for 80 %.
    expected = {f"t{i:02}": 2 if i < 15 else 1 if i < 17 else 0 for i in range(20)}
    assert folds == expected
    assert splits.columns == ["track_id", "kind", "unit", "fold", "is_held_train"]


def test_a_group_of_near_twins_is_as_new_as_its_newest_member_and_tracks_of_one_day_stay_together(spark):
    old = [(f"t{i:02}", date(2000, 1, 1) + timedelta(days=i)) for i in range(16)]
    rows = [*old, *[(f"n{i}", date(2020, 1, 1)) for i in range(4)]]
    twins = spark.createDataFrame([("t00", "n0"), ("n0", "n0")], TWINS)
    splits = {row.track_id: row for row in time_splits(spark.createDataFrame(rows, DATED), twins).collect()}
    assert {splits[f"n{i}"].fold for i in range(4)} == {0}
    assert (splits["t00"].fold, splits["t00"].unit) == (0, "n0")


def test_no_dates_give_no_rows_of_the_time_kind(spark):
    tracks = spark.createDataFrame([("a", None)], DATED)
    assert time_splits(tracks, spark.createDataFrame([], TWINS)).count() == 0


def test_the_folds_of_any_kind_come_with_the_artist_component_as_unit(spark):
    rows = [("a", "artist", "x", 3, False), ("b", "artist", "x", None, True), ("a", "random", "a", 1, False)]
    splits = spark.createDataFrame(rows, "track_id string, kind string, unit string, fold int, is_held_train boolean")
    columns = "track_id string, unit string, fold int, is_held_train boolean"
    assert_same_rows(of_kind(splits, "random"), spark.createDataFrame([("a", "x", 1, False)], columns))
    both = spark.createDataFrame([("a", "x", 3, False), ("b", "x", None, True)], columns)
    assert_same_rows(of_kind(splits, "artist"), both)
