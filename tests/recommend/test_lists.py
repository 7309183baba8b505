"""Lists by Spark: candidates, twins, artist cap, order; ``test_choose.py`` has the choice itself."""

from __future__ import annotations

import pytest

from spark_app.columns import AUDIO12, AUDIO12_Z
from spark_app.recommend.candidates import allowed, candidates, described_tracks
from spark_app.recommend.choose import Choice
from spark_app.recommend.lists import recommendations
from tests.frames import assert_same_rows
from tests.similarity.catalogues import vector


def test_a_shared_cluster_in_any_group_counts_and_a_pair_stands_once(spark):
    neighbours = spark.createDataFrame(
        [
            ("s", "pop", "a"),  # two groups, the same cluster in rock only
            ("s", "rock", "a"),
            ("s", "jazz", "b"),  # two groups, no cluster in common: the first by name
            ("s", "edm", "b"),
            ("s", "unknown", "c"),  # a group without clusters
        ],
        "track_id string, genre_group string, neighbour_id string",
    )
    clusters = spark.createDataFrame(
        [("s", "pop", 0), ("a", "pop", 1), ("s", "rock", 2), ("a", "rock", 2), ("s", "edm", 1), ("b", "edm", 0)],
        "track_id string, genre_group string, cluster int",
    )

    expected = spark.createDataFrame(
        [("s", "a", "rock", True), ("s", "b", "edm", False), ("s", "c", "unknown", False)],
        "seed_id string, track_id string, genre_group string, same_cluster boolean",
    )
    assert_same_rows(candidates(neighbours, clusters), expected)


# Place on a line, artist. t is the near-twin of the seed s, a1live that of a1; n1 and n2 have no artist.
TRACKS = {
    "s": (0.0, "x"),
    "t": (0.0, "x"),
    "a1": (2.0, "y"),
    "a1live": (1.0, "y"),
    "a2": (3.0, "y"),
    "a3": (4.0, "y"),
    "n1": (5.0, None),
    "n2": (-5.0, None),
}


@pytest.fixture
def described(spark):
    tracks = spark.createDataFrame(
        [(track, [artist] if artist else None) for track, (_, artist) in TRACKS.items()],
        "track_id string, artist_ids array<string>",
    )
    variants = spark.createDataFrame(
        [("s", "s"), ("t", "s"), ("a1", "a1"), ("a1live", "a1")], "track_id string, variant_group string"
    )
    names = [*AUDIO12, *AUDIO12_Z]
    audio = spark.createDataFrame(
        [(track, *[100.0] * 12, *vector(far)) for track, (far, _) in TRACKS.items()],
        "track_id string, " + ", ".join(f"{name} double" for name in names),
    )
    return described_tracks(tracks, variants, audio)


def pairs(spark, names, *, same_cluster=()):
    ddl = "seed_id string, track_id string, genre_group string, same_cluster boolean"
    return spark.createDataFrame([("s", track, "rock", track in same_cluster) for track in names], ddl)


def ranked(frame):
    return [(r["rank"], r.track_id, r.score) for r in frame.orderBy("seed_id", "rank").collect()]


def test_no_twin_of_the_seed_one_of_a_recording_and_few_of_an_artist(spark, described):
    found = pairs(spark, [*TRACKS][1:], same_cluster=("n2",))

    lists = recommendations(found, described, Choice(k=10, per_artist=2, relevance=1.0))

    # t is the seed's twin, a1 that of a1live, a3 the third of its artist; unknown artists are not one artist.
    assert ranked(lists) == [
        (1, "a1live", 1 / 2),
        (2, "a2", 1 / 4),
        (3, "n2", 1 / 6 + 0.05),  # as far away as n1, but in the seed's cluster
        (4, "n1", 1 / 6),
    ]


def test_a_list_ends_at_k_and_does_not_depend_on_partitioning(spark, described):
    rows, choice = ["n1", "n2", "a3", "a1"], Choice(k=3, per_artist=1, relevance=0.8)

    once = recommendations(pairs(spark, rows), described, choice).collect()
    again = recommendations(pairs(spark, rows[::-1]).repartition(4), described, choice).collect()

    assert [r.track_id for r in once] == ["a1", "n2", "n1"]  # n2 lies farther from a1 than n1
    assert once == again


def test_a_pair_of_an_unknown_track_is_left_out_and_no_pairs_give_no_lists(spark, described):
    choice = Choice(k=3, per_artist=1, relevance=1.0)
    assert [r[1] for r in ranked(recommendations(pairs(spark, ["n1", "gone"]), described, choice))] == ["n1"]
    assert recommendations(pairs(spark, []), described, choice).collect() == []


def test_excluded_artists_and_tracks(spark):
    tracks = spark.createDataFrame(
        [("a", ["Ann"]), ("b", ["BOB ", "Ann"]), ("c", None), ("d", ["Cy"])],
        "track_id string, artist_names array<string>",
    )
    kept = allowed(tracks, without_artists=["ann"], without_tracks=["d"]).collect()
    assert [row.track_id for row in kept] == ["c"]
    assert allowed(tracks, without_artists=[], without_tracks=[]).count() == 4
