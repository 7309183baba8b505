"""Choosing lists out of scored candidates: relevance against repetition, few of an artist, one of a recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


# A shared cluster outweighs the difference between distances 1.0 and 1.1, no more.
SAME_CLUSTER_BONUS = 0.05


@dataclass(frozen=True)
class Choice:
    """What a list has to be.

    Attributes:
        k: Its length; shorter where candidates run out.
        per_artist: Tracks of one artist at most.
        relevance: Weight of relevance beside variety, in (0, 1]; 1 orders by relevance alone.
    """

    k: int
    per_artist: int
    relevance: float


@dataclass(frozen=True)
class Pools:
    """Candidates of several seeds side by side, in the order that decides ties.

    Attributes:
        score: Relevance of each candidate ``(n_seeds, width)``, in [0, 1.05]; NaN where a seed has no more.
        artist: Equal numbers within a row are one artist ``(n_seeds, width)``.
        recording: Equal numbers within a row are near-twins ``(n_seeds, width)``.
        vectors: z-scores ``(n_seeds, width, n_features)``, finite wherever there is a score.
    """

    score: np.ndarray
    artist: np.ndarray
    recording: np.ndarray
    vectors: np.ndarray


def scores(seed: np.ndarray, other: np.ndarray, same_cluster: np.ndarray) -> np.ndarray:
    """Relevance: 1 / (1 + Euclidean distance of the z-scores), and 0.05 more in the same cluster: (0, 1.05].

    Args:
        seed: z-scores ``(..., n_features)``.
        other: Likewise; shapes broadcast.
        same_cluster: Booleans ``(...)``.
    """
    import numpy as np

    found: np.ndarray = 1 / (1 + distance(seed, other)) + np.where(same_cluster, SAME_CLUSTER_BONUS, 0.0)
    return found


def chosen(pools: Pools, choice: Choice) -> np.ndarray:
    """The list of each seed by maximal marginal relevance (Carbonell & Goldstein 1998).

    Each next track is the one with the largest ``w score - (1 - w) likeness``: ``w`` is ``choice.relevance``, likeness
    is 1 / (1 + distance) to the nearest track that is chosen already, 0 for the first. Of near-twins only one is
    chosen, of an artist no more than ``per_artist``. A shorter list is the beginning of a longer one.

    Returns:
        Positions in the pools ``(n_seeds, k)``, -1 where a list has ended. Of equals, the first position.
    """
    import numpy as np

    n, width = pools.score.shape
    rows = np.arange(n)
    free, likeness = ~np.isnan(pools.score), np.zeros((n, width))
    used = np.zeros((n, width), dtype=np.int64)
    picked = np.full((n, choice.k), -1, dtype=np.int64)
    for place in range(min(choice.k, width)):
        value = choice.relevance * pools.score - (1 - choice.relevance) * likeness
        best = np.where(free, value, -np.inf).argmax(axis=1)
        goes_on = free[rows, best]
        picked[goes_on, place] = best[goes_on]
        used += _same(pools.artist, best)
        free &= goes_on[:, None] & ~_same(pools.recording, best) & (used < choice.per_artist)
        if choice.relevance < 1:
            far = distance(pools.vectors, pools.vectors[rows, best][:, None])
            likeness = np.maximum(likeness, 1 / (1 + far))
    return picked


def distance(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Euclidean, over the last axis; the others broadcast."""
    import numpy as np

    far: np.ndarray = np.sqrt(((one - other) ** 2).sum(axis=-1))
    return far


def _same(codes: np.ndarray, at: np.ndarray) -> np.ndarray:
    import numpy as np

    same: np.ndarray = codes == np.take_along_axis(codes, at[:, None], axis=1)
    return same
