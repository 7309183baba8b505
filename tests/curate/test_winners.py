"""Winners among duplicate ids, merged rows, rejects."""

from __future__ import annotations

import json
import random
from datetime import date

from spark_app.columns import TRACK_ID
from spark_app.curate import winners
from tests.curate.rows import CURATE, raw_tracks

VALUES = ("track_name", "tempo", "genre")
ATTRIBUTES = ("track_name", "tempo")
SCHEMA = (
    "track_id string, file string, line bigint, file_date date, track_name string, tempo double, genre string, "
    "problems array<string>, source string, flags array<string>"
)


def typed(spark, *rows):
    """Rows of (id, file, line, file date, name, tempo, genre, problems)."""
    return spark.createDataFrame([(*row, "s", ["old_flag"]) for row in rows], SCHEMA)


def judge(frame, **actions):
    rules = {**CURATE.rules, **actions}
    return winners.judged(frame, key=TRACK_ID, actions=rules, values=VALUES, attributes=ATTRIBUTES)


def fates(frame):
    return {(row["file"], row["line"]): row["fate"] for row in frame.select("file", "line", "fate").collect()}


def test_the_newest_file_then_the_fewest_nulls_then_the_first_line_wins(spark):
    old, new = date(2020, 1, 1), date(2021, 1, 1)
    frame = typed(
        spark,
        ("date", "t.csv", 2, old, "N", 100.0, "pop", []),
        ("date", "t.csv", 3, new, "N", None, None, []),
        ("date", "t.csv", 4, None, "N", 100.0, "pop", []),  # no date counts as oldest
        ("nulls", "t.csv", 5, None, "N", 100.0, None, []),
        ("nulls", "t.csv", 6, None, "N", 100.0, "pop", []),
        ("place", "b.csv", 7, None, "N", 100.0, "pop", []),
        ("place", "a.csv", 9, None, "N", 100.0, "pop", []),
        ("place", "a.csv", 8, None, "N", 100.0, "pop", []),
    )
    kept = winners.kept(judge(frame)).orderBy(TRACK_ID)
    assert [(row["track_id"], row["file"], row["line"]) for row in kept.collect()] == [
        ("date", "t.csv", 3),
        ("nulls", "t.csv", 6),
        ("place", "a.csv", 8),
    ]


def test_a_loser_that_differs_in_an_attribute_is_a_conflict_and_genre_is_none(spark):
    frame = typed(
        spark,
        ("x", "t.csv", 2, None, "N", 100.0, "pop", []),
        ("x", "t.csv", 3, None, "N", 100.0, "rock", []),
        ("x", "t.csv", 4, None, "M", 99.0, "pop", []),
        ("x", "t.csv", 5, None, "N", None, "pop", []),  # null and a value differ
    )
    rows = judge(frame).orderBy("line").collect()
    assert [(row["fate"], row["differs"]) for row in rows] == [
        ("kept", []),
        ("merged", []),
        ("merged_conflict", ["track_name", "tempo"]),
        ("merged_conflict", ["tempo"]),
    ]


def test_a_rejected_row_neither_wins_nor_merges_and_a_warned_one_is_flagged(spark):
    frame = typed(
        spark,
        ("x", "t.csv", 2, None, "N", 999.0, "pop", ["out_of_range:tempo"]),
        ("x", "t.csv", 3, None, "N", 100.0, "pop", ["bad_date:release_date"]),
        (None, "t.csv", 4, None, "N", 100.0, "pop", ["no_track_id:track_id"]),
        (None, "t.csv", 5, None, "N", 100.0, "pop", ["no_track_id:track_id"]),
    )
    rejected, kept, *others = judge(frame).orderBy("line").collect()
    assert (rejected["fate"], rejected["reason"]) == ("rejected", "out_of_range")
    assert (kept["fate"], kept["reason"], kept["flags"]) == ("kept", None, ["old_flag", "bad_date"])
    assert [row["fate"] for row in others] == ["rejected", "rejected"]
    warned = judge(frame, out_of_range="warn").orderBy("line").collect()
    assert [(row["fate"], row["tempo"]) for row in warned[:2]] == [("kept", 999.0), ("merged_conflict", 100.0)]


def test_twenty_shuffles_have_one_outcome(spark):
    rows = [
        (f"t{n % 3}", "t.csv", n, None, "N", None if n % 4 == 0 else 100.0, "pop", ["not_finite:key"] if n == 7 else [])
        for n in range(2, 14)
    ]
    seen = set()
    for shuffle in range(20):
        shuffled = random.Random(shuffle).sample(rows, len(rows))
        seen.add(tuple(sorted(fates(judge(typed(spark, *shuffled).repartition(1 + shuffle % 3))).items())))
    assert len(seen) == 1
    # By hand: t0 holds lines 3, 6, 9, 12; t1 4, 7, 10, 13; t2 2, 5, 8, 11. 4, 8 and 12 lack a tempo, 7 is rejected.
    assert {line: fate for (_, line), fate in seen.pop()} == {
        2: "kept",
        3: "kept",
        4: "merged_conflict",
        5: "merged",
        6: "merged",
        7: "rejected",
        8: "merged_conflict",
        9: "merged",
        10: "kept",
        11: "merged",
        12: "merged_conflict",
        13: "merged",
    }


def test_rejects_hold_the_raw_row_and_all_that_is_wrong_with_it(spark):
    raw = raw_tracks(
        spark,
        {"track_id": "x", "tempo": "fast", "energy": "2"},
        {"track_id": "y"},
        {"track_id": "y", "tempo": "99"},
        {"track_id": "z", "track_name": "long" * 300, "album_name": "q" * 3000},
    )
    frame = typed(
        spark,
        ("x", "t.csv", 2, None, "Song", None, None, ["out_of_range:energy", "not_a_number:tempo"]),
        ("y", "t.csv", 3, None, "Song", 120.5, None, []),
        ("y", "t.csv", 4, None, "Song", 99.0, None, []),
        ("z", "t.csv", 5, None, "Song", 1.0, None, ["text_too_long:track_name"]),
    )
    stored = winners.rejects(judge(frame), raw, job="j", key=TRACK_ID).orderBy("line").collect()
    assert [(r["job"], r["source"], r["file"], r["line"], r["reason"], r["track_id"]) for r in stored] == [
        ("j", "s", "t.csv", 2, "not_a_number", "x"),
        ("j", "s", "t.csv", 4, "merged_conflict", "y"),
        ("j", "s", "t.csv", 5, "text_too_long", "z"),
    ]
    record = json.loads(stored[0]["record"])
    assert record["problem"] == "out_of_range:energy, not_a_number:tempo"
    assert (record["tempo"], record["energy"], record["layout"]) == ("fast", "2", "one")
    assert "album_name" not in record  # null values are left out
    assert json.loads(stored[1]["record"])["problem"] == "differs:tempo"
    assert len(stored[2]["record"]) == 4000


def test_dropped_rows_are_counted_and_not_stored(spark):
    frame = typed(
        spark,
        ("x", "t.csv", 2, None, "N", 999.0, "pop", ["out_of_range:tempo"]),
        ("y", "t.csv", 3, None, "N", 999.0, "pop", ["out_of_range:tempo"]),
        ("z", "t.csv", 4, None, "N", 100.0, "pop", ["bad_date:release_date"]),
    )
    judged = judge(frame, out_of_range="drop")
    assert winners.rejects(judged, raw_tracks(spark, {}, {}, {}), job="j", key=TRACK_ID).count() == 0
    rows = winners.counts(judged, "tracks", {**CURATE.rules, "out_of_range": "drop"}).orderBy("fate").collect()
    assert [(r["kind"], r["fate"], r["reason"], r["n"], tuple(r["first_place"]), r["warn_bad_date"]) for r in rows] == [
        ("tracks", "dropped", "out_of_range", 2, ("t.csv", 2), 0),
        ("tracks", "kept", None, 1, ("t.csv", 4), 1),
    ]
