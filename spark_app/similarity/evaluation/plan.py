"""What an evaluation compares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from spark_app.errors import UsageError
from spark_app.similarity.distances import EUCLIDEAN, METRICS
from spark_app.similarity.evaluation.protocols import Protocol
from spark_app.similarity.evaluation.queries import SCALINGS
from spark_app.similarity.evaluation.searchers import ENGINES
from spark_app.similarity.evaluation.spark_lsh import LSH_METRICS, SPARK_LSH
from spark_app.similarity.ranking_metrics import METRICS as RANKING_METRICS

RANDOM, POPULARITY_ENGINE = "random", "popularity"
BASELINES = (RANDOM, POPULARITY_ENGINE)  # they know no scaling
FEWEST_ARTISTS = 5  # with queries; draws of fewer are too much alike for an interval


@dataclass(frozen=True)
class Ranking:
    """One list per query.

    Attributes:
        scaling: Of the vectors.
        metric: Of their distances.
        engine: What searches.
    """

    scaling: str
    metric: str
    engine: str

    @property
    def label(self) -> str:
        """Scaling and metric as the results name them: ``z`` for Euclidean distances, else such as ``z/cosine``."""
        return self.scaling if self.metric == EUCLIDEAN else f"{self.scaling}/{self.metric}"

    @property
    def list_column(self) -> str:
        """Column of the members that holds lists made elsewhere."""
        return f"list__{self.scaling}__{self.metric}__{self.engine}"


@dataclass(frozen=True)
class Plan:
    """What is compared, on which queries.

    Attributes:
        rankings: By vectors; the baselines ``random`` and ``popularity`` always stand beside them.
        protocols: Meanings of relevant.
        ks: Where lists are cut.
        resamples: Of the bootstrap.
        seed: Of the bootstrap, and of engines that draw.
    """

    rankings: tuple[Ranking, ...]
    protocols: tuple[Protocol, ...]
    ks: tuple[int, ...]
    resamples: int
    seed: int

    @property
    def columns(self) -> list[tuple[str, int]]:
        """Name and K of each metric, in the order in which they are summed up."""
        return [(f"{name}@{k}", k) for k in self.ks for name in RANKING_METRICS]

    @property
    def scalings(self) -> tuple[str, ...]:
        """Every scaling once, in order."""
        return tuple(dict.fromkeys(ranking.scaling for ranking in self.rankings))


def rankings_of(*, scalings: Sequence[str], metrics: Sequence[str], engines: Sequence[str]) -> tuple[Ranking, ...]:
    """Every scaling with every metric and engine that knows it, each once.

    Raises:
        UsageError: A name that is not known, or nothing to compare.
    """
    known = {"scaling": SCALINGS, "metric": METRICS, "engine": (*ENGINES, SPARK_LSH)}
    for what, names in {"scaling": scalings, "metric": metrics, "engine": engines}.items():
        if unknown := [name for name in names if name not in known[what]]:
            raise UsageError(
                f"setting similar.eval.{what}s: there is no {what} {unknown[0]}", f"Names: {', '.join(known[what])}."
            )
    asked = dict.fromkeys(Ranking(*names) for names in product(scalings, metrics, engines))
    possible = tuple(one for one in asked if one.engine in ENGINES or one.metric in LSH_METRICS)
    if not possible:
        raise UsageError(f"similar.eval: {', '.join(engines)} cannot search by {', '.join(metrics)}")
    return possible
