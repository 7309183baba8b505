"""How many hash tables of how many bits find a share of the neighbours, told from a sample before any is searched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from spark_app.similarity.hash_tables import HashTables, projections

if TYPE_CHECKING:
    import numpy as np

    from spark_app.similarity.engines import Parameters
    from spark_app.similarity.shard import Tracks

_BITS = (4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14)
_TABLES = (2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
_OTHERS = 2_000  # rows that a query's share of compared pairs is estimated from
_QUERIES = 256


def table_choices(
    rows: np.ndarray, sought: np.ndarray, kth: np.ndarray, tracks: Tracks, *, target: float, seed: int
) -> Iterator[Parameters]:
    """Numbers of tables and bits that should find ``target`` of the neighbours, the fewest compared pairs first.

    For each number of bits the fewest tables that reach the target on the sample; then, should a full measurement find
    less, the next larger number of tables of the same.

    Args:
        rows: Of the search space, of shape (n, n_dimensions).
        sought: Sampled rows.
        kth: Exact distance of the k-th neighbour of each.
        tracks: Of which ``rows`` are the space.
        target: Recall, (0, 1].
        seed: Of the projections.
    """
    import numpy as np

    queries, kth = sought[:_QUERIES], kth[:_QUERIES]
    near = _neighbours(tracks, queries, kth)
    others = np.random.default_rng(seed).integers(0, len(rows), _OTHERS)
    found = []
    for bits in _BITS:
        directions, thresholds = projections(rows, tables=_TABLES[-1], bits=bits, seed=seed)
        parameters = {"tables": _TABLES[-1], "bits": bits, "flips": 0}
        tables = HashTables(rows[others], directions, thresholds, parameters)
        asked, other = tables.codes(rows[queries])[0], tables.codes(rows[others])[0]
        first_near = _first_shared(asked[near[0]], tables.codes(rows[near[1]])[0])
        first_other = np.stack([_first_shared(np.broadcast_to(code, other.shape), other) for code in asked])
        for number in _TABLES:
            if (first_near < number).mean() >= target:
                found.append(((first_other < number).mean(), number, bits))
                break
    for _, number, bits in sorted(found):
        larger = _TABLES[_TABLES.index(number) : _TABLES.index(number) + 3]
        yield from ({"tables": tables, "bits": bits, "flips": 0} for tables in larger)


def _neighbours(tracks: Tracks, queries: np.ndarray, kth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of (place of the query, row of a distinct vector) within the k-th distance."""
    import numpy as np

    from spark_app.similarity.distances import distances

    distinct = tracks.members.distinct
    everyone = np.arange(len(distinct))
    pairs = []
    for place, (query, radius) in enumerate(zip(queries, kth, strict=True)):
        far = distances(distinct, np.array([query]), distinct, everyone, tracks.metric)
        rows = np.flatnonzero(far <= radius)
        rows = rows[rows != query]
        pairs.append(np.stack([np.full(len(rows), place), rows]))
    both: np.ndarray = np.concatenate(pairs, axis=1)
    return both[0], both[1]


def _first_shared(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The first table in which two rows of codes agree; beyond the last where they never do."""
    import numpy as np

    same = left == right
    return np.where(same.any(axis=1), same.argmax(axis=1), same.shape[1])
