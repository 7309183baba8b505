"""The cheapest engine that reaches a recall, chosen from a sample of the tracks it will search.

Recall is measured on sampled queries against the exact search of all tracks: a neighbour is right when its distance is
at most the exact k-th distance times 1 + 1e-9. Parameters grow until the lower bound of the 95 % interval of the mean
recall reaches the target. What is compared between engines is not seconds, which would make the choice depend on the
machine's mood, but a model of them: pairs compared, times what a pair costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from typing import TYPE_CHECKING

from spark_app.similarity.costs import lists_for
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
_USUAL = 32  # probes or breadth: what most groups need, more or less


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
        compared: Rows compared with a query, on the mean.
        fallback: Share of the sample for which the engine found too few, so that the exact search answered.
    """

    engine: str
    parameters: Parameters
    searcher: Searcher
    recall: float = 1.0
    low: float = 1.0
    high: float = 1.0
    n_sample: int = 0
    compared: float = 0.0
    fallback: float = 0.0


def choose(tracks: Tracks, goal: Goal) -> Choice:
    """The engine for these tracks: the one asked for, with parameters that reach the recall, or the cheapest.

    An engine that cannot reach the recall with its largest parameters gives way to the exact search.
    """
    n = len(tracks.members.distinct)
    exact = Choice(EXACT, {}, built(EXACT, tracks.space.rows, {}, seed=goal.seed), compared=n)
    if goal.engine == EXACT or n <= max(goal.exact_rows if goal.engine == AUTO else 0, goal.k + 1):
        return exact
    truth = _Truth.of(tracks, goal)
    if goal.engine != AUTO:
        return _tuned(tracks, goal, truth, goal.engine) or exact
    costs = tracks.kind.costs(tracks.space, cores=goal.threads)

    def cost(choice: Choice) -> float:
        return costs.of(choice.engine, choice.parameters, choice.compared, choice.fallback)

    best = exact
    for engine in tracks.kind.automatic:
        if costs.least(engine) < cost(best):
            found = _tuned(tracks, goal, truth, engine)
            best = min([best, found], key=cost) if found else best
    return best


@dataclass(frozen=True)
class _Truth:
    """Sampled distinct rows, those of their nearest tracks, and the distance of the last.

    Attributes:
        sought: Positions of the sampled rows.
        near: Rows of their k + 1 nearest tracks, themselves among them.
        counts: Which of these hashing has to find: not the row itself, nor rows that have nothing in common with it.
        kth: Distance of the last.
    """

    sought: np.ndarray
    near: np.ndarray
    counts: np.ndarray
    kth: np.ndarray

    @property
    def scale(self) -> float:
        """The median of the last distances above 0; 1 where there are none."""
        import numpy as np

        above = self.kth[self.kth > 0]
        return float(np.median(above)) if len(above) else 1.0

    @classmethod
    def of(cls, tracks: Tracks, goal: Goal) -> _Truth:
        import numpy as np

        members = tracks.members
        most = min(goal.sample, len(members.distinct))
        sought = np.sort(np.random.default_rng(goal.seed).choice(len(members.distinct), most, replace=False))
        found, distance = exact_pools(members, tracks.space, members.distinct[sought], keep=goal.k + 1)
        near = members.which[found]
        counts = (near != sought[:, None]) & (distance < tracks.space.farthest)
        return cls(sought, near, counts, distance[:, -1])


def trials(tracks: Tracks, goal: Goal) -> Iterator[Choice]:
    """The engine that is asked for with each of its parameters in turn, from the cheapest on, and what they reach.

    Args:
        tracks: More than ``goal.k + 1`` distinct ones.
        goal: Its engine is neither ``auto`` nor ``exact``; hash tables begin with those that its recall calls for.
    """
    return _trials(tracks, goal, _Truth.of(tracks, goal), goal.engine)


def _trials(tracks: Tracks, goal: Goal, truth: _Truth, engine: str) -> Iterator[Choice]:
    if engine != LSH:
        dial = _Dial.of(tracks, goal, truth, engine)
        yield from (dial.at(effort) for effort in dial.efforts)
        return
    rows = tracks.space.rows
    sample = truth.sought, truth.near, truth.counts
    family = tracks.kind.hashing()
    for parameters in table_choices(family, rows, *sample, target=goal.recall, scale=truth.scale, seed=goal.seed):
        searcher = built(LSH, rows, parameters, seed=goal.seed)
        yield _measured(tracks, goal, truth, Choice(LSH, parameters, searcher))


def _tuned(tracks: Tracks, goal: Goal, truth: _Truth, engine: str) -> Choice | None:
    if engine != LSH:
        return _Dial.of(tracks, goal, truth, engine).least(goal.recall)
    return next((found for found in _trials(tracks, goal, truth, engine) if found.low >= goal.recall), None)


@dataclass(frozen=True)
class _Dial:
    """An engine that is built once and searches with more or less effort.

    Attributes:
        measured: What the engine reaches with parameters.
        engine: Its name.
        searcher: The engine; an attribute of the effort's name sets it.
        parameters: All but the effort.
        name: Of the effort.
        efforts: Ascending.
    """

    measured: Callable[[Choice], Choice]
    engine: str
    searcher: Searcher
    parameters: Parameters
    name: str
    efforts: Sequence[int]

    @classmethod
    def of(cls, tracks: Tracks, goal: Goal, truth: _Truth, engine: str) -> _Dial:
        def measured(choice: Choice) -> Choice:
            return _measured(tracks, goal, truth, choice)

        lists = lists_for(len(tracks.members.distinct))
        kinds: dict[str, tuple[Parameters, str, Sequence[int]]] = {
            IVF: ({"lists": lists}, "probes", [probes for probes in _PROBES if probes <= lists]),
            GRAPH: ({}, "breadth", _BREADTHS),
        }
        fixed, name, efforts = kinds[engine]
        asked = {**fixed, name: efforts[0]}
        searcher = built(engine, tracks.space.rows, asked, seed=goal.seed, threads=goal.threads)
        return cls(measured, engine, searcher, fixed, name, efforts)

    def at(self, effort: int) -> Choice:
        """What it reaches with an effort."""
        setattr(self.searcher, self.name, effort)
        return self.measured(Choice(self.engine, {**self.parameters, self.name: effort}, self.searcher))

    def least(self, recall: float) -> Choice | None:
        """The least effort whose lower bound reaches the recall, within a twentieth; None where none does.

        Most need about the same: the walk over the steps begins there, and the last gap is halved.
        """
        start = min(range(len(self.efforts)), key=lambda step: abs(self.efforts[step] - _USUAL))
        found = self.at(self.efforts[start])
        if found.low < recall:
            steps = ((below, self.at(effort)) for below, effort in pairwise(self.efforts[start:]))
            return next((self._refined(recall, below, one) for below, one in steps if one.low >= recall), None)
        for effort in reversed(self.efforts[:start]):
            tried = self.at(effort)
            if tried.low < recall:
                return self._refined(recall, effort, found)
            found = tried
        return found

    def _refined(self, recall: float, failed: int, found: Choice) -> Choice:
        reached = int(found.parameters[self.name])
        while reached - failed > max(1, reached // 20):
            middle = (failed + reached) // 2
            tried = self.at(middle)
            if tried.low >= recall:
                found, reached = tried, middle
            else:
                failed = middle
        setattr(self.searcher, self.name, reached)
        return found


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
        fallback=shard.fallbacks / len(share),
    )


def right_up_to(kth: np.ndarray) -> np.ndarray:
    """The largest distance that counts as the k-th; inner products make negative ones."""
    import numpy as np

    limit: np.ndarray = kth + np.abs(kth) * (TOLERANCE - 1)
    return limit
