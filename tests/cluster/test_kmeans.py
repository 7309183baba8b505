"""K-Means of one group."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from spark_app.cluster.kmeans import fitted_clusters, numbered, squared_distances, squared_to_own
from tests.similarity.catalogues import random_vectors, vector


def test_inertia_equals_scikit_learn_at_equal_k():
    vectors = random_vectors(400)
    labels, centres = fitted_clusters(vectors, k=6, starts=4, seed=3)

    expected = KMeans(n_clusters=6, n_init=4, random_state=3).fit(vectors)
    assert ((vectors - centres[labels]) ** 2).sum() == pytest.approx(expected.inertia_)
    assert adjusted_rand_score(labels, expected.labels_) == 1.0


def test_numbers_follow_size_then_centre_whatever_the_seed():
    vectors = np.array([vector(x) for x in (0, 0.1, 0.2, 50, 50.1, 90, 90.1)])
    for seed in range(5):
        labels, centres = fitted_clusters(vectors, k=3, starts=4, seed=seed)
        assert labels.tolist() == [0, 0, 0, 1, 1, 2, 2]
        np.testing.assert_allclose(centres[:, 0], [0.1, 50.05, 90.05])


def test_a_centre_without_members_gets_no_number():
    labels, centres = numbered(np.array([2, 2, 0]), np.array([[7.0], [8.0], [9.0]]))
    assert labels.tolist() == [0, 0, 1]
    assert centres.ravel().tolist() == [9.0, 7.0]


@pytest.mark.parametrize(("n", "n_distinct"), [(1, 1), (5, 1), (6, 2)])
def test_there_are_no_more_clusters_than_distinct_vectors(n, n_distinct):
    vectors = np.array([vector(i % n_distinct) for i in range(n)])
    labels, centres = fitted_clusters(vectors, k=8, starts=2, seed=1)
    assert len(centres) == len(set(labels)) == n_distinct


def test_distances_are_those_of_numpy_whatever_the_batch():
    vectors, centres = random_vectors(50), random_vectors(4, seed=1)
    found = squared_distances(vectors, centres)
    np.testing.assert_allclose(found, ((vectors[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2), rtol=1e-12)
    assert (squared_distances(vectors[17:18], centres) == found[17:18]).all()
    labels = found.argmin(axis=1)
    assert (squared_to_own(vectors, labels, centres) == found.min(axis=1)).all()
