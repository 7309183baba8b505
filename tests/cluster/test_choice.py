"""How many clusters, and how stable."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score

from spark_app.cluster.choice import Choice, chosen_k, stability
from tests.cluster.plans import blobs, plan
from tests.similarity.catalogues import random_vectors, vector

CORNERS = [(0, 0), (9, 0), (0, 9), (9, 9)]


def not_asked():
    raise AssertionError("the sample tells enough")


def test_auto_finds_the_planted_number_and_tells_scikit_learns_silhouette():
    sample = blobs(CORNERS, 120)
    found = chosen_k(sample, n_distinct=not_asked, plan=plan(k="auto", max_k=8), seed=5)

    assert found.k == 4
    planted = np.arange(120) % 4  # K-Means finds the planted blobs
    assert found.score == pytest.approx(silhouette_score(sample, planted))


@pytest.mark.parametrize(("min_k", "max_k", "expected"), [(5, 8, 5), (2, 3, 3), (1, 8, 4)])
def test_auto_stays_within_its_bounds(min_k, max_k, expected):
    sample = blobs(CORNERS, 120)
    found = chosen_k(sample, n_distinct=not_asked, plan=plan(k="auto", min_k=min_k, max_k=max_k), seed=5)
    assert found.k == expected


@pytest.mark.parametrize("rule", ["auto", "distinct/1", 8])
@pytest.mark.parametrize(("n_distinct", "expected"), [(1, 1), (2, 1), (3, 2), (4, 3)])
def test_there_are_fewer_clusters_than_distinct_vectors(rule, n_distinct, expected):
    sample = np.array([vector(2**i) for i in range(n_distinct)] * 2)
    found = chosen_k(sample, n_distinct=lambda: n_distinct, plan=plan(k=rule), seed=5)
    assert (found.k, found.score is None) == (expected, expected == 1)


@pytest.mark.parametrize(
    ("n_distinct", "expected"),
    # min(60, distinct / 10), 3 at least where there are more distinct vectors
    [(1, 1), (3, 2), (25, 3), (39, 3), (40, 4), (599, 59), (1234, 60)],
)
def test_a_number_per_distinct_vectors_stays_within_its_bounds(n_distinct, expected):
    rule = plan(k="distinct/10", min_k=3, max_k=60)
    # A sample of one says nothing, and has no silhouette.
    assert chosen_k(random_vectors(1), n_distinct=lambda: n_distinct, plan=rule, seed=5) == Choice(expected)


def test_a_fixed_number_counts_the_group_only_where_the_sample_does_not_tell():
    assert chosen_k(random_vectors(9), n_distinct=not_asked, plan=plan(k=8), seed=5).k == 8
    assert chosen_k(random_vectors(8), n_distinct=lambda: 8, plan=plan(k=8), seed=5).k == 7
    assert chosen_k(random_vectors(8), n_distinct=lambda: 9, plan=plan(k=8), seed=5) == Choice(8)


@pytest.mark.parametrize("rule", [4, "distinct/30"])
def test_what_was_not_chosen_by_its_silhouette_is_told_it_as_well(rule):
    sample = blobs(CORNERS, 120)
    found = chosen_k(sample, n_distinct=lambda: 120, plan=plan(k=rule), seed=5)
    planted = np.arange(120) % 4
    assert found == Choice(4, pytest.approx(silhouette_score(sample, planted)))


def test_seeds_agree_on_clear_clusters_and_not_on_a_cloud():
    assert stability(blobs(CORNERS, 80), k=4, plan=plan(stability_seeds=3), seed=5) == 1.0
    assert abs(stability(random_vectors(80), k=4, plan=plan(starts=1, stability_seeds=3), seed=5)) < 0.9
    assert stability(random_vectors(80), k=4, plan=plan(stability_seeds=1), seed=5) is None


def test_seeds_that_could_not_but_agree_tell_nothing():
    asked = plan(stability_seeds=3)
    assert stability(random_vectors(80), k=1, plan=asked, seed=5) is None
    pairs = np.array([vector(place) for place in (0, 5, 9)] * 2)
    assert stability(pairs, k=3, plan=asked, seed=5) is None  # each distinct vector is a cluster
    assert stability(pairs, k=2, plan=asked, seed=5) == 1.0


def test_stability_is_the_mean_adjusted_rand_index_of_all_pairs_of_seeds():
    sample = random_vectors(300)
    one, two, three = (KMeans(n_clusters=5, n_init=1, random_state=seed).fit(sample).labels_ for seed in (12, 13, 14))
    expected = np.mean([adjusted_rand_score(*pair) for pair in ((one, two), (one, three), (two, three))])

    assert 0 < expected < 0.9  # else the test would tell nothing
    assert stability(sample, k=5, plan=plan(starts=1, stability_seeds=3), seed=11) == pytest.approx(expected)


def test_seeds_wrap_where_scikit_learn_takes_no_larger_ones():
    assert stability(blobs(CORNERS, 20), k=4, plan=plan(stability_seeds=2), seed=2**32 - 1) == 1.0
