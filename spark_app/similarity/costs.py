"""What it costs to build an engine over the rows of a group and to search all of them with it.

Seconds would make the choice of an engine depend on the machine's mood. Instead: what an engine compares, times what
that costs, in nanoseconds on one core.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log2, sqrt
from typing import Protocol

from spark_app.similarity.engines import EXACT, GRAPH, IVF, LSH, Parameters

# Nanoseconds a pair of vectors, a + b * dimensions, measured with 12 and 50 of them: of the flat search, of a product
# alone as in training, of a query with the centre of a list, and of a query with what is in a list.
_FLAT, _PRODUCT, _CENTRE, _SCAN = (3.5, 0.0), (0.05, 0.027), (10.0, 0.07), (5.5, 0.11)
# A node of a graph is fetched from anywhere in memory: for every doubling of the rows beyond what a cache holds.
_FETCH, _CACHED = 13.0, 4_000
_BUILD_COMPARED = 1_000  # vectors that a node of the graph is compared with when it is added

# Of sets: a cell of a block of distances, and an element shared by two sets in a sparse product; a pair that meets in a
# bucket, and each element of it; an element hashed once, and a set looked up in one table.
_CELL, _SHARED = 32.0, 10.0
_PAIR, _ELEMENT = 450.0, 10.0
_HASHED, _LOOKUP = 4.0, 600.0


class Costs(Protocol):
    """Nanoseconds by engine."""

    def least(self, engine: str) -> float:
        """What an engine costs before it has looked into a single list, node or bucket."""
        ...

    def of(self, engine: str, parameters: Parameters, compared: float, fallback: float) -> float:
        """What an engine costs.

        Args:
            engine: Its name.
            parameters: Of the engine.
            compared: Rows compared with a query, on the mean, those of the exact search among them.
            fallback: Share of the queries that the exact search answered for the engine.
        """
        ...


@dataclass(frozen=True)
class VectorCosts:
    """Of ``n`` vectors of ``width`` dimensions; for ``exact``, ``ivf`` and ``graph``.

    Attributes:
        n: Vectors.
        width: Their dimensions.
        cores: Of the task that builds: all but one wait while a graph is built, which one thread does.
    """

    n: int
    width: int
    cores: int = 1

    def least(self, engine: str) -> float:
        """See ``Costs``."""
        if engine == IVF:
            lists = lists_for(self.n)
            trained = min(self.n, 40 * lists) * lists * 8
            products = (trained + self.n * lists) * self._pair(_PRODUCT)
            return products + self.n * lists * self._pair(_CENTRE)
        return self.n * _BUILD_COMPARED * self._fetch() * self.cores if engine == GRAPH else 0.0

    def of(self, engine: str, parameters: Parameters, compared: float, fallback: float) -> float:
        """See ``Costs``; queries that fall back, which are few, count like others."""
        if engine == EXACT:
            return self.n * self.n * self._pair(_FLAT)
        if engine == IVF:
            scanned = max(compared - parameters["lists"], 0.0)
            return self.least(IVF) + self.n * scanned * self._pair(_SCAN)
        return self.least(GRAPH) + self.n * compared * self._fetch()

    def _pair(self, cost: tuple[float, float]) -> float:
        return cost[0] + cost[1] * self.width

    def _fetch(self) -> float:
        return _FETCH * max(1.0, log2(self.n / _CACHED))


@dataclass(frozen=True)
class SetCosts:
    """Of ``n`` sets of ``n_elements`` elements together, all pairs of which share ``n_shared``; for ``exact`` and
    ``lsh``.
    """

    n: int
    n_elements: int
    n_shared: float

    def least(self, engine: str) -> float:
        """See ``Costs``."""
        return self._hashing({"tables": 2, "hashes": 1}) if engine == LSH else 0.0

    def of(self, engine: str, parameters: Parameters, compared: float, fallback: float) -> float:
        """See ``Costs``."""
        exact = self.n * self.n * _CELL + self.n_shared * _SHARED
        if engine == EXACT:
            return exact
        met = max(compared - fallback * self.n, 0.0)
        of_pair = _PAIR + _ELEMENT * 2 * self.n_elements / self.n
        return self._hashing(parameters) + self.n * met * of_pair + fallback * exact

    def _hashing(self, parameters: Parameters) -> float:
        """Of building, and of asking with every set."""
        hashed = self.n_elements * parameters["hashes"] * _HASHED
        return 2 * parameters["tables"] * (hashed + self.n * _LOOKUP)


def lists_for(n: int) -> int:
    """Lists of an inverted file: the power of two next to four times the square root of the rows.

    >>> lists_for(1_000_000), lists_for(30_000)
    (4096, 512)
    """
    return int(2 ** round(log2(4 * sqrt(n)))) if n > 16 else 1
