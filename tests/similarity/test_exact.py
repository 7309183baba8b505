"""Exact neighbours equal brute force, ties by id included."""

from __future__ import annotations

import numpy as np
import pytest

from spark_app.similarity import exact
from spark_app.similarity.exact import exact_neighbours, nearest
from spark_app.similarity.groups import sizes_of
from tests.frames import assert_same_rows
from tests.similarity.catalogues import brute_force, members, random_vectors, vector

CASES = {
    "no ties": random_vectors(300),
    "many ties at every rank": np.random.default_rng(1).integers(0, 2, (300, 12)).astype(float),
    "every vector ten times": np.repeat(random_vectors(30), 10, axis=0)[np.random.default_rng(2).permutation(300)],
    "two clusters, each finer than float32 can tell": np.r_[
        random_vectors(100) * 1e-9 - 50, random_vectors(100, seed=3) * 1e-9 + 50
    ],
    "zeros of both signs": np.tile([[0.0, 1.0], [-0.0, 1.0], [3.0, -0.0], [3.0, 0.0]], (3, 6)),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("k", [1, 10])
def test_equals_brute_force_in_float64(name, k):
    found, distance = nearest(CASES[name], k=k)

    expected, expected_distance = brute_force(CASES[name], k)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(distance, expected_distance)


def test_queries_that_float32_cannot_decide_are_searched_again(monkeypatch):
    again = []
    search = exact._by_brute_force
    monkeypatch.setattr(
        exact, "_by_brute_force", lambda d, rows, m, keep: again.append(len(rows)) or search(d, rows, m, keep)
    )

    nearest(CASES["no ties"], k=10)
    assert sum(again) == 0
    nearest(CASES["two clusters, each finer than float32 can tell"], k=10)
    assert sum(again) == 200


def test_blocks_of_one_row_give_the_same(monkeypatch):
    whole = nearest(CASES["every vector ten times"], k=10)
    monkeypatch.setattr(exact, "_CELLS", 1)
    np.testing.assert_array_equal(nearest(CASES["every vector ten times"], k=10)[0], whole[0])


def test_searches_for_some_rows_only():
    vectors = random_vectors(50)
    found, _ = nearest(vectors, k=3, queries=np.array([40, 7]))
    np.testing.assert_array_equal(found, brute_force(vectors, 3)[0][[40, 7]])


def test_ten_thousand_equal_vectors_give_the_smallest_ids():
    found, distance = nearest(np.ones((10_000, 12)), k=3)

    assert found[0].tolist() == [1, 2, 3]  # never itself
    assert found[2].tolist() == [0, 1, 3]
    assert found[9_999].tolist() == [0, 1, 2]
    assert not distance.any()


@pytest.mark.parametrize(("n", "shape"), [(0, (0, 0)), (1, (1, 0)), (2, (2, 1)), (4, (4, 3))])
def test_k_is_bounded_by_the_other_rows(n, shape):
    assert nearest(random_vectors(n), k=10)[0].shape == shape


def test_neighbours_stay_in_their_group_and_ties_go_by_id(spark):
    catalogue = members(
        spark,
        [
            ("c", "rock", vector(1)),
            ("a", "rock", vector(0)),
            ("b", "rock", vector(2)),
            ("a", "pop", vector(0)),
            ("d", "pop", vector(0)),
            ("e", "jazz", vector(0)),  # alone in its group: no row
        ],
    )

    actual = exact_neighbours(catalogue, k=5, sizes=sizes_of(catalogue))

    expected = spark.createDataFrame(  # by hand
        [
            ("a", "rock", 1, "c", 1.0),
            ("a", "rock", 2, "b", 2.0),
            ("b", "rock", 1, "c", 1.0),
            ("b", "rock", 2, "a", 2.0),
            ("c", "rock", 1, "a", 1.0),  # as far as b
            ("c", "rock", 2, "b", 1.0),
            ("a", "pop", 1, "d", 0.0),
            ("d", "pop", 1, "a", 0.0),
        ],
        "track_id string, genre_group string, rank int, neighbour_id string, distance double",
    )
    assert_same_rows(actual, expected)


def test_neighbours_do_not_depend_on_partitioning(spark):
    rows = [(f"t{i:03d}", "rock" if i % 3 else "pop", z) for i, z in enumerate(random_vectors(60).round(1))]
    catalogue = members(spark, rows)
    sizes = sizes_of(catalogue)
    assert list(sizes.items()) == [("rock", 40), ("pop", 20)]

    once = exact_neighbours(catalogue.repartition(1), k=3, sizes=sizes)
    again = exact_neighbours(members(spark, rows[::-1]).repartition(7), k=3, sizes=sizes)

    assert sorted(once.collect()) == sorted(again.collect())


def test_a_group_is_searched_after_one_shuffle(spark, capsys):
    catalogue = members(spark, [("a", "rock", vector(0)), ("b", "rock", vector(1)), ("c", "pop", vector(1))])
    exact_neighbours(catalogue, k=1, sizes=sizes_of(catalogue)).explain()
    assert capsys.readouterr().out.count("Exchange") == 1
