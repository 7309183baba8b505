"""What ranks the tracks of a group for its queries: engines over vectors, popularity, and lists made elsewhere.

A further engine is one line in ``ENGINES``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spark_app.similarity.engines import EXACT, GRAPH, IVF, LSH
from spark_app.similarity.exact import blocks, nearest
from spark_app.similarity.shard import Shard, Tracks
from spark_app.similarity.tuning import Goal, choose

if TYPE_CHECKING:
    import numpy as np

RECALL = 0.99
_DEEPER = 4  # how much farther a list goes on where too much of it is left out


@dataclass(frozen=True)
class Ranker:
    """Ranks the tracks of a group for queries.

    Attributes:
        first: Of queries ``(n_queries,)`` and a number, the positions of so many tracks or fewer, best first:
            ``(n_queries, n)``, -1 where there are no more. Never the query itself. The order of equally near tracks
            is that of their positions, which is that of their ids.
        deepest: The longest list that there is.
        gave_way: True once a list has come from the exact search instead of the engine that was asked for.
    """

    first: Callable[[np.ndarray, int], np.ndarray]
    deepest: int
    gave_way: Callable[[], bool] = lambda: False


# From finite float64 vectors ``(n, n_features)`` in the order of the ids, one of ``distances.METRICS``, and a seed.
Engine = Callable[["np.ndarray", str, int], Ranker]


def _exact(vectors: np.ndarray, metric: str, seed: int) -> Ranker:
    def first(queries: np.ndarray, k: int) -> np.ndarray:
        return nearest(vectors, k=k, queries=queries, metric=metric)[0]

    return Ranker(first, len(vectors) - 1)


def _at_a_recall(engine: str) -> Engine:
    """An engine of ``similarity/engines.py``, tuned on the group to a recall of 0.99, whatever its size."""

    def ranker(vectors: np.ndarray, metric: str, seed: int) -> Ranker:
        tuned = _Tuned(engine, Tracks.of(vectors, metric), seed)
        return Ranker(tuned.first, len(vectors) - 1, lambda: tuned.gave_way)

    return ranker


class _Tuned:
    """An engine that is tuned and built once for each length of lists."""

    def __init__(self, engine: str, tracks: Tracks, seed: int) -> None:
        self.engine, self.tracks, self.seed = engine, tracks, seed
        self.gave_way = False
        self._built: tuple[int, Shard] | None = None  # lists only grow longer: the one before is not asked again

    def first(self, queries: np.ndarray, k: int) -> np.ndarray:
        if self._built is None or self._built[0] != k:
            self._built = k, self._shard(k)
        return self._built[1].neighbours(queries, k)[0]

    def _shard(self, k: int) -> Shard:
        choice = choose(self.tracks, Goal(k=k, recall=RECALL, engine=self.engine, seed=self.seed))
        # Lists of nearly all vectors there are leave an engine nothing to save.
        has_choice = len(self.tracks.members.distinct) > k + 1
        self.gave_way |= has_choice and choice.engine != self.engine
        return Shard(self.tracks, choice.engine, choice.searcher)


ENGINES: dict[str, Engine] = {EXACT: _exact, **{name: _at_a_recall(name) for name in (IVF, GRAPH, LSH)}}


def by_distance(engine: str, metric: str, vectors: np.ndarray, *, seed: int) -> Ranker:
    """By distance between vectors ``(n, n_features)``; the seed is that of sampled queries and of the engine."""
    return ENGINES[engine](vectors, metric, seed)


def by_popularity(popularity: np.ndarray) -> Ranker:
    """The most popular tracks of the group for every query, ties by position; NaN comes last."""
    import numpy as np

    order = np.argsort(-popularity, kind="stable")

    def first(queries: np.ndarray, k: int) -> np.ndarray:
        # One more than asked for: either the query is among them, or the last one goes.
        top = np.broadcast_to(order[: k + 1], (len(queries), k + 1))
        is_self = top == queries[:, None]
        is_self[:, k] |= ~is_self.any(axis=1)
        return top[~is_self].reshape(len(queries), k)

    return Ranker(first, len(popularity) - 1)


def by_lists(positions: np.ndarray) -> Ranker:
    """Lists made elsewhere: positions ``(n, width)``, -1 where a list has ended."""
    return Ranker(lambda queries, k: positions[queries, :k], positions.shape[1])


def ranked(
    ranker: Ranker, queries: np.ndarray, *, k: int, is_left_out: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Lists in which k tracks remain once some are left out, or the longest there are.

    Few queries need more than the first search; searching deeper for all of them would cost more. The longer the
    lists, the fewer queries are asked at a time, so that memory does not grow with them.

    Args:
        ranker: Whose lists.
        queries: Positions ``(n_queries,)``.
        k: Tracks that have to remain.
        is_left_out: Of queries ``(n, 1)`` and tracks ``(n, width)``, which are left out.

    Yields:
        Places in ``queries`` and their lists ``(n, width)``, -1 where a list has ended; each place once.
    """
    import numpy as np

    places, depth = np.arange(len(queries)), k + k // 2
    while len(places):
        depth = min(depth, ranker.deepest)
        unfinished = []
        for block in blocks(len(places), depth):
            asked = queries[places[block]]
            found = ranker.first(asked, depth) if depth else np.empty((len(asked), 0), dtype=np.int64)
            kept = ((found >= 0) & ~is_left_out(asked[:, None], found)).sum(axis=1)
            is_done = (kept >= k) | (depth == ranker.deepest)
            yield places[block][is_done], found[is_done]
            unfinished.append(places[block][~is_done])
        places, depth = np.concatenate(unfinished), depth * _DEEPER
