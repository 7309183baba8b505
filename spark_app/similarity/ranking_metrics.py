"""Metrics of ranked lists, each cut at rank K, and what a random ranking gives; definitions of ``evaluation.md``.

For a query with relevant set R and list L: hit = 1 if L meets R; recall = |L ∩ R| / |R|; normalised recall =
|L ∩ R| / min(K, |R|); precision = |L ∩ R| / K, even where fewer are returned; capped_r_precision = the share of R among
the first min(K, |R|); mrr = 1 / rank of the first relevant, 0 if none; map = sum over relevant ranks of the precision
up to them / min(K, |R|); ndcg = sum of 1 / log2(rank + 1) over relevant ranks, divided by the same for min(K, |R|)
leading ranks.

R-precision itself, |L[:|R|] ∩ R| / |R|, takes a list as long as R. Lists end at K: the capped one is R-precision for
queries with at most K relevant items, and precision at K for the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

METRICS = ("hit", "recall", "normalised_recall", "precision", "capped_r_precision", "mrr", "map", "ndcg")


def query_metrics(is_relevant: np.ndarray, n_relevant: np.ndarray, *, k: int) -> np.ndarray:
    """The metrics of each list, in [0, 1].

    Args:
        is_relevant: Which ranks, from the first, hold a relevant item: booleans ``(n_queries, n_ranks)``, with at
            least ``k`` ranks wherever so many could be had; what follows rank k is ignored.
        n_relevant: How many items are relevant to each query ``(n_queries,)``.
        k: Where the lists are cut, at least 1.

    Returns:
        Array ``(n_queries, len(METRICS))``. A query with nothing relevant in its list scores 0; so does one that has
        nothing relevant at all: whoever averages decides whether it counts.
    """
    import numpy as np

    cut = is_relevant[:, :k]
    ranks = np.arange(1, cut.shape[1] + 1)
    found = cut.sum(axis=1)
    most = np.maximum(n_relevant, 1)
    reachable = np.minimum(most, k)
    first = np.where(cut, ranks, np.inf).min(axis=1, initial=np.inf)
    precisions = np.where(cut, np.cumsum(cut, axis=1) / ranks, 0.0)
    gains = _gains(k)
    return np.column_stack(
        [
            found > 0,
            found / most,
            found / reachable,
            found / k,
            (cut & (ranks <= reachable[:, None])).sum(axis=1) / reachable,
            1.0 / first,
            precisions.sum(axis=1) / reachable,
            cut @ np.diff(gains)[: cut.shape[1]] / gains[reachable],
        ]
    )


def closed_up(is_relevant: np.ndarray, is_out: np.ndarray, k: int) -> np.ndarray:
    """Which of the first k ranks hold something relevant, after what is left out has been taken out.

    Args:
        is_relevant: Of each rank ``(n_queries, n_ranks)``.
        is_out: Which ranks are taken out; those behind move up.
        k: Where the lists are cut.

    Returns:
        Booleans ``(n_queries, k)``, for ``query_metrics``.
    """
    import numpy as np

    rank = np.cumsum(~is_out, axis=1)
    row, column = np.nonzero(is_relevant & ~is_out & (rank <= k))
    closed = np.zeros((len(rank), k), dtype=bool)
    closed[row, rank[row, column] - 1] = True
    return closed


def chance_metrics(n_candidates: np.ndarray, n_relevant: np.ndarray, *, k: int) -> np.ndarray:
    """The expected metrics of a random ranking, in closed form.

    Args:
        n_candidates: Of each query ``(n_queries,)``.
        n_relevant: Of each query, at most its candidates.
        k: Where the lists are cut.

    Returns:
        Array ``(n_queries, len(METRICS))``. With N candidates, m of them relevant, and lists of L = min(K, N):
        hit = 1 - C(N-m, L) / C(N, L); recall = L / N; precision = m L / (N K); capped_r_precision = m / N; mrr = sum
        over ranks of P(first relevant there) / rank; map = m / (N min(K, m)) (H + (m-1) / (N-1) (L - H)) with
        H = 1 + 1/2 + … + 1/L. 0 where m or N is 0.
    """
    import numpy as np

    total, m = (np.maximum(n, 1).astype(float) for n in (n_candidates, n_relevant))
    length, reachable = np.minimum(n_candidates, k), np.minimum(np.maximum(n_relevant, 1), k)
    share, gains = m / total, _gains(k)
    harmonic = np.concatenate([[0.0], np.cumsum(1.0 / np.arange(1, k + 1))])[length]
    together = (m - 1) / np.maximum(total - 1, 1)  # that another rank is relevant too
    miss, mrr = _first_relevant(total, m, length, k)
    expected = np.column_stack(
        [
            1.0 - miss,
            length / total,
            share * length / reachable,
            share * length / k,
            share,
            mrr,
            share / reachable * (harmonic + together * (length - harmonic)),
            share * gains[length] / gains[reachable],
        ]
    )
    is_possible = (n_candidates > 0) & (n_relevant > 0)
    return np.where(is_possible[:, None], expected, 0.0)


def _first_relevant(total: np.ndarray, m: np.ndarray, length: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Probability that no rank of the list is relevant, and the expected reciprocal rank of the first that is."""
    import numpy as np

    miss, mrr = np.ones(len(total)), np.zeros(len(total))
    for rank in range(1, k + 1):
        left = np.maximum(total - rank + 1, 1)
        passes = np.where(rank <= length, np.maximum(left - m, 0) / left, 1.0)
        mrr += miss * (1 - passes) / rank
        miss = miss * passes
    return miss, mrr


def _gains(k: int) -> np.ndarray:
    """Sum of 1 / log2(rank + 1) over the first 0, 1, …, k ranks."""
    import numpy as np

    return np.concatenate([[0.0], np.cumsum(1.0 / np.log2(np.arange(2, k + 2)))])
