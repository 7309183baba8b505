"""Raw tracks to typed tracks."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from spark_app.curate.credits import track_artists, unknown_references
from spark_app.curate.tracks import check_columns, curated_tracks, typed_tracks
from spark_app.errors import UsageError
from tests.curate.rows import DIALECTS, READING, raw_tracks
from tests.frames import assert_same_rows


def name_id(name):
    """Independently: n: and 22 hex digits of SHA-256."""
    return "n:" + hashlib.sha256(name.encode()).hexdigest()[:22]


def typed(spark, *rows, **reading):
    frame = typed_tracks(raw_tracks(spark, *rows), reading=replace(READING, **reading))
    return [row.asDict() for row in frame.orderBy("line").collect()]


def test_a_row_is_read_under_spotifys_names_and_types(spark):
    (row,) = typed(
        spark,
        {
            "track_id": "spotify:track:4GiX",
            "track_name": "  Don't\nStop ",
            "layout": "braces",
            "artist_names": """{'Ann', "O'Brien"}""",
            "artist_ids": "{'x1', 'x2'}",
            "album_id": "al1",
            "album_name": "Rumours",
            "release_date": "1977-02",
            "popularity": "27.0",
            "explicit": "False",
            "time_signature": "4",
            "genre": "Hip-Hop",
        },
    )
    assert row == {
        "source": "s",
        "file": "t.csv",
        "line": 2,
        "file_date": None,
        "track_id": "4GiX",
        "album_id": "al1",
        "track_name": "Don't\nStop",
        "album_name": "Rumours",
        "artist_ids": ["x1", "x2"],
        "artist_names": ["Ann", "O'Brien"],
        "release_date": row["release_date"],
        "release_date_precision": "month",
        "release_year": 1977,
        "danceability": 0.5,
        "energy": 0.6,
        "key": 5.0,
        "loudness": -7.25,
        "mode": 1.0,
        "speechiness": 0.05,
        "acousticness": 0.1,
        "instrumentalness": 0.0,
        "liveness": 0.2,
        "valence": 0.3,
        "tempo": 120.5,
        "duration_ms": 200000.0,
        "popularity": 27,
        "time_signature": 4,
        "explicit": False,
        "genre": "hip hop",
        "flags": [],
        "problems": [],
    }
    assert str(row["release_date"]) == "1977-02-01"


def test_missing_ids_of_artists_and_albums_come_from_the_normalised_name(spark):
    rows = typed(
        spark,
        {"artist_names": " The  BEATLES", "album_name": "Help!"},
        {"artist_names": "the beatles;Sigur Rós;the Beatles", "layout": "semi"},
        {"artist_names": "['Cafe\u0301', '']", "layout": "python"},  # NFD; an empty name is no artist
    )
    assert rows[0]["artist_ids"] == [name_id("the beatles")]
    assert rows[0]["album_id"] == name_id("help!")
    assert rows[1]["artist_ids"] == [name_id("the beatles"), name_id("sigur rós")]
    assert rows[1]["artist_names"] == ["the beatles", "Sigur Rós"]
    assert rows[2]["artist_ids"] == [name_id("café")]
    assert rows[2]["album_id"] is None


def test_sentinels_and_placeholders_become_null_with_a_flag_and_the_row_has_no_problem(spark):
    rows = typed(
        spark,
        {"duration_ms": "-1.0", "tempo": "?", "key": "-1"},
        {"artist_names": "empty_field", "explicit": "perhaps"},
        {"artist_names": "{'empty_field', 'Ann'}", "layout": "braces", "genre": "x" * 101},
    )
    assert (rows[0]["duration_ms"], rows[0]["tempo"], rows[0]["key"]) == (None, None, None)
    assert sorted(rows[0]["flags"]) == ["duration_ms_missing", "key_missing", "tempo_missing"]
    assert (rows[1]["artist_ids"], rows[1]["artist_names"]) == (None, None)
    assert rows[1]["flags"] == ["artist_missing", "explicit_unreadable"]
    assert rows[2]["artist_names"] == ["Ann"]
    assert (rows[2]["genre"], rows[2]["flags"]) == (None, ["artist_missing", "genre_dropped"])
    assert [row["problems"] for row in rows] == [[], [], []]


def test_a_placeholder_artist_takes_its_id_along_so_that_its_tracks_share_no_artist(spark):
    rows = typed(
        spark,
        {"layout": "braces", "artist_names": "{'empty_field'}", "artist_ids": "{'x9'}"},
        {"layout": "braces", "artist_names": "{'Ann', ' empty_field '}", "artist_ids": "{'a1', 'x9'}"},
        {"layout": "braces", "artist_names": "{'Ann', ''}", "artist_ids": "{'a1', 'x9'}"},  # no name is no placeholder
    )
    assert [row["artist_ids"] for row in rows] == [None, ["a1"], ["a1", "x9"]]
    assert [row["artist_names"] for row in rows] == [None, ["Ann"], ["Ann", None]]
    assert [row["flags"] for row in rows] == [["artist_missing"], ["artist_missing"], []]


def test_na_means_nothing_only_where_name_artist_and_album_all_say_so(spark):
    rows = typed(
        spark,
        {"track_name": "NA", "artist_names": "NA", "album_name": "NA"},
        {"track_name": "NA", "artist_names": "NA", "album_name": "Real Album"},
        {"track_name": "NA", "artist_names": "Ann", "album_name": "NA"},
    )
    assert [(row["track_name"], row["album_name"]) for row in rows] == [
        (None, None),
        ("NA", "Real Album"),
        ("NA", "NA"),
    ]
    assert [row["artist_names"] for row in rows] == [None, ["NA"], ["Ann"]]
    assert [row["problems"] for row in rows] == [["no_track_name:track_name"], [], []]


def test_every_problem_of_a_row_is_named(spark):
    rows = typed(
        spark,
        {"track_id": " ", "track_name": None},
        {"track_name": "bell\x07", "energy": "7.5", "tempo": "fast"},
        {"track_name": "x" * 1001, "release_date": "4-Apr"},
        {"layout": "braces", "artist_names": "{'Ann'", "artist_ids": "{'x1'}"},
        {"layout": "braces", "artist_names": "{'Ann', 'Bob'}", "artist_ids": "{'x1'}"},
        {"artist_names": "y" * 1001, "popularity": "101", "time_signature": "1e30"},
    )
    assert [sorted(row["problems"]) for row in rows] == [
        ["no_track_id:track_id", "no_track_name:track_name"],
        ["control_character:track_name", "not_a_number:tempo", "out_of_range:energy"],
        ["bad_date:release_date", "text_too_long:track_name"],
        ["bad_list:artist_names"],
        ["bad_list:artist_names"],
        ["out_of_range:popularity", "text_too_long:artist_names"],
    ]
    # Where names cannot be matched to ids, the ids stay.
    assert [(row["artist_ids"], row["artist_names"]) for row in rows[3:5]] == [(["x1"], [None]), (["x1"], [None])]
    assert rows[5]["time_signature"] is None  # does not fit an int: null, not an error


def test_credits_become_rows_with_places_from_1(spark):
    tracks = spark.createDataFrame([("t1", ["b", "a"]), ("t2", None)], "track_id string, artist_ids array<string>")
    expected = spark.createDataFrame(
        [("t1", "b", 1), ("t1", "a", 2)], "track_id string, artist_id string, position int"
    )
    assert_same_rows(track_artists(tracks), expected)


def test_an_artist_that_the_artists_file_lacks_is_a_problem_of_the_row(spark):
    raw = raw_tracks(
        spark,
        {"layout": "braces", "artist_names": "{'A'}", "artist_ids": "{'a1'}"},
        {"layout": "braces", "artist_names": "{'A', 'Z'}", "artist_ids": "{'a1', 'zz'}"},
        {"artist_names": "only a name"},
    )
    artists = spark.createDataFrame([("a1",)], "artist_id string")
    unknown = unknown_references(raw, artists, dialects=DIALECTS)
    rows = typed_tracks(raw, unknown, reading=READING).orderBy("line").collect()
    assert [row["problems"] for row in rows] == [[], ["unknown_artist:artist_ids"], []]


def test_settings_of_columns_without_numbers_are_refused():
    with pytest.raises(UsageError, match=r"curate\.limits\.enrgy"):
        check_columns({"limits": {"enrgy": (0, 1)}})
    with pytest.raises(UsageError, match=r"curate\.sentinels\.release_year"):
        check_columns({"sentinels": {"release_year": ["0"]}})


def test_a_track_without_genre_is_unknown(spark):
    winners = spark.createDataFrame([("t1", "K-Pop"), ("t2", "")], "track_id string, genre string")
    labels = spark.createDataFrame([("t1", "k pop", "pop")], "track_id string, genre string, genre_group string")
    tracks = curated_tracks(winners, labels, training_allowed=False).orderBy("track_id")
    found = [(row["genre"], row["genre_group"], row["training_allowed"]) for row in tracks.collect()]
    assert found == [("k pop", "pop", False), (None, "unknown", False)]
