"""Artists, albums and their links."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from spark_app.curate.artists import albums_of, artist_albums_of, artists_of, typed_artists
from tests.curate.rows import READING, raw_artists
from tests.curate.test_tracks import name_id
from tests.frames import assert_same_rows


def test_a_row_of_the_artists_file_is_read(spark):
    raw = raw_artists(
        spark,
        {
            "artist_name": " Ann ",
            "genres": '{"Hip-Hop", "R&B/Soul", "hip hop"}',
            "popularity": "70",
            "followers": "355.0",
        },
        {"artist_name": "Bob", "genres": '{""}', "followers": "5145547"},
        {"artist_id": None, "artist_name": "Cy", "genres": "['../../x', '" + "g" * 101 + "', '🎸']"},
        {"artist_name": None, "genres": "rock"},
        {"artist_id": " ", "artist_name": "", "popularity": "many", "followers": "1e999"},
    )
    rows = typed_artists(raw, reading=replace(READING, dialects={"braces": "python"})).orderBy("line").collect()
    assert [(r["artist_id"], r["artist_name"], r["genres"], r["popularity"], r["followers"]) for r in rows] == [
        ("a1", "Ann", ["hip hop", "r&b soul"], 70, 355),
        ("a2", "Bob", [], None, 5145547),
        (name_id("cy"), "Cy", [".. .. x", "🎸"], None, None),
        ("a4", None, None, None, None),
        (None, None, None, None, None),
    ]
    assert [r["problems"] for r in rows[:4]] == [[], [], [], ["bad_list:genres"]]
    assert sorted(rows[4]["problems"]) == [
        "no_artist_id:artist_id",
        "not_a_number:popularity",
        "not_finite:followers",
    ]


def tracks(spark):
    rows = [
        (2, "t1", ["a", "b"], ["Ann", "Bob"], "al", None, None, None),
        (3, "t2", ["b"], ["bob (other)"], "al", "Al", None, None),
        (4, "t3", None, None, "al", "al again", date(2001, 2, 1), "month"),
        (5, "t4", ["cy"], ["Cy"], None, None, date(1999, 1, 1), "year"),
    ]
    return spark.createDataFrame(
        [("s", "t.csv", *row) for row in rows],
        "source string, file string, line bigint, track_id string, artist_ids array<string>, "
        "artist_names array<string>, album_id string, album_name string, release_date date, "
        "release_date_precision string",
    ).repartition(2)


def test_artists_are_those_of_the_file_and_those_of_the_credits(spark):
    described = spark.createDataFrame(
        [("s", "a.csv", 2, "a", "Ann File", ["pop"], 9, None), ("s", "a.csv", 3, "idle", "Idle", [], None, 7)],
        "source string, file string, line bigint, artist_id string, artist_name string, genres array<string>, "
        "popularity int, followers bigint",
    )
    expected = spark.createDataFrame(
        [
            ("a", "Ann File", ["pop"], 9, None, 1, "s", "a.csv", 2),
            ("idle", "Idle", [], None, 7, 0, "s", "a.csv", 3),
            ("b", "Bob", None, None, None, 2, None, None, None),  # the first spelling
            ("cy", "Cy", None, None, None, 1, None, None, None),
        ],
        "artist_id string, artist_name string, genres array<string>, popularity int, followers bigint, "
        "n_tracks bigint, source string, file string, line bigint",
    )
    assert_same_rows(artists_of(tracks(spark), described), expected)


def test_an_album_takes_the_first_name_and_the_first_date_of_its_tracks(spark):
    expected = spark.createDataFrame(
        [("al", "Al", date(2001, 2, 1), "month", 3)],
        "album_id string, album_name string, release_date date, release_date_precision string, n_tracks bigint",
    )
    assert_same_rows(albums_of(tracks(spark)), expected)


def test_artists_and_albums_are_linked_by_the_tracks(spark):
    expected = spark.createDataFrame(
        [("a", "al", 1), ("b", "al", 2)], "artist_id string, album_id string, n_tracks bigint"
    )
    assert_same_rows(artist_albums_of(tracks(spark)), expected)
