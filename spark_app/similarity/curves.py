"""What recall costs: each engine on one group, from a few compared pairs to nearly all neighbours found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spark_app.similarity.distances import EUCLIDEAN
from spark_app.similarity.engines import LSH
from spark_app.similarity.shard import Tracks
from spark_app.similarity.tuning import Choice, Goal, trials

if TYPE_CHECKING:
    import numpy as np

_TARGETS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.99)  # of hash tables, which are dimensioned for a recall
_ENOUGH = 0.999


def recall_curve(
    vectors: np.ndarray, engine: str, *, k: int = 10, metric: str = EUCLIDEAN, seed: int = 42
) -> list[dict[str, Any]]:
    """Points of growing recall, for ``report.neighbours.recall_figure``.

    Args:
        vectors: Of one group ``(n, n_features)``, n above k + 1, without NaN.
        engine: ``ivf``, ``graph`` or ``lsh``.
        k: Neighbours.
        metric: One of ``distances.METRICS``.
        seed: Of the sampled queries and of the engine.

    Returns:
        ``parameters, compared_share, recall, low, high``: the share of the group's distinct vectors that a query is
        compared with, the mean recall of 1,000 sampled queries, and its 95 % interval.
    """
    tracks = Tracks.of(vectors, metric)
    goal = Goal(k=k, recall=_ENOUGH, engine=engine, seed=seed)
    return [
        {
            "parameters": dict(one.parameters),
            "compared_share": one.compared / len(tracks.members.distinct),
            "recall": one.recall,
            "low": one.low,
            "high": one.high,
        }
        for one in _steps(tracks, goal)
    ]


def _steps(tracks: Tracks, goal: Goal) -> Iterator[Choice]:
    if goal.engine == LSH:
        for target in _TARGETS:
            yield next(trials(tracks, replace(goal, recall=target)))
        return
    for found in trials(tracks, goal):
        yield found
        if found.recall >= _ENOUGH:
            return
