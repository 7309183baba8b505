"""Entries of playlists: read, and matched to the catalogue."""

from __future__ import annotations

from pyspark.sql import functions as F

from spark_app.curate.playlist_matches import match_counts, matched
from spark_app.curate.playlists import typed_entries
from spark_app.schemas import TABLES
from tests.curate.rows import READING, raw_playlists
from tests.frames import assert_same_rows

TRACKS = "track_id string, track_name string, artist_names array<string>, duration_ms double, popularity int"
SHOWN = ("playlist_id", "position", "source_track_id", "track_name", "artist_name", "duration_ms", "problems")


def typed(spark, *rows):
    entries = typed_entries(raw_playlists(spark, *rows), reading=READING)
    return [tuple(row) for row in entries.orderBy("line").select(*SHOWN).collect()]


def test_ids_lose_their_prefix_positions_count_from_one_and_minutes_become_milliseconds(spark):
    found = typed(
        spark,
        {"track_id": "spotify:track:4GiX", "duration_ms": "226863"},
        {"playlist_id": " 575000.0", "position": "12.0", "track_id": None, "duration_min": "3.01125"},
        {"track_name": " Cafe\u0301 ", "artist_name": "\u00a0Ann", "duration_ms": "0"},  # no duration is that short
        {"duration_ms": "long", "artist_name": "empty_field"},
    )
    assert found == [
        ("7", 1, "4GiX", "Song", "Ann", 226863.0, []),
        ("575000", 13, None, "Song", "Ann", 180675.0, []),
        ("7", 1, "t3", "Café", "Ann", None, []),
        ("7", 1, "t4", "Song", None, None, []),
    ]


def test_what_is_wrong_with_a_row_is_named(spark):
    cases = [
        ({"playlist_id": " "}, ["no_playlist_id:playlist_id"]),
        ({"position": None}, ["no_position:position"]),
        ({"position": "-1"}, ["no_position:position"]),
        ({"position": "1.5"}, ["no_position:position"]),
        ({"position": "first"}, ["no_position:position"]),
        ({"position": "9" * 12}, ["no_position:position"]),
        ({"track_id": None, "artist_name": ""}, ["no_track:track_id"]),
        ({"track_id": None, "track_name": None}, ["no_track:track_id"]),
        ({"track_name": "a\x07b"}, ["control_character:track_name"]),
        ({"artist_name": "x" * 1001}, ["text_too_long:artist_name"]),
        ({"track_id": "t1", "track_name": None, "artist_name": None}, []),  # an id is enough
    ]
    found = typed(spark, *[row for row, _ in cases])
    assert [row[-1] for row in found] == [problems for _, problems in cases]


def entries(spark, *rows):
    """Typed entries of playlist 7: (source_track_id, track_name, artist_name, duration_ms)."""
    values = [("s", "f", n, "7", n, *row) for n, row in enumerate(rows, start=1)]
    return spark.createDataFrame(
        values,
        "source string, file string, line bigint, playlist_id string, position int, source_track_id string, "
        "track_name string, artist_name string, duration_ms double",
    )


def answers(entries, tracks):
    rows = matched(entries, tracks).orderBy("position").collect()
    return [(row["track_id"], row["match_kind"], row["n_candidates"]) for row in rows]


def test_an_id_goes_before_title_and_artist_which_are_compared_as_near_twins_are(spark):
    tracks = spark.createDataFrame(
        [
            ("t1", "Song (Remastered 2011)", ["Ann", "Bob"], 200_000.0, 10),
            ("t2", "Other", ["Bob"], None, None),
            ("t3", "Nobody's", None, None, None),
            ("t4", "???", ["Ann"], None, None),
        ],
        TRACKS,
    )
    found = entries(
        spark,
        ("t2", "Song", "Ann", None),
        ("zz", "SONG! - Live", "ann", None),
        (None, "song", "Bob", None),  # the first artist counts
        (None, "Other", "Ann", None),
        ("t9", None, None, None),
        (None, "???", "Ann", None),  # no title to compare by
        (None, "Nobody's", None, None),
    )
    assert answers(found, tracks) == [
        ("t2", "id", None),
        ("t1", "title_artist", 1),
        (None, None, 0),
        (None, None, 0),
        (None, None, None),
        (None, None, None),
        (None, None, None),
    ]
    assert answers(found, tracks.limit(0)) == [(None, None, n) for n in (0, 0, 0, 0, None, None, None)]
    assert matched(found.limit(0), tracks).count() == 0


def test_of_several_tracks_the_same_marks_then_duration_then_popularity_then_id_decide(spark):
    tracks = spark.createDataFrame(
        [
            ("t1", "Song - Live", ["Ann"], 200_000.0, 90),
            ("t2", "Song", ["Ann"], 180_000.0, 50),
            ("t3", "Song", ["Ann"], 210_000.0, 60),
            ("t4", "Song", ["Ann"], None, 99),
            ("t6", "Tie", ["Ann"], 100_000.0, None),
            ("t5", "Tie", ["Ann"], 100_000.0, None),
            ("t7", "Tie", ["Ann"], 100_000.0, 0),
        ],
        TRACKS,
    )
    found = entries(
        spark,
        (None, "Song", "Ann", 199_000.0),  # not t1, which is live; 11 s from t3, 19 s from t2
        (None, "Song (Live in Rome)", "Ann", 180_000.0),
        (None, "Song", "Ann", None),  # without a duration popularity decides
        (None, "Song - Demo", "Ann", 199_000.0),  # no candidate is a demo, so that the nearest wins
        (None, "Tie", "Ann", 5.0),
    )
    expected = [("t3", 4), ("t1", 4), ("t4", 4), ("t1", 4), ("t7", 3)]
    for frame in (tracks, tracks.orderBy(F.desc("track_id")).repartition(3)):
        assert answers(found, frame) == [(track, "title_artist", n) for track, n in expected]
    untold = tracks.where("track_id in ('t5', 't6')")
    assert answers(found.where("position = 5"), untold) == [("t5", "title_artist", 2)]


def test_matches_are_counted_by_row_and_by_distinct_track(spark):
    tracks = spark.createDataFrame([("t1", "Song", ["Ann"], None, 1), ("t2", "Song", ["Ann"], None, 2)], TRACKS)
    one = entries(
        spark,
        ("t1", "Song", "Ann", None),
        ("z", "Song", "Ann", None),
        ("z", "Song", "Ann", None),
        ("y", "No", "Ann", None),
    )
    found = matched(one.unionByName(one.withColumn("playlist_id", F.lit("8"))), tracks)
    assert sorted(found.columns) == sorted(TABLES["curated.playlist_tracks"].columns)
    expected = spark.createDataFrame(
        [(2, 8, 2, 4, 4, 3, 2)],
        "playlists bigint, entries bigint, by_id bigint, by_title bigint, ambiguous bigint, distinct_tracks bigint, "
        "distinct_matched bigint",
    )
    assert_same_rows(match_counts(found), expected)
    assert match_counts(found.limit(0)).collect()[0]["entries"] == 0
