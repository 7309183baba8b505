"""Exact neighbours equal brute force, ties by id included."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_distances

from spark_app.similarity import exact
from spark_app.similarity.exact import nearest
from tests.similarity.catalogues import brute_force, random_vectors

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
        exact, "_by_brute_force", lambda m, rows, keep, of: again.append(len(rows)) or search(m, rows, keep, of)
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


@pytest.mark.parametrize("metric", ["cosine", "inner_product"])
def test_other_metrics_equal_scikit_learn(metric):
    vectors = random_vectors(400).round(1)
    vectors[5] = 0  # no direction: cosine distance 1 to all
    vectors[20:40] = vectors[19]
    far = cosine_distances(vectors) if metric == "cosine" else -(vectors @ vectors.T)
    np.fill_diagonal(far, np.inf)

    _, distance = nearest(vectors, k=7, metric=metric)

    np.testing.assert_allclose(distance, np.sort(far, axis=1)[:, :7], atol=1e-12)


def test_the_cosine_does_not_see_lengths():
    vectors = np.array([[1.0, 0, 0], [5, 0, 0], [0, 2, 0], [3, 3, 0]])
    found, distance = nearest(vectors, k=2, metric="cosine")

    assert found.tolist() == [[1, 3], [0, 3], [3, 0], [0, 1]]
    np.testing.assert_allclose(distance[0], [0, 1 - np.sqrt(0.5)], atol=1e-15)
