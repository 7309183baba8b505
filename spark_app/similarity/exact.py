"""Exact nearest neighbours. Of vectors FAISS finds candidates in float32, and float64 decides; sets are counted.

The answer equals brute force in float64, ties by id included. FAISS returns ``k + extra`` candidates per query; they
are measured again in float64. A candidate that FAISS left out can matter only if its float32 distance, less the
largest possible rounding error, reaches the k-th float64 distance; such queries are searched again in float64.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from spark_app.similarity.distances import EUCLIDEAN, SearchSpace, prepared
from spark_app.similarity.members import Members
from spark_app.similarity.spaces import Rows, Space

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


def exact_pools(members: Members, space: Space, sought: Rows, *, keep: int) -> tuple[np.ndarray, np.ndarray]:
    """The first ``keep`` tracks per query by (distance, position): two arrays of shape (n_queries, keep).

    Args:
        members: The tracks, at least ``keep``.
        space: Of ``members.distinct``.
        sought: Prepared queries.
        keep: Tracks to give.
    """
    if isinstance(space, SearchSpace):
        return _checked_pools(members, space, sought, keep)
    return _brute_pools(members, space, sought, keep)


def _checked_pools(members: Members, space: SearchSpace, sought: Rows, keep: int) -> tuple[np.ndarray, np.ndarray]:
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
        positions[block], distance[block] = first_tracks(members, space, sought[block], candidates, keep)
        if n_candidates < n_distinct:
            limit = space.reaches(sought[block], distance[block, -1])
            unsure = block.start + np.flatnonzero(squared[:, -1] <= limit)
            positions[unsure], distance[unsure] = _brute_pools(members, space, sought[unsure], keep)
    return positions, distance


def first_tracks(
    members: Members, space: Space, sought: Rows, candidates: np.ndarray, keep: int
) -> tuple[np.ndarray, np.ndarray]:
    """Of candidate rows, at least ``keep`` tracks for each query, the first by (float64 distance, position).

    Args:
        members: The tracks.
        space: Of ``members.distinct``.
        sought: Prepared queries.
        candidates: Distinct rows, of shape (n_queries, n_candidates), -1 where there is none.
        keep: Tracks to give.
    """
    import numpy as np

    known = np.maximum(candidates, 0)
    distance = space.distances(sought, known)
    distance[candidates < 0] = np.inf
    return members.first_of(distance, known, keep)


def _brute_pools(members: Members, space: Space, sought: Rows, keep: int) -> tuple[np.ndarray, np.ndarray]:
    """As ``exact_pools``, by float64 alone."""
    import numpy as np

    positions = np.empty((len(sought), keep), dtype=np.int64)
    distance = np.empty((len(sought), keep))
    for block in blocks(len(sought), len(members.distinct)):
        positions[block], distance[block] = _by_brute_force(members, sought[block], keep, space)
    return positions, distance


def _by_brute_force(members: Members, sought: Rows, keep: int, space: Space) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    by_track = members.by_first_track  # of equally far rows those whose first tracks come first
    exact = space.to_all(sought)[:, by_track]
    n = min(keep, len(by_track))  # each distinct row has at least one track
    radius = np.partition(exact, n - 1, axis=1)[:, n - 1 : n]
    is_near, is_tied = exact < radius, exact == radius
    is_near |= is_tied & (is_tied.cumsum(axis=1, dtype=np.int32) <= n - is_near.sum(axis=1, keepdims=True))
    picked = np.nonzero(is_near)[1].reshape(len(exact), n)
    return members.first_of(np.take_along_axis(exact, picked, axis=1), by_track[picked], keep)


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
