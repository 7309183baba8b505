"""Metrics against hand-worked lists, closed forms and brute force."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from spark_app.similarity.ranking_metrics import METRICS, chance_metrics, query_metrics

QUERIES = "query string, relevant_ranks array<int>, n_relevant long"
CANDIDATES = "query string, n_candidates long, n_relevant long"


def scores(frame, query="q"):
    row = frame.where(f"query = '{query}'").collect()[0]
    return {name: row[name] for name in METRICS}


def test_a_list_of_five_worked_by_hand(spark):
    queries = spark.createDataFrame([("q", [5, 2, 4], 4)], QUERIES)

    at5, at3 = (scores(query_metrics(queries, k=k)) for k in (5, 3))

    # Relevant at 2, 4, 5 of four. DCG@5 = 1/log2(3) + 1/log2(5) + 1/log2(6) = 0.63093 + 0.43068 + 0.38685 = 1.44846;
    # ideal of four: 1 + 0.63093 + 0.5 + 0.43068 = 2.56161.
    assert [at5[name] for name in METRICS] == pytest.approx(
        [1, 3 / 4, 3 / 4, 3 / 5, 1 / 2, 1.44846 / 2.56161], abs=1e-5
    )
    # Only rank 2 is within three; at most three of the four could be.
    assert [at3[name] for name in METRICS] == pytest.approx(
        [1, 1 / 4, 1 / 3, 1 / 3, 1 / 2, 0.63093 / 2.13093], abs=1e-5
    )


def test_perfect_short_and_pointless_lists(spark):
    rows = [("perfect", [1, 2, 3], 3), ("short", [1], 2), ("miss", [], 2), ("late", [4], 2), ("no relevant", [], 0)]

    actual = query_metrics(spark.createDataFrame(rows, QUERIES), k=3).cache()

    assert scores(actual, "perfect") == pytest.approx(dict.fromkeys(METRICS, 1.0))
    # Precision divides by K even where one item was returned.
    assert scores(actual, "short")["precision"] == pytest.approx(1 / 3)
    for query in ("miss", "late", "no relevant"):
        assert scores(actual, query) == dict.fromkeys(METRICS, 0.0)


def brute_force(flags, n_relevant, k):
    """Oracle in plain Python."""
    hits = [rank for rank, flag in enumerate(flags[:k], start=1) if flag]
    gain = sum(1 / math.log2(rank + 1) for rank in hits)
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(k, n_relevant) + 1))
    n = len(hits)
    return [float(n > 0), n / n_relevant, n / min(k, n_relevant), n / k, 1 / hits[0] if hits else 0.0, gain / ideal]


def test_equals_brute_force_on_random_lists_and_hit_and_recall_grow_with_k(spark):
    flags = np.random.default_rng(0).random((20, 8)) < 0.3
    n_relevant = flags.sum(axis=1) + 1
    ranks = [(np.flatnonzero(line) + 1).tolist() for line in flags]
    queries = spark.createDataFrame([(f"q{q}", ranks[q], int(n)) for q, n in enumerate(n_relevant)], QUERIES)
    before = None
    for k in (2, 5, 8):
        rows = {row["query"]: [row[name] for name in METRICS] for row in query_metrics(queries, k=k).collect()}
        actual = np.array([rows[f"q{q}"] for q in range(20)])
        expected = [brute_force(flags[q].tolist(), int(n_relevant[q]), k) for q in range(20)]
        np.testing.assert_allclose(actual, expected, atol=1e-12)
        assert before is None or (actual[:, :2] >= before[:, :2]).all()
        before = actual


@pytest.mark.parametrize(("n", "m", "k"), [(6, 2, 3), (5, 1, 5), (4, 4, 2), (3, 2, 10)])
def test_chance_is_the_mean_over_all_rankings(spark, n, m, k):
    queries = spark.createDataFrame([("q", n, m)], CANDIDATES)

    actual = scores(chance_metrics(queries, k=k))

    # Oracle: every place the m relevant of n candidates can take.
    placings = [[i in places for i in range(n)] for places in itertools.combinations(range(n), m)]
    expected = np.mean([brute_force(flags, m, k) for flags in placings], axis=0)
    assert [actual[name] for name in METRICS] == pytest.approx(expected.tolist())
    assert actual["hit"] == pytest.approx(1 - math.comb(n - m, min(k, n)) / math.comb(n, min(k, n)))


def test_chance_is_zero_where_nothing_can_be_found(spark):
    queries = spark.createDataFrame([("alone", 0, 0), ("no relevant", 5, 0)], CANDIDATES)
    for query in ("alone", "no relevant"):
        assert scores(chance_metrics(queries, k=3), query) == dict.fromkeys(METRICS, 0.0)
