"""Pairs of tracks that share playlists."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
from pyspark.sql import functions as F

from spark_app.features.cooccurrence import cooccurrence
from tests.frames import assert_same_rows

SCHEMA = "playlist_id string, position int, track_id string"
PAIRS = "track_id string, other_id string, n_playlists bigint, lift double, pmi double"


def entries(spark, playlists):
    rows = [(name, n, track) for name, tracks in playlists.items() for n, track in enumerate(tracks, start=1)]
    return spark.createDataFrame(rows, SCHEMA)


def test_lift_and_pmi_are_those_worked_out_by_hand(spark):
    found = entries(
        spark,
        {
            "p1": ["a", "b", None, "a"],  # a counts once, what is not matched does not
            "p2": ["b", "a", "c"],
            "p3": ["a", "c"],
            "p4": ["d"],  # no pair, but a playlist with a track of the catalogue
            "p5": [None],  # none of the catalogue
        },
    )
    # Four playlists count: n(a) = 3, n(b) = 2, n(c) = 2; a and b share 2, a and c 2, b and c 1.
    expected = [
        (*pair, 2, 4 * 2 / (3 * 2), math.log2(4 / 3)) for pair in (("a", "b"), ("b", "a"), ("a", "c"), ("c", "a"))
    ]
    actual = cooccurrence(found, min_count=2, max_tracks=10, seed=1)
    assert_same_rows(actual, spark.createDataFrame(expected, PAIRS))
    once = cooccurrence(found, min_count=1, max_tracks=10, seed=1).where("track_id = 'c' and other_id = 'b'")
    assert [tuple(row) for row in once.collect()] == [("c", "b", 1, 1.0, 0.0)]  # as often as chance has it
    assert cooccurrence(found, min_count=3, max_tracks=10, seed=1).count() == 0
    assert cooccurrence(found.limit(0), min_count=1, max_tracks=10, seed=1).count() == 0


def test_many_playlists_give_what_counting_in_python_gives_however_they_are_partitioned(spark):
    rng = np.random.default_rng(5)
    playlists = {f"p{n}": [f"t{t}" for t in rng.zipf(1.6, 8) if t < 30] for n in range(60)}
    found = entries(spark, playlists)
    sets = [set(tracks) for tracks in playlists.values() if tracks]
    singles = Counter(track for one in sets for track in one)
    shared = Counter(pair for one in sets for pair in itertools.permutations(sorted(one), 2))
    lifts = {(a, b): n * len(sets) / (singles[a] * singles[b]) for (a, b), n in shared.items()}
    expected = [(a, b, n, lifts[a, b], math.log2(lifts[a, b])) for (a, b), n in shared.items() if n >= 3]
    assert len(expected) > 20
    for frame in (found, found.repartition(5)):
        assert_same_rows(
            cooccurrence(frame, min_count=3, max_tracks=50, seed=1), spark.createDataFrame(expected, PAIRS)
        )


def test_a_giant_playlist_counts_with_a_hashed_sample_of_its_tracks(spark):
    giant = entries(spark, {"p1": [f"t{n}" for n in range(200)]})

    def tracks(frame, seed):
        pairs = cooccurrence(frame, min_count=1, max_tracks=12, seed=seed)
        assert pairs.count() == 12 * 11
        assert pairs.select("lift").distinct().collect()[0]["lift"] == 1.0  # one playlist: all stand in it
        return {row["track_id"] for row in pairs.collect()}

    drawn = tracks(giant, 1)
    assert tracks(giant.orderBy(F.desc("track_id")).repartition(4), 1) == drawn
    assert tracks(giant, 2) != drawn
