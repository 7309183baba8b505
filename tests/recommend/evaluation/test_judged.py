"""What is relevant to a seed, and which entries of a list are."""

from __future__ import annotations

import numpy as np
import pytest

from spark_app.recommend.evaluation.judged import asked_of, lists_of

# artist and near-twin group of each track
TRACKS = {"s": ("x", "s"), "t": ("x", "s"), "u": ("x", "u"), "v": ("y", "v"), "w": ("y", "w"), "q": ("z", "s")}


@pytest.fixture
def described(spark):
    rows = [(track, artist, variant, [float(i)]) for i, (track, (artist, variant)) in enumerate(TRACKS.items())]
    return spark.createDataFrame(rows, "track_id string, artist_id string, variant_group string, z array<double>")


@pytest.fixture
def seeds(spark):
    return spark.createDataFrame([("v",), ("s",)], "seed_id string")


@pytest.fixture
def pairs(spark):
    together = [("s", "t"), ("s", "u"), ("s", "v"), ("v", "w"), ("u", "s"), ("s", "gone")]
    return spark.createDataFrame(together, "track_id string, other_id string")


def test_relevant_and_candidates_by_hand(seeds, described, pairs):
    found = asked_of(seeds, described, pairs)
    # s: twins s, t, q; of its artist u besides them; playlists give u and v (t is a twin), of others v alone.
    assert {name: n.tolist() for name, n in found.relevant.items()} == {
        "artist": [1, 1],
        "playlists": [2, 1],
        "playlists_other_artist": [1, 0],
    }
    assert {name: n.tolist() for name, n in found.candidates.items()} == {
        "artist": [3, 5],
        "playlists": [3, 5],
        "playlists_other_artist": [2, 4],
    }
    assert len(set(found.unit.tolist())) == 2


def test_without_playlists_there_is_the_artist_alone(seeds, described):
    assert list(asked_of(seeds, described, None).relevant) == ["artist"]


def test_entries_are_judged_and_stand_where_they_stood(spark, seeds, described, pairs):
    entries = spark.createDataFrame(
        [("s", 1, "t"), ("s", 2, "u"), ("s", 3, "v"), ("v", 1, "w")], "seed_id string, rank int, track_id string"
    )
    tracks = spark.createDataFrame([("t", 5), ("u", None)], "track_id string, popularity int")

    found = lists_of({"ours": entries}, seeds, described, pairs, tracks)["ours"]

    assert found.is_there.tolist() == [[True, True, True], [True, False, False]]
    assert found.is_twin.tolist() == [[True, False, False], [False] * 3]
    assert found.same_artist.tolist() == [[True, True, False], [True, False, False]]
    assert found.together.tolist() == [[True, True, True], [True, False, False]]
    assert found.popularity[0, 0] == 5
    assert np.isnan(found.popularity[0, 1])
    assert found.z[0, :, 0].tolist() == [1.0, 2.0, 3.0]
    assert len(set(found.track[found.is_there].tolist())) == 4
    assert not lists_of({"ours": entries}, seeds, described, None, tracks)["ours"].together.any()
