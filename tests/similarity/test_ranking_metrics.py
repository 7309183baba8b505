"""Metrics against hand-worked lists, closed forms and brute force."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from spark_app.similarity.ranking_metrics import METRICS, chance_metrics, query_metrics
from tests.similarity.evaluation.oracle import list_scores


def scores(flags, n_relevant, k):
    """One list: which of its ranks hold something relevant."""
    found = query_metrics(np.array([flags], dtype=bool).reshape(1, -1), np.array([n_relevant]), k=k)
    return dict(zip(METRICS, found[0].tolist(), strict=True))


def chance(n_candidates, n_relevant, k):
    found = chance_metrics(np.array([n_candidates]), np.array([n_relevant]), k=k)
    return dict(zip(METRICS, found[0].tolist(), strict=True))


def test_a_list_of_five_worked_by_hand():
    at5, at3 = (scores([0, 1, 0, 1, 1], 4, k) for k in (5, 3))

    # Relevant at 2, 4, 5 of four. Precisions up to them: 1/2, 2/4, 3/5. DCG@5 = 1/log2(3) + 1/log2(5) + 1/log2(6) =
    # 0.63093 + 0.43068 + 0.38685 = 1.44846; ideal of four: 1 + 0.63093 + 0.5 + 0.43068 = 2.56161.
    assert at5 == pytest.approx(
        {
            "hit": 1,
            "recall": 3 / 4,
            "normalised_recall": 3 / 4,
            "precision": 3 / 5,
            "capped_r_precision": 2 / 4,  # ranks 2 and 4 of the first four
            "mrr": 1 / 2,
            "map": (1 / 2 + 2 / 4 + 3 / 5) / 4,
            "ndcg": 1.44846 / 2.56161,
        },
        abs=1e-5,
    )
    # Only rank 2 is within three; at most three of the four could be.
    assert at3 == pytest.approx(
        {
            "hit": 1,
            "recall": 1 / 4,
            "normalised_recall": 1 / 3,
            "precision": 1 / 3,
            "capped_r_precision": 1 / 3,
            "mrr": 1 / 2,
            "map": 1 / 2 / 3,
            "ndcg": 0.63093 / 2.13093,
        },
        abs=1e-5,
    )


def test_perfect_short_and_pointless_lists():
    assert scores([1, 1, 1], 3, 3) == pytest.approx(dict.fromkeys(METRICS, 1.0))
    # More relevant items than ranks: a list can be perfect but for its recall.
    assert scores([1, 1], 4, 2) == pytest.approx({**dict.fromkeys(METRICS, 1.0), "recall": 1 / 2})
    # Precision divides by K even where one item was returned.
    assert scores([1], 2, 3)["precision"] == pytest.approx(1 / 3)
    nothing = dict.fromkeys(METRICS, 0.0)
    assert scores([0, 0, 0], 2, 3) == nothing
    assert scores([0, 0, 0, 1], 2, 3) == nothing  # too late
    assert scores([0, 0, 0], 0, 3) == nothing
    assert scores([], 0, 3) == nothing


def test_equals_brute_force_on_random_lists_and_hit_and_recall_grow_with_k():
    flags = np.random.default_rng(0).random((20, 8)) < 0.3
    n_relevant = flags.sum(axis=1) + 1
    before = None
    for k in (2, 5, 8):
        actual = query_metrics(flags, n_relevant, k=k)
        expected = [list_scores(line, int(n), k) for line, n in zip(flags.tolist(), n_relevant, strict=True)]
        np.testing.assert_allclose(actual, expected, atol=1e-12)
        assert before is None or (actual[:, :2] >= before[:, :2]).all()
        before = actual


@pytest.mark.parametrize(("n", "m", "k"), [(6, 2, 3), (5, 1, 5), (4, 4, 2), (3, 2, 10), (1, 1, 2), (7, 5, 3)])
def test_chance_is_the_mean_over_all_rankings(n, m, k):
    actual = chance(n, m, k)

    # Oracle: every place the m relevant of n candidates can take.
    placings = [[i in places for i in range(n)] for places in itertools.combinations(range(n), m)]
    expected = np.mean([list_scores(flags, m, k) for flags in placings], axis=0)
    assert list(actual.values()) == pytest.approx(expected.tolist())
    assert actual["hit"] == pytest.approx(1 - math.comb(n - m, min(k, n)) / math.comb(n, min(k, n)))


@pytest.mark.parametrize("counts", [(0, 0), (5, 0)])
def test_chance_is_zero_where_nothing_can_be_found(counts):
    assert chance(*counts, 3) == dict.fromkeys(METRICS, 0.0)
