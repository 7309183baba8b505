"""Ranked lists: score, twins, artist cap, order."""

from __future__ import annotations

import pytest

from spark_app.columns import AUDIO12, AUDIO12_Z
from spark_app.recommend.rank import candidates, described_tracks, recommendations
from tests.frames import assert_same_rows

NEIGHBOURS = "track_id string, genre_group string, neighbour_id string, distance double"
CLUSTERS = "track_id string, genre_group string, cluster int"


def test_a_shared_cluster_in_any_group_counts_and_a_pair_stands_once(spark):
    neighbours = spark.createDataFrame(
        [
            ("s", "pop", "a", 1.0),  # two groups, the same cluster in rock only
            ("s", "rock", "a", 1.0),
            ("s", "jazz", "b", 3.0),  # two groups, no cluster in common: the first by name
            ("s", "edm", "b", 3.0),
            ("s", "unknown", "c", 0.0),  # a group without clusters
        ],
        NEIGHBOURS,
    )
    clusters = spark.createDataFrame(
        [("s", "pop", 0), ("a", "pop", 1), ("s", "rock", 2), ("a", "rock", 2), ("s", "edm", 1), ("b", "edm", 0)],
        CLUSTERS,
    )

    expected = spark.createDataFrame(
        [
            ("s", "a", "rock", 1.0, True, 0.55),
            ("s", "b", "edm", 3.0, False, 0.25),
            ("s", "c", "unknown", 0.0, False, 1.0),
        ],
        "seed_id string, track_id string, genre_group string, distance double, same_cluster boolean, score double",
    )
    assert_same_rows(candidates(neighbours, clusters), expected)


@pytest.fixture
def described(spark):
    """Seed s; t its near-twin; a1, a2, a3 by one artist; a1 and a1live are near-twins; n1, n2 have no artist."""
    artists = {"s": "x", "t": "x", "a1": "y", "a1live": "y", "a2": "y", "a3": "y", "n1": None, "n2": None}
    tracks = spark.createDataFrame(
        [(track, [artist] if artist else None) for track, artist in artists.items()],
        "track_id string, artist_ids array<string>",
    )
    variants = spark.createDataFrame(
        [("s", "s"), ("t", "s"), ("a1", "a1"), ("a1live", "a1")], "track_id string, variant_group string"
    )
    names = [*AUDIO12, *AUDIO12_Z]
    audio = spark.createDataFrame(
        [(track, *[100.0] * 12, *[0.0] * 12) for track in artists],
        "track_id string, " + ", ".join(f"{name} double" for name in names),
    )
    return described_tracks(tracks, variants, audio)


def pairs(spark, rows):
    ddl = "seed_id string, track_id string, genre_group string, same_cluster boolean, score double"
    return spark.createDataFrame([("s", track, "rock", False, score) for track, score in rows], ddl)


def test_no_twin_of_the_seed_one_of_a_recording_and_few_of_an_artist(spark, described):
    found = pairs(spark, [("t", 1.0), ("a1live", 0.9), ("a1", 0.8), ("a2", 0.7), ("a3", 0.6), ("n2", 0.5), ("n1", 0.5)])

    ranked = recommendations(found, described, k=10, max_per_artist=2)

    # t is the seed's twin, a1 that of a1live, a3 the third of its artist; unknown artists are not one artist.
    assert [(r["rank"], r.track_id) for r in ranked.orderBy("rank").collect()] == [
        (1, "a1live"),
        (2, "a2"),
        (3, "n1"),  # as good as n2: the smaller id
        (4, "n2"),
    ]


def test_a_list_ends_at_k_and_does_not_depend_on_partitioning(spark, described):
    rows = [("n1", 0.5), ("n2", 0.5), ("a1", 0.1), ("a3", 0.7)]

    once = recommendations(pairs(spark, rows), described, k=2, max_per_artist=1).collect()
    again = recommendations(pairs(spark, rows[::-1]).repartition(4), described, k=2, max_per_artist=1).collect()

    assert [r.track_id for r in once] == ["a3", "n1"]
    assert once == again
