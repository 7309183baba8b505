"""K-Means per genre group."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from spark_app.cluster.cards import assignments, cluster_cards
from spark_app.cluster.kmeans import cluster_groups, fitted_clusters
from tests.similarity.catalogues import members, random_vectors, vector


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


@pytest.mark.parametrize(("n", "n_distinct"), [(1, 1), (5, 1), (6, 2)])
def test_there_are_no_more_clusters_than_distinct_vectors(n, n_distinct):
    vectors = np.array([vector(i % n_distinct) for i in range(n)])
    labels, centres = fitted_clusters(vectors, k=8, starts=2, seed=1)
    assert len(centres) == len(set(labels)) == n_distinct


GROUPS = [
    *[(f"r{i}", "rock", vector(x)) for i, x in enumerate((0, 1, 5, 100, 101))],
    ("lone", "other", vector(7)),
    *[(f"p{i}", "pop", vector(2)) for i in (2, 1)],
]


def test_every_group_is_clustered_and_each_cluster_has_a_card(spark):
    clustered = cluster_groups(members(spark, GROUPS), k=2, starts=4, seed=1).persist()

    rows = {(r.track_id, r.genre_group): (r.cluster, round(r.distance, 9)) for r in assignments(clustered).collect()}
    assert rows == {  # by hand: centres 2 and 100.5
        ("r0", "rock"): (0, 2.0),
        ("r1", "rock"): (0, 1.0),
        ("r2", "rock"): (0, 3.0),
        ("r3", "rock"): (1, 0.5),
        ("r4", "rock"): (1, 0.5),
        ("lone", "other"): (0, 0.0),
        ("p1", "pop"): (0, 0.0),
        ("p2", "pop"): (0, 0.0),
    }
    cards = {
        (c.genre_group, c.cluster): (c.k, c.n_tracks, round(c.inertia, 9), c.exemplar_id, round(c.centre[0], 9))
        for c in cluster_cards(clustered).collect()
    }
    assert cards == {
        ("rock", 0): (2, 3, 14.0, "r1", 2.0),
        ("rock", 1): (2, 2, 0.5, "r3", 100.5),  # r3 and r4 are equally near: the smaller id
        ("other", 0): (1, 1, 0.0, "lone", 7.0),
        ("pop", 0): (1, 2, 0.0, "p1", 2.0),
    }


def test_clusters_depend_neither_on_partitioning_nor_on_other_groups(spark):
    rows = [(f"t{i:03d}", "rock" if i % 2 else "pop", z) for i, z in enumerate(random_vectors(80))]
    fit = lambda frame: sorted(assignments(cluster_groups(frame, k=4, starts=2, seed=1)).collect())  # noqa: E731

    once = fit(members(spark, rows))

    assert fit(members(spark, rows[::-1]).repartition(5)) == once
    assert fit(members(spark, [row for row in rows if row[1] == "pop"])) == [r for r in once if r.genre_group == "pop"]
