"""What became of the clusters of before."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from spark_app.cluster.drift import drift_rows, is_unchanged, shared_tracks, version_of
from spark_app.columns import AUDIO12
from tests.cluster.plans import card

UNIT = [1.0] * len(AUDIO12)


def drift(before, now, shared=None, deviations=UNIT):
    rows = drift_rows(before, now, shared=shared or {}, deviations=deviations, version=2)
    return {(row["genre_group"], row["cluster"]): row for row in rows}


def test_the_first_version_comes_from_nowhere():
    (row,) = drift([], [card("rock", 0, 5, [1])]).values()
    assert row == {"genre_group": "rock", "cluster": 0, "version": 2, "n_tracks": 5, "change": "first"}


def test_clusters_are_matched_by_their_tracks_and_told_by_hand():
    before = [card("rock", 0, 10, [0, 0]), card("rock", 1, 4, [5, 5])]
    now = [card("rock", 0, 6, [5, 5]), card("rock", 1, 5, [3, 4])]
    # Of the ten tracks of cluster 0, two left the group and one the cluster.
    shared = {("rock", 0, 1): 7, ("rock", 0, 0): 1, ("rock", 1, 0): 4, ("pop", 0, 0): 99}

    found = drift(before, now, shared, deviations=[1.0, 2.0, 0.0, *UNIT[3:-1], None])

    assert found["rock", 1] == {
        "genre_group": "rock",
        "cluster": 1,
        "version": 2,
        "n_tracks": 5,
        "change": "matched",
        "previous_cluster": 0,
        "previous_n_tracks": 10,
        "size_change": -0.5,
        "n_kept": 8,
        "n_stayed": 7,
        "share_stayed": 0.875,
        "centre_shift": pytest.approx((3**2 + (4 / 2) ** 2) ** 0.5),
        "centre_shift_raw": [3.0, 4.0, *[0.0] * 10],
    }
    assert (found["rock", 0]["previous_cluster"], found["rock", 0]["share_stayed"]) == (1, 1.0)


def test_a_feature_that_no_longer_varies_does_not_count_in_the_shift():
    found = drift([card("rock", 0, 1, [0, 0])], [card("rock", 0, 1, [7, 1])], deviations=[0.0, *UNIT[1:]])
    assert found["rock", 0]["centre_shift"] == 1.0
    assert found["rock", 0]["centre_shift_raw"][0] == 7.0


def test_a_cluster_without_a_track_of_before_is_new_and_so_is_one_too_many():
    before = [card("rock", 0, 4, [0]), card("rock", 1, 4, [9])]
    now = [card("rock", 0, 4, [0]), card("rock", 1, 3, [9]), card("rock", 2, 1, [5]), card("pop", 0, 2, [0])]

    found = drift(before, now, {("rock", 0, 0): 3, ("rock", 0, 2): 1})
    assert {place: row["change"] for place, row in found.items()} == {
        ("rock", 0): "matched",
        ("rock", 1): "new",  # however near its centre lies
        ("rock", -2): "gone",
        ("rock", 2): "new",
        ("pop", 0): "new",
    }
    assert "previous_cluster" not in found["rock", 1]


def test_clusters_that_none_is_matched_to_are_gone():
    before = [card("rock", 0, 9, [0]), card("rock", 1, 4, [9]), card("pop", 3, 2, [1])]
    # Three of the cluster that vanishes are in the other one, one left the group; of pop nothing is left.
    found = drift(before, [card("rock", 0, 12, [1])], {("rock", 0, 0): 9, ("rock", 1, 0): 3})
    assert {place: row["change"] for place, row in found.items()} == {
        ("rock", 0): "matched",
        ("rock", -2): "gone",
        ("pop", -4): "gone",
    }
    assert found["rock", -2] == {
        "genre_group": "rock",
        "cluster": -2,
        "version": 2,
        "n_tracks": 0,
        "change": "gone",
        "previous_cluster": 1,
        "previous_n_tracks": 4,
        "n_kept": 3,
    }
    assert (found["pop", -4]["previous_n_tracks"], found["pop", -4]["n_kept"]) == (2, 0)
    assert [row["change"] for row in drift(before, []).values()] == ["gone"] * 3


def test_without_a_track_in_common_near_centres_are_matched():
    before = [card("rock", 0, 4, [0]), card("rock", 1, 4, [9])]
    found = drift(before, [card("rock", 0, 3, [8]), card("rock", 1, 2, [1])])
    assert {row["cluster"]: row["previous_cluster"] for row in found.values()} == {0: 1, 1: 0}
    assert [(row["n_kept"], row["n_stayed"], row["share_stayed"]) for row in found.values()] == [(0, 0, None)] * 2


@pytest.mark.parametrize("seed", range(5))
def test_no_other_matching_keeps_more_tracks(seed):
    counts = np.random.default_rng(seed).integers(1, 9, size=(5, 5))
    cards = [card("rock", i, 9, [i]) for i in range(5)]
    shared = {("rock", i, j): int(counts[i, j]) for i in range(5) for j in range(5)}

    found = drift(cards, cards, shared)

    best = max(sum(counts[i, j] for i, j in enumerate(order)) for order in permutations(range(5)))
    assert sum(row["n_stayed"] for row in found.values()) == best


def test_of_equal_matchings_the_one_with_nearer_centres_is_taken():
    before = [card("rock", 0, 4, [0]), card("rock", 1, 4, [9])]
    shared = {("rock", i, j): 2 for i in range(2) for j in range(2)}
    found = drift(before, [card("rock", 0, 4, [9]), card("rock", 1, 4, [0])], shared)
    assert {row["cluster"]: row["previous_cluster"] for row in found.values()} == {0: 1, 1: 0}


def test_clusters_are_unchanged_only_with_the_same_sizes_exemplars_and_centres():
    cards = [card("rock", 0, 4, [100.0]), card("rock", 1, 3, [0.5])]
    assert is_unchanged(cards, [card("rock", 0, 4, [100.0 + 1e-8]), cards[1]])
    for other in (
        card("rock", 0, 5, [100.0]),
        card("rock", 0, 4, [100.001]),
        card("rock", 0, 4, [100.0], exemplar_id="another"),
        card("rock", 2, 4, [100.0]),
    ):
        assert not is_unchanged(cards, [other, cards[1]])
    assert not is_unchanged(cards, cards[:1])
    assert not is_unchanged([card("rock", 0, 4, [], centre_raw=None)], [card("rock", 0, 4, [1])])


def test_cards_of_before_this_column_have_version_0():
    assert version_of([]) == version_of([card("rock", 0, 1, [0], version=None)]) == 0
    assert version_of([card("rock", 0, 1, [0], version=7)]) == 7


def test_tracks_are_counted_by_where_they_were_and_are(spark):
    before = spark.createDataFrame(
        [("a", "rock", 0, 3), ("b", "rock", 0, 3), ("c", "rock", 1, 3), ("a", "pop", 0, 3), ("gone", "rock", 0, 3)],
        "track_id string, genre_group string, cluster int, version int",
    )
    now = spark.createDataFrame(
        [("a", "rock", 1), ("b", "rock", 1), ("c", "rock", 1), ("a", "pop", 2), ("fresh", "rock", 0)],
        "track_id string, genre_group string, cluster int",
    )
    found = shared_tracks(before, now, version=3).collect()
    assert {(row.genre_group, row.previous_cluster, row.cluster, row.n) for row in found} == {
        ("rock", 0, 1, 2),
        ("rock", 1, 1, 1),
        ("pop", 0, 2, 1),
    }
    assert shared_tracks(before, now, version=4).collect() == []  # members of another version than the cards
