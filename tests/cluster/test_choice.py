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


@pytest.mark.parametrize(("n_distinct", "expected"), [(1, 1), (2, 2)])
def test_auto_on_too_few_distinct_vectors_takes_these(n_distinct, expected):
    sample = np.array([vector(i % n_distinct) for i in range(6)])
    found = chosen_k(sample, n_distinct=lambda: n_distinct, plan=plan(k="auto"), seed=5)
    assert found == Choice(expected)


@pytest.mark.parametrize(
    ("n_distinct", "expected"),
    [(1, 1), (25, 3), (39, 3), (40, 4), (599, 59), (1234, 60)],  # min(60, distinct / 10), 3 at least where possible
)
def test_a_number_per_distinct_vectors_stays_within_its_bounds(n_distinct, expected):
    rule = plan(k="distinct/10", min_k=3, max_k=60)
    assert chosen_k(random_vectors(3), n_distinct=lambda: n_distinct, plan=rule, seed=5) == Choice(expected)


def test_a_fixed_number_counts_the_group_only_where_the_sample_does_not_tell():
    assert chosen_k(random_vectors(8), n_distinct=not_asked, plan=plan(k=8), seed=5) == Choice(8)
    assert chosen_k(random_vectors(7), n_distinct=lambda: 7, plan=plan(k=8), seed=5) == Choice(7)
    assert chosen_k(random_vectors(7), n_distinct=lambda: 9, plan=plan(k=8), seed=5) == Choice(8)


def test_seeds_agree_on_clear_clusters_and_not_on_a_cloud():
    assert stability(blobs(CORNERS, 80), k=4, plan=plan(stability_seeds=3), seed=5) == 1.0
    assert stability(random_vectors(80), k=1, plan=plan(stability_seeds=3), seed=5) == 1.0
    assert stability(random_vectors(80), k=4, plan=plan(stability_seeds=1), seed=5) is None


def test_stability_is_the_mean_adjusted_rand_index_of_all_pairs_of_seeds():
    sample = random_vectors(300)
    one, two, three = (KMeans(n_clusters=5, n_init=1, random_state=seed).fit(sample).labels_ for seed in (12, 13, 14))
    expected = np.mean([adjusted_rand_score(*pair) for pair in ((one, two), (one, three), (two, three))])

    assert 0 < expected < 0.9  # else the test would tell nothing
    assert stability(sample, k=5, plan=plan(starts=1, stability_seeds=3), seed=11) == pytest.approx(expected)


def test_seeds_wrap_where_scikit_learn_takes_no_larger_ones():
    assert stability(blobs(CORNERS, 20), k=4, plan=plan(stability_seeds=2), seed=2**32 - 1) == 1.0
