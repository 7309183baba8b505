"""The cheapest engine that reaches a recall, chosen from a sample of the tracks it will search.

Recall is measured on sampled queries against the exact search of all tracks: a neighbour is right when its distance is
at most the exact k-th distance times 1 + 1e-9. Parameters grow until the lower bound of the 95 % interval of the mean
recall reaches the target. What is compared between engines is not seconds, which would make the choice depend on the
machine's mood, but a model of them: pairs compared, times what a pair costs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

from spark_app.similarity.engines import AUTO, EXACT, GRAPH, IVF, LSH, Parameters, Searcher, built
from spark_app.similarity.exact import exact_pools
from spark_app.similarity.hash_tuning import table_choices
from spark_app.similarity.shard import Shard, Tracks

if TYPE_CHECKING:
    import numpy as np

TOLERANCE = 1 + 1e-9
_Z95 = 1.96
_PROBES = (1, 2, 3, 4, 6, 8, 11, 16, 22, 32, 45, 64, 90, 128, 181, 256, 512, 1024)
_BREADTHS = (16, 24, 32, 48, 64, 96, 128, 192, 256, 512)


@dataclass(frozen=True)
class Goal:
    """What is asked of an engine.

    Attributes:
        k: Neighbours.
        recall: Mean share of the exact neighbours to be found, (0, 1].
        engine: One of ``engines.ENGINES``.
        sample: Queries that recall is measured on.
        exact_rows: Groups (of large ones, shards) of at most so many distinct vectors are searched exactly by ``auto``.
        seed: Of the sample and of the engines.
        threads: Cores that building may use.
    """

    k: int
    recall: float
    engine: str = AUTO
    sample: int = 1_000
    exact_rows: int = 20_000
    seed: int = 42
    threads: int = 1


@dataclass(frozen=True)
class Choice:
    """An engine, built, and what it reached on the sample.

    Attributes:
        engine: One of ``engines.ENGINES`` but ``auto``.
        parameters: Of the engine.
        searcher: The engine over the tracks.
        recall, low, high: Mean recall and its 95 % interval; 1 for the exact search, which is not measured.
        n_sample: Queries it was measured on; 0 for the exact search.
        compared: Vectors compared with a query, on the mean.
    """

    engine: str
    parameters: Parameters
    searcher: Searcher
    recall: float = 1.0
    low: float = 1.0
    high: float = 1.0
    n_sample: int = 0
    compared: float = 0.0


def choose(tracks: Tracks, goal: Goal) -> Choice:
    """The engine for these tracks: the one asked for, with parameters that reach the recall, or the cheapest.

    An engine that cannot reach the recall with its largest parameters gives way to the exact search.
    """
    n = len(tracks.members.distinct)
    exact = Choice(EXACT, {}, built(EXACT, tracks.space.rows[:1], {}, seed=goal.seed), compared=n)
    if goal.engine == EXACT or n <= max(goal.exact_rows if goal.engine == AUTO else 0, goal.k + 1):
        return exact
    truth = _Truth.of(tracks, goal)
    if goal.engine != AUTO:
        return _tuned(tracks, goal, truth, goal.engine) or exact
    best = exact
    for engine in (IVF, GRAPH):
        if _cheapest(engine, tracks) < _cost(best, tracks):
            found = _tuned(tracks, goal, truth, engine)
            best = min([best, found], key=lambda one: _cost(one, tracks)) if found else best
    return best


@dataclass(frozen=True)
class _Truth:
    """Sampled distinct vectors, those of their nearest tracks (themselves among them), and the distance of the last."""

    sought: np.ndarray
    near: np.ndarray
    kth: np.ndarray

    @classmethod
    def of(cls, tracks: Tracks, goal: Goal) -> _Truth:
        import numpy as np

        members = tracks.members
        most = min(goal.sample, len(members.distinct))
        sought = np.sort(np.random.default_rng(goal.seed).choice(len(members.distinct), most, replace=False))
        found, distance = exact_pools(members, tracks.space, members.distinct[sought], keep=goal.k + 1)
        return cls(sought, members.which[found], distance[:, -1])


def _tuned(tracks: Tracks, goal: Goal, truth: _Truth, engine: str) -> Choice | None:
    for parameters, searcher in _ladder(tracks, goal, truth, engine):
        found = _measured(tracks, goal, truth, Choice(engine, parameters, searcher))
        if found.low >= goal.recall:
            return found
    return None


def _ladder(tracks: Tracks, goal: Goal, truth: _Truth, engine: str) -> Iterator[tuple[Parameters, Searcher]]:
    """Parameters from the cheapest to the dearest, with the engine that has them."""
    rows, n = tracks.space.rows, len(tracks.space.rows)
    if engine == LSH:
        for choice in table_choices(rows, truth.sought, truth.near, target=goal.recall, seed=goal.seed):
            yield choice, built(LSH, rows, choice, seed=goal.seed)
    elif engine == IVF:
        lists = lists_for(n)
        searcher = built(IVF, rows, {"lists": lists, "probes": 1}, seed=goal.seed, threads=goal.threads)
        for probes in [probes for probes in _PROBES if probes <= lists]:
            searcher.probes = probes  # type: ignore[attr-defined]
            yield {"lists": lists, "probes": probes}, searcher
    elif engine == GRAPH:
        searcher = built(GRAPH, rows, {"breadth": 1}, seed=goal.seed, threads=goal.threads)
        for breadth in _BREADTHS:
            searcher.breadth = breadth  # type: ignore[attr-defined]
            yield {"breadth": breadth}, searcher


def lists_for(n: int) -> int:
    """Lists of an inverted file: the power of two next to four times the square root of the rows.

    >>> lists_for(1_000_000), lists_for(30_000)
    (4096, 512)
    """
    from math import log2

    return int(2 ** round(log2(4 * sqrt(n)))) if n > 16 else 1


def _measured(tracks: Tracks, goal: Goal, truth: _Truth, choice: Choice) -> Choice:
    import numpy as np

    shard = Shard(tracks, choice.engine, choice.searcher)
    _, distance = shard.nearest(tracks.members.distinct[truth.sought], goal.k + 1)
    # Of k + 1 tracks one stands for the query itself, at the distance of its own vector.
    right = (distance <= right_up_to(truth.kth)[:, None]).sum(axis=1) - 1
    share = np.clip(right, 0, goal.k) / goal.k
    half = _Z95 * float(share.std()) / sqrt(len(share))
    mean = float(share.mean())
    return Choice(
        choice.engine,
        choice.parameters,
        choice.searcher,
        recall=mean,
        low=mean - half,
        high=min(mean + half, 1.0),
        n_sample=len(share),
        compared=shard.compared / len(share),
    )


def right_up_to(kth: np.ndarray) -> np.ndarray:
    """The largest distance that counts as the k-th; inner products make negative ones."""
    import numpy as np

    limit: np.ndarray = kth + np.abs(kth) * (TOLERANCE - 1)
    return limit


# Nanoseconds a pair, a + b * dimensions, on one core: of matrix products (flat search, centres of lists), of lists read
# one after the other, and of nodes of a graph fetched from anywhere in memory.
_PRODUCT, _SCAN, _FETCH = (0.35, 0.02), (0.9, 0.1), (12.0, 0.3)
_BUILD_COMPARED = 900  # vectors that a node of the graph is compared with when it is added


def _cost(choice: Choice, tracks: Tracks) -> float:
    """Nanoseconds of building the engine and searching all tracks with it."""
    n, width = tracks.space.rows.shape
    if choice.engine == EXACT:
        return n * n * _pair(_PRODUCT, width)
    if choice.engine == IVF:
        lists = choice.parameters["lists"]
        scanned = max(choice.compared - lists, 0.0)
        return _cheapest(IVF, tracks) + n * scanned * _pair(_SCAN, width)
    return _cheapest(GRAPH, tracks) + n * choice.compared * _pair(_FETCH, width)


def _cheapest(engine: str, tracks: Tracks) -> float:
    """What an engine costs before it has looked into a single list or node."""
    n, width = tracks.space.rows.shape
    if engine == IVF:
        lists = lists_for(n)
        trained = min(n, 40 * lists) * lists * 8
        return (trained + 2.0 * n * lists) * _pair(_PRODUCT, width)
    return n * _BUILD_COMPARED * _pair(_FETCH, width)


def _pair(cost: tuple[float, float], width: int) -> float:
    return cost[0] + cost[1] * width
