"""Several seeds: tracks that many of them lie near to come first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

_FLAT = 60  # of the paper: how little the first ranks differ


def agreement(score: np.ndarray) -> np.ndarray:
    """Reciprocal rank fusion (Cormack, Clarke & Büttcher, SIGIR 2009) of what each seed finds relevant.

    A candidate gets 1 / (60 + rank) from every seed that knows it, the sum divided by what first place with all seeds
    gives: (0, 1]. Two seeds of different taste thus get tracks near to one or near to both, never those that lie near
    to the middle between them and to neither.

    Args:
        score: Relevance of each candidate to each seed ``(n_seeds, n_candidates)``; NaN where it is not among the
            seed's candidates.

    Returns:
        ``(n_candidates,)``; 0 where no seed knows a candidate. Ties within a seed go by position.
    """
    import numpy as np

    n_seeds, n = score.shape
    order = np.argsort(-score, axis=1, kind="stable")  # NaN comes last
    rank = np.empty((n_seeds, n))
    np.put_along_axis(rank, order, np.broadcast_to(np.arange(1, n + 1), (n_seeds, n)), axis=1)
    votes = np.where(np.isnan(score), 0.0, 1 / (_FLAT + rank))
    total: np.ndarray = votes.sum(axis=0) * (_FLAT + 1) / n_seeds
    return total
