"""Sets: their distances, exact neighbours, and what collapses."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from spark_app.errors import UsageError
from spark_app.similarity import sets as module
from spark_app.similarity.engines import built
from spark_app.similarity.sets import Sets, SetSpace
from spark_app.similarity.shard import Shard, Tracks
from tests.similarity.catalogues import brute_force_sets, planted_sets


def exact_shard(lists: list[list]) -> Shard:
    tracks = Tracks.of(pa.array(lists), "jaccard")
    return Shard(tracks, "exact", built("exact", tracks.space.rows, {}, seed=1))


def test_distances_are_those_worked_out_by_hand():
    lists = [["a", "b", "c"], ["b", "c", "d"], ["c", "b", "a", "a"], ["z"], []]

    positions, distance = exact_shard(lists).neighbours(np.arange(5), 9)

    assert positions.tolist() == [[2, 1, 3, 4], [0, 2, 3, 4], [0, 1, 3, 4], [0, 1, 2, 4], [0, 1, 2, 3]]
    # abc and bcd share two of four elements; z and the empty set share nothing with anyone.
    assert distance.tolist() == [[0, 0.5, 1, 1], [0.5, 0.5, 1, 1], [0, 0.5, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]]


def few_elements(n: int, seed: int) -> list[list[int]]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 12, rng.integers(0, 6)).tolist() for _ in range(n)]


CASES = {
    "many ties, empty and equal sets": few_elements(200, 1),
    "hardly two that share anything": np.random.default_rng(2).integers(0, 10_000, (150, 3)).tolist(),
    "short and long": [list(range(i % 7, i % 7 + 1 + (i * i) % 90)) for i in range(120)],
    "strings": [[f"p{element}" for element in one] for one in planted_sets(12)],
    "large numbers": [[element * 2**40 for element in one] for one in planted_sets(12)],
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("k", [1, 10])
def test_exact_neighbours_equal_those_of_pythons_sets(name, k):
    lists = CASES[name]

    positions, distance = exact_shard(lists).neighbours(np.arange(len(lists)), k)

    expected, expected_distance = brute_force_sets([set(one) for one in lists], k)
    np.testing.assert_array_equal(positions, expected)
    np.testing.assert_array_equal(distance, expected_distance)


def test_small_blocks_give_the_same(monkeypatch):
    lists = CASES["many ties, empty and equal sets"]
    everyone = np.arange(len(lists))
    whole = exact_shard(lists).neighbours(everyone, 5)
    distances = exact_shard(lists).tracks.space.to_all(Sets.of(pa.array(lists)))

    monkeypatch.setattr("spark_app.similarity.exact._CELLS", 1)
    monkeypatch.setattr(module, "ELEMENTS", 7)

    shard = exact_shard(lists)
    np.testing.assert_array_equal(shard.neighbours(everyone, 5)[0], whole[0])
    rows = np.tile(np.arange(distances.shape[1]), (len(lists), 1))
    sought = shard.tracks.space.adopted(Sets.of(pa.array(lists)))
    np.testing.assert_array_equal(shard.tracks.space.distances(sought, rows), distances)


def test_equal_sets_collapse_whatever_the_order_of_their_elements():
    rows = Sets.of(pa.array([[1, 2], [3], [2, 1, 2], [], [3, 3], []]))
    first, which = rows.collapsed()
    assert first.tolist() == [0, 1, 3]
    assert which.tolist() == [0, 1, 0, 2, 1, 2]


def test_sets_whose_numbers_happen_to_be_equal_are_told_apart(monkeypatch):
    numbers = module.content
    monkeypatch.setattr(module, "content", lambda matrix, seed: numbers(matrix, seed) * np.uint64(seed > 0))
    assert Sets.of(pa.array([[1, 2], [3], [2, 1]])).collapsed()[1].tolist() == [0, 1, 0]


def test_ten_thousand_equal_sets_give_the_smallest_ids():
    shard = exact_shard([[7, 8, 9]] * 10_000 + [[7, 8]])

    found, distance = shard.neighbours(np.array([0, 2, 9_999, 10_000]), 3)

    assert len(shard.tracks.members.distinct) == 2
    assert found.tolist() == [[1, 2, 3], [0, 1, 3], [0, 1, 2], [0, 1, 2]]
    assert distance.tolist() == [[0, 0, 0], [0, 0, 0], [0, 0, 0], [1 - 2 / 3] * 3]


@pytest.mark.parametrize(("n", "shape"), [(1, (1, 0)), (2, (2, 1)), (4, (4, 3))])
def test_k_is_bounded_by_the_other_rows(n, shape):
    assert exact_shard([[i] for i in range(n)]).neighbours(np.arange(n), 10)[0].shape == shape


def test_elements_that_an_index_does_not_know_enlarge_unions():
    space = SetSpace(Sets.of(pa.array([["a", "b"], ["c"]])))

    sought = space.adopted(Sets.of(pa.array([["x", "b", "y"], ["x"], []])))

    # b of a, b, x, y; then nothing in common
    assert space.to_all(sought).tolist() == [[0.75, 1], [1, 1], [1, 1]]
    assert space.distances(sought, np.array([[0], [1], [1]])).tolist() == [[0.75], [1], [1]]


def test_strings_are_not_looked_for_among_integers():
    space = SetSpace(Sets.of(pa.array([[1, 2]])))
    with pytest.raises(UsageError, match="sets of string cannot be compared with an index of int64"):
        space.adopted(Sets.of(pa.array([["1"]])))
