"""Who is searched, where, and why not."""

from __future__ import annotations

from spark_app.columns import AUDIO12_Z
from spark_app.curate.membership import group_members
from spark_app.similarity.groups import usable_members, why_unusable
from tests.frames import assert_same_rows
from tests.similarity.catalogues import vector

Z_DDL = "track_id string, " + ", ".join(f"{name} double" for name in AUDIO12_Z)


def test_a_track_is_once_in_each_of_its_groups_and_without_genre_in_unknown(spark):
    tracks = spark.createDataFrame([("a",), ("b",), ("c",)], "track_id string")
    genres = spark.createDataFrame(
        [("a", "rock"), ("a", "rock"), ("a", "pop"), ("c", "other"), ("gone", "rock")],
        "track_id string, genre_group string",
    )

    expected = [("a", "rock"), ("a", "pop"), ("b", "unknown"), ("c", "other")]
    assert_same_rows(
        group_members(tracks, genres), spark.createDataFrame(expected, "track_id string, genre_group string")
    )


def test_a_track_that_lacks_one_feature_is_left_out(spark):
    pairs = spark.createDataFrame([("a", "rock"), ("b", "rock")], "track_id string, genre_group string")
    audio = spark.createDataFrame([("a", *vector(1)), ("b", *vector(1)[:-1], None)], Z_DDL)

    assert [row.track_id for row in usable_members(pairs, audio).collect()] == ["a"]
    assert why_unusable(audio) == ""


def test_names_the_features_that_no_track_has(spark):
    key = AUDIO12_Z.index("key_z")
    without_key = (*vector(1)[:key], None, *vector(1)[key + 1 :])

    assert why_unusable(spark.createDataFrame([("a", *without_key)], Z_DDL)) == "no key column"
    assert why_unusable(spark.createDataFrame([], Z_DDL)) == "no audio features"
