"""Which tracks get which label."""

from __future__ import annotations

import pytest

from spark_app.classify.target import Supply, choose_target, labelled, supply
from spark_app.errors import DataError
from tests.frames import assert_same_rows

TRACKS = """track_id string, artist_ids array<string>, genre string, genre_group string,
    training_allowed boolean, tempo double"""
SPLITS = "track_id string, unit string, fold int, is_held_train boolean"


@pytest.fixture
def tracks(spark):
    return spark.createDataFrame(
        [
            ("a", ["x", "y"], "pop punk", "rock", True, 1.0),
            ("b", ["z"], None, "jazz", True, 2.0),  # genres of its artists only
            ("c", None, None, "unknown", True, 3.0),
            ("d", None, "rap", "hip hop", False, 4.0),
            ("e", None, "rap", "hip hop", None, 5.0),
        ],
        TRACKS,
    )


def test_supply_counts_what_training_may_use(tracks):
    (row,) = supply(tracks).collect()
    assert Supply(**row.asDict()) == Supply(n_tracks=5, n_refused=2, n_genre=1, n_group=2, n_genres=1)


@pytest.mark.parametrize(
    ("asked", "n_genres", "expected"),
    [
        ("auto", 6, "genre"),
        ("auto", 0, "group"),
        ("auto", 257, "group"),
        ("group", 6, "group"),
        ("genre", 256, "genre"),
    ],
)
def test_auto_takes_own_genres_where_the_tracks_carry_some_but_not_too_many(asked, n_genres, expected):
    assert choose_target(asked, Supply(9, 0, n_genres, 9, n_genres)) == expected


def test_too_many_genres_asked_by_name_are_an_error():
    with pytest.raises(DataError, match="300 genres are too many"):
        choose_target("genre", Supply(900, 0, 900, 900, 300))


def test_labelled_rows_leave_out_unlabelled_and_refused_tracks_and_show_missing_splits(spark, tracks):
    splits = spark.createDataFrame([("a", "u", 3, False), ("d", "v", 1, False)], SPLITS)

    by_genre = labelled(tracks, splits, target="genre", features=["tempo"])
    by_group = labelled(tracks, splits, target="group", features=["tempo"])

    columns = (
        "track_id string, artist_id string, label string, unit string, fold int, is_held_train boolean, tempo double"
    )
    assert_same_rows(by_genre, spark.createDataFrame([("a", "x", "pop punk", "u", 3, False, 1.0)], columns))
    expected = [("a", "x", "rock", "u", 3, False, 1.0), ("b", "z", "jazz", None, None, None, 2.0)]
    assert_same_rows(by_group, spark.createDataFrame(expected, columns))
