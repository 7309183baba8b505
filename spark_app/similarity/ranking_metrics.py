"""Metrics of ranked lists as Spark expressions; definitions of ``evaluation.md``, each cut at rank K.

For a query with relevant set R and list L: hit = 1 if L meets R; recall = |L ∩ R| / |R|; normalised recall =
|L ∩ R| / min(K, |R|); precision = |L ∩ R| / K, even where fewer are returned; mrr = 1 / rank of the first relevant,
0 if none; ndcg = sum of 1 / log2(rank + 1) over relevant ranks, divided by the same for min(K, |R|) leading ranks.
"""

from __future__ import annotations

import math

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

RELEVANT_RANKS = "relevant_ranks"
METRICS = ("hit", "recall", "normalised_recall", "precision", "mrr", "ndcg")


def query_metrics(queries: DataFrame, *, k: int) -> DataFrame:
    """The same rows with their metrics, each in [0, 1].

    Args:
        queries: One row per query ``[relevant_ranks, n_relevant, ...]``: the ranks, from 1, that hold a relevant item,
            in any order (not null, may be empty; ranks above k are ignored), and how many items are relevant.
        k: Where the lists are cut, at least 1.

    Returns:
        The columns of ``queries`` and those of ``METRICS``. A query with nothing relevant in its list scores 0; so
        does one that has nothing relevant at all: whoever averages decides whether it counts.
    """
    ranks = F.filter(RELEVANT_RANKS, lambda rank: rank <= k)
    n, n_relevant = F.size(ranks), F.col("n_relevant")
    reachable = F.least(n_relevant, F.lit(k))
    gain = F.aggregate(F.array_sort(ranks), F.lit(0.0), lambda total, rank: total + F.lit(1.0) / F.log2(rank + 1))
    scores = {
        "hit": F.lit(1.0),
        "recall": n / n_relevant,
        "normalised_recall": n / reachable,
        "precision": n / F.lit(k),
        "mrr": F.lit(1.0) / F.array_min(ranks),
        "ndcg": gain / best_gain(reachable, k=k),
    }
    # ANSI mode: nothing may be divided by a count of 0.
    is_hit = (n > 0) & (n_relevant > 0)
    return queries.withColumns({name: F.when(is_hit, score).otherwise(F.lit(0.0)) for name, score in scores.items()})


def chance_metrics(queries: DataFrame, *, k: int) -> DataFrame:
    """The expected metrics of a random ranking, in closed form.

    Args:
        queries: ``[n_candidates, n_relevant, ...]`` with n_relevant <= n_candidates.
        k: Where the lists are cut.

    Returns:
        The columns of ``queries`` and those of ``METRICS``. With N candidates, m of them relevant, and lists of
        L = min(K, N): hit = 1 - C(N-m, L) / C(N, L); recall = L / N; precision = m L / (N K);
        mrr = sum over ranks of P(first relevant there) / rank. 0 where m or N is 0.
    """
    total, m = F.col("n_candidates").cast("double"), F.col("n_relevant").cast("double")
    length, reachable = F.least(total, F.lit(float(k))), F.least(F.col("n_relevant"), F.lit(k))
    miss, mrr = _first_relevant(total, m, length)
    scores = {
        "hit": F.lit(1.0) - miss,
        "recall": length / total,
        "normalised_recall": m * length / (total * reachable),
        "precision": m * length / (total * F.lit(k)),
        "mrr": mrr,
        "ndcg": m / total * best_gain(length.cast("int"), k=k) / best_gain(reachable, k=k),
    }
    is_possible = (F.col("n_candidates") > 0) & (F.col("n_relevant") > 0)
    return queries.withColumns(
        {name: F.when(is_possible, score).otherwise(F.lit(0.0)) for name, score in scores.items()}
    )


def _first_relevant(total: Column, m: Column, length: Column) -> tuple[Column, Column]:
    """Probability that no rank up to ``length`` is relevant, and the expected reciprocal rank of the first."""

    def step(state: Column, done: Column) -> Column:  # ``done`` ranks were looked at, none of them relevant
        left = total - done
        miss = F.greatest(left - m, F.lit(0.0)) / left
        return F.struct(
            (state["miss"] * miss).alias("miss"),
            (state["mrr"] + state["miss"] * (F.lit(1.0) - miss) / (done + 1)).alias("mrr"),
        )

    start = F.struct(F.lit(1.0).alias("miss"), F.lit(0.0).alias("mrr"))
    end = F.aggregate(F.sequence(F.lit(0), length.cast("int") - 1), start, step)
    return end["miss"], end["mrr"]


def best_gain(n: Column, *, k: int) -> Column:
    """Sum of 1 / log2(rank + 1) over the first ``n`` ranks, n from 1 to k; null below 1."""
    sums, total = [], 0.0
    for rank in range(1, k + 1):
        total += 1 / math.log2(rank + 1)
        sums.append(F.lit(total))
    return F.when(n >= 1, F.element_at(F.array(*sums), F.greatest(n, F.lit(1)).cast("int")))
