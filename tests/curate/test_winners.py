"""Winners among duplicate ids, merged rows, rejects."""

from __future__ import annotations

import json
import random
from datetime import date

from pyspark.sql import functions as F

from spark_app.columns import TRACK_ID
from spark_app.curate import winners
from spark_app.curate.tracks import TRACK_ATTRIBUTES, TRACK_VALUES, typed_tracks
from tests.curate.rows import CURATE, READING, raw_tracks


def judge(raw, **actions):
    return winners.judged(
        typed_tracks(raw, **READING),
        key=TRACK_ID,
        actions={**CURATE.rules, **actions},
        values=TRACK_VALUES,
        attributes=TRACK_ATTRIBUTES,
    )


def fates(frame):
    return {(row["file"], row["line"]): row["fate"] for row in frame.select("file", "line", "fate").collect()}


def test_the_newest_file_then_the_fewest_nulls_then_the_first_line_wins(spark):
    old, new = date(2020, 1, 1), date(2021, 1, 1)
    raw = raw_tracks(
        spark,
        {"track_id": "date", "line": 2, "file_date": old},
        {"track_id": "date", "line": 3, "file_date": new, "album_name": None, "tempo": None},
        {"track_id": "date", "line": 4},  # no date counts as oldest
        {"track_id": "nulls", "line": 5, "tempo": None},
        {"track_id": "nulls", "line": 6},
        {"track_id": "place", "file": "b.csv", "line": 7},
        {"track_id": "place", "file": "a.csv", "line": 9},
        {"track_id": "place", "file": "a.csv", "line": 8},
    )
    kept = winners.kept(judge(raw)).orderBy(TRACK_ID)
    assert [(row["track_id"], row["file"], row["line"]) for row in kept.collect()] == [
        ("date", "t.csv", 3),
        ("nulls", "t.csv", 6),
        ("place", "a.csv", 8),
    ]


def test_a_loser_that_differs_in_an_attribute_is_a_conflict_but_not_in_popularity_or_genre(spark):
    raw = raw_tracks(
        spark,
        {"track_id": "x", "genre": "pop", "popularity": "50"},
        {"track_id": "x", "genre": "rock", "popularity": "60"},
        {"track_id": "x", "tempo": "99", "track_name": "Other"},
        {"track_id": "x", "release_date": "2001"},
        {"track_id": "spotify:track:x", "artist_names": "ANN"},  # the same artist, another spelling
    )
    rows = judge(raw).orderBy("line").select("fate", F.sort_array("differs").alias("differs")).collect()
    assert [(row["fate"], row["differs"]) for row in rows] == [
        ("kept", []),
        ("merged", []),
        ("merged_conflict", ["tempo", "track_name"]),
        ("merged_conflict", ["release_date", "release_date_precision"]),
        ("merged_conflict", ["artist_names"]),
    ]


def test_a_rejected_row_neither_wins_nor_merges(spark):
    raw = raw_tracks(
        spark,
        {"track_id": "x", "tempo": "999"},
        {"track_id": "x"},
        {"track_id": None},
        {"track_id": None},
    )
    assert fates(judge(raw)) == {
        ("t.csv", 2): "rejected",
        ("t.csv", 3): "kept",
        ("t.csv", 4): "rejected",
        ("t.csv", 5): "rejected",
    }
    warned = judge(raw, out_of_range="warn").orderBy("line").collect()
    assert [(row["fate"], row["tempo"], row["flags"]) for row in warned[:2]] == [
        ("kept", 999.0, ["out_of_range"]),
        ("merged_conflict", 120.5, []),
    ]


def test_twenty_shuffles_have_one_outcome(spark):
    rows = [
        {"track_id": f"t{n % 3}", "line": n, "tempo": None if n % 4 == 0 else "100", "energy": "9" if n == 7 else "0.5"}
        for n in range(2, 14)
    ]
    seen = set()
    for shuffle in range(20):
        shuffled = random.Random(shuffle).sample(rows, len(rows))
        frame = judge(raw_tracks(spark, *shuffled).repartition(1 + shuffle % 3))
        seen.add(tuple(sorted(fates(frame).items())))
    assert len(seen) == 1
    # By hand: t0 holds lines 3, 6, 9, 12; t1 4, 7, 10, 13; t2 2, 5, 8, 11. Lines 4, 8 and 12 lack a tempo, 7 is rejected.
    assert dict(seen.pop()) == {
        ("t.csv", 3): "kept",
        ("t.csv", 6): "merged",
        ("t.csv", 9): "merged",
        ("t.csv", 12): "merged_conflict",
        ("t.csv", 4): "merged_conflict",
        ("t.csv", 7): "rejected",
        ("t.csv", 10): "kept",
        ("t.csv", 13): "merged",
        ("t.csv", 2): "kept",
        ("t.csv", 5): "merged",
        ("t.csv", 8): "merged_conflict",
        ("t.csv", 11): "merged",
    }


def test_rejects_hold_the_raw_row_and_all_that_is_wrong_with_it(spark):
    raw = raw_tracks(
        spark,
        {"track_id": "x", "tempo": "fast", "energy": "2"},
        {"track_id": "y"},
        {"track_id": "y", "tempo": "99"},
        {"track_id": "z", "key": "99", "track_name": "long " * 190, "album_name": "q" * 990, "artist_ids": "'" * 2500},
    )
    stored = (
        winners.rejects(judge(raw, not_a_number="quarantine"), raw, job="j", key=TRACK_ID).orderBy("line").collect()
    )
    assert [(r["job"], r["source"], r["file"], r["line"], r["reason"], r["track_id"]) for r in stored] == [
        ("j", "s", "t.csv", 2, "not_a_number", "x"),
        ("j", "s", "t.csv", 4, "merged_conflict", "y"),
        ("j", "s", "t.csv", 5, "out_of_range", "z"),
    ]
    record = json.loads(stored[0]["record"])
    assert sorted(record["problem"].split(", ")) == ["not_a_number:tempo", "out_of_range:energy"]
    assert (record["tempo"], record["energy"], record["layout"]) == ("fast", "2", "one")
    assert "album_name" not in record  # null values are left out
    assert json.loads(stored[1]["record"])["problem"] == "differs:tempo"
    assert len(stored[2]["record"]) == 4000


def test_dropped_rows_are_counted_and_not_stored(spark):
    raw = raw_tracks(spark, {"tempo": "999"}, {"tempo": "999"}, {"release_date": "4-Apr"})
    frame = judge(raw, out_of_range="drop")
    assert winners.rejects(frame, raw, job="j", key=TRACK_ID).count() == 0
    rows = winners.counts(frame, "tracks", {**CURATE.rules, "out_of_range": "drop"}).orderBy("fate").collect()
    assert [(r["kind"], r["fate"], r["reason"], r["n"], tuple(r["first_place"]), r["warn_bad_date"]) for r in rows] == [
        ("tracks", "dropped", "out_of_range", 2, ("t.csv", 2), 0),
        ("tracks", "kept", None, 1, ("t.csv", 4), 1),
    ]
