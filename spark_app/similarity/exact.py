"""Exact nearest neighbours: FAISS finds candidates in float32, float64 decides.

The answer equals brute force in float64, ties by id included. FAISS returns ``k + extra`` candidates per query; they
are measured again in float64. A candidate that FAISS left out can matter only if its float32 distance, less the
largest possible rounding error, reaches the k-th float64 distance; such queries are searched again in float64.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from spark_app.similarity.distances import EUCLIDEAN, SearchSpace, distances, prepared
from spark_app.similarity.members import Members

if TYPE_CHECKING:
    import numpy as np

EXTRA = 16  # candidates beyond k; on real features 1 query in 1,000 then needs the second search
_CELLS = 2_000_000  # numbers in one temporary array, 16 MB as float64


def nearest(
    vectors: np.ndarray, *, k: int, queries: np.ndarray | None = None, metric: str = EUCLIDEAN
) -> tuple[np.ndarray, np.ndarray]:
    """Positions and distances of the nearest rows, never the row itself, by (distance, position).

    Args:
        vectors: Finite float64 of shape (n, n_features), in the order of the ids.
        k: Neighbours asked for; min(k, n - 1) are given.
        queries: Positions to search for; all of them by default.
        metric: One of ``distances.METRICS``.

    Returns:
        Two arrays of shape (n_queries, min(k, n - 1)): int64 positions and float64 distances.
    """
    import numpy as np

    queries = np.arange(len(vectors)) if queries is None else queries
    k = min(k, len(vectors) - 1)
    if k < 1 or not len(queries):
        return np.empty((len(queries), max(k, 0)), dtype=np.int64), np.empty((len(queries), max(k, 0)))
    members = Members.of(prepared(vectors, metric))
    sought, row = np.unique(members.which[queries], return_inverse=True)
    space = SearchSpace(members.distinct, metric)
    positions, distance = exact_pools(members, space, members.distinct[sought], keep=k + 1)
    return without_self(positions, distance, row.ravel(), queries)


def exact_pools(
    members: Members, space: SearchSpace, sought: np.ndarray, *, keep: int
) -> tuple[np.ndarray, np.ndarray]:
    """The first ``keep`` tracks per query by (distance, position): two arrays of shape (n_queries, keep).

    Args:
        members: The tracks, at least ``keep``.
        space: Of ``members.distinct``.
        sought: Prepared queries of shape (n_queries, n_features).
        keep: Tracks to give.
    """
    import faiss
    import numpy as np

    faiss.omp_set_num_threads(1)  # Spark runs one task per core; threads inside a task would fight for them
    index = faiss.IndexFlatL2(space.rows.shape[1])
    index.add(space.rows)
    n_distinct = len(members.distinct)
    n_candidates = min(keep + EXTRA, n_distinct)
    positions = np.empty((len(sought), keep), dtype=np.int64)
    distance = np.empty((len(sought), keep))
    for block in blocks(len(sought), n_candidates * keep):
        squared, candidates = index.search(space.queries(sought[block]), n_candidates)
        positions[block], distance[block] = first_tracks(members, sought[block], candidates, keep, space.metric)
        if n_candidates < n_distinct:
            limit = space.reaches(sought[block], distance[block, -1])
            unsure = block.start + np.flatnonzero(squared[:, -1] <= limit)
            positions[unsure], distance[unsure] = brute_pools(members, sought[unsure], keep, space.metric)
    return positions, distance


def first_tracks(
    members: Members, sought: np.ndarray, candidates: np.ndarray, keep: int, metric: str
) -> tuple[np.ndarray, np.ndarray]:
    """Of candidate vectors, at least ``keep`` tracks in each row, the first by (float64 distance, position).

    Args:
        members: The tracks.
        sought: Prepared queries of shape (n_queries, n_features).
        candidates: Distinct vectors of shape (n_queries, n_candidates), -1 where there is none.
        keep: Tracks to give.
        metric: One of ``distances.METRICS``.
    """
    import numpy as np

    rows = np.arange(len(sought))[:, None]
    known = np.maximum(candidates, 0)
    distance = distances(sought, rows, members.distinct, known, metric)
    distance[candidates < 0] = np.inf
    return members.first_of(distance, known, keep)


def brute_pools(members: Members, sought: np.ndarray, keep: int, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """As ``exact_pools``, by float64 alone."""
    import numpy as np

    positions = np.empty((len(sought), keep), dtype=np.int64)
    distance = np.empty((len(sought), keep))
    for block in blocks(len(sought), len(members.distinct)):
        positions[block], distance[block] = _by_brute_force(members, sought[block], keep, metric)
    return positions, distance


def _by_brute_force(members: Members, sought: np.ndarray, keep: int, metric: str) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    n_distinct = len(members.distinct)
    exact = distances(sought, np.arange(len(sought))[:, None], members.distinct, np.arange(n_distinct)[None], metric)
    last = min(keep, n_distinct) - 1
    radius = np.partition(exact, last, axis=1)[:, last]  # each distinct vector has at least one member
    far = exact > radius[:, None]
    exact[far] = np.inf
    width = n_distinct - int(far.sum(axis=1).min())
    candidates = np.argsort(exact, axis=1, kind="stable")[:, :width]
    return members.first_of(np.take_along_axis(exact, candidates, axis=1), candidates, keep)


def blocks(n_rows: int, cells_per_row: int) -> Iterator[slice]:
    """Slices of so many rows that a temporary array stays small."""
    step = max(1, _CELLS // max(cells_per_row, 1))
    return (slice(start, min(start + step, n_rows)) for start in range(0, n_rows, step))


def without_self(
    positions: np.ndarray, distance: np.ndarray, row: np.ndarray, queries: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Each query's own list of k out of the k + 1 of its vector: itself taken out, or else the last one.

    Args:
        positions: Of shape (n_sought, k + 1).
        distance: Of the same shape.
        row: Row of each query in them, of shape (n_queries,).
        queries: Position of each query, of the same shape.

    Returns:
        Positions and distances, both of shape (n_queries, k).
    """
    k = positions.shape[1] - 1
    found, far = positions[row], distance[row]
    is_self = found == queries[:, None]
    is_self[:, k] |= ~is_self.any(axis=1)
    shape = (len(queries), k)
    kept: np.ndarray = found[~is_self].reshape(shape)
    return kept, far[~is_self].reshape(shape)
