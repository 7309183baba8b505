"""What ranks the tracks of a group for its queries: engines over vectors, popularity, and lists made elsewhere.

A further engine is one line in ``ENGINES``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from spark_app.similarity.engines import EXACT, GRAPH, IVF, LSH
from spark_app.similarity.exact import nearest
from spark_app.similarity.shard import Shard, Tracks
from spark_app.similarity.tuning import Goal, choose

if TYPE_CHECKING:
    import numpy as np

_RECALL = 0.99
_DEEPER = 4  # how much farther a list goes on where too much of it is left out


class Engine(Protocol):
    """Searches a group. The order of equally near tracks is that of their positions, which is that of their ids."""

    def __call__(
        self, vectors: np.ndarray, *, k: int, queries: np.ndarray, metric: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """Positions and distances of the nearest tracks, never the query itself.

        Args:
            vectors: Finite float64 of shape (n, n_features), in the order of the ids.
            k: Tracks to find for each query, at most n - 1.
            queries: Positions.
            metric: One of ``distances.METRICS``.

        Returns:
            Two arrays of shape (n_queries, k); position -1 where an engine found fewer.
        """
        ...


def exact(vectors: np.ndarray, *, k: int, queries: np.ndarray, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """The nearest tracks."""
    return nearest(vectors, k=k, queries=queries, metric=metric)


def _at_a_recall(engine: str) -> Engine:
    """An engine of ``similarity/engines.py``, tuned on the group to a recall of 0.99, whatever its size."""

    def search(vectors: np.ndarray, *, k: int, queries: np.ndarray, metric: str) -> tuple[np.ndarray, np.ndarray]:
        tracks = Tracks.of(vectors, metric)
        choice = choose(tracks, Goal(k=k, recall=_RECALL, engine=engine))
        return Shard(tracks, choice.engine, choice.searcher).neighbours(queries, k)

    return search


ENGINES: dict[str, Engine] = {EXACT: exact, **{name: _at_a_recall(name) for name in (IVF, GRAPH, LSH)}}


@dataclass(frozen=True)
class Ranker:
    """Ranks the tracks of a group for queries.

    Attributes:
        first: Of queries ``(n_queries,)`` and a number, the positions of so many tracks or fewer, best first:
            ``(n_queries, n)``, -1 where there are no more. Never the query itself.
        deepest: The longest list that there is.
    """

    first: Callable[[np.ndarray, int], np.ndarray]
    deepest: int


def by_distance(engine: str, metric: str, vectors: np.ndarray) -> Ranker:
    """By distance between vectors ``(n, n_features)``."""
    search = ENGINES[engine]
    return Ranker(lambda queries, k: search(vectors, k=k, queries=queries, metric=metric)[0], len(vectors) - 1)


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

    Few queries need more than the first search; searching deeper for all of them would cost more.

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
        asked = queries[places]
        found = ranker.first(asked, depth) if depth else np.empty((len(asked), 0), dtype=np.int64)
        kept = ((found >= 0) & ~is_left_out(asked[:, None], found)).sum(axis=1)
        is_done = (kept >= k) | (depth == ranker.deepest)
        yield places[is_done], found[is_done]
        places, depth = places[~is_done], depth * _DEEPER
