"""Exact nearest neighbours within a genre group: FAISS finds candidates in float32, float64 decides.

The answer equals brute force in float64, ties by id included. FAISS returns ``k + extra`` candidates per query; they
are measured again in float64. A candidate that FAISS left out can matter only if its float32 distance, less the
largest possible rounding error, reaches the k-th float64 distance; such queries are searched again in float64.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame

from spark_app.columns import AUDIO12_Z, DISTANCE, GENRE_GROUP, NEIGHBOUR_ID, RANK, TRACK_ID
from spark_app.similarity.groups import one_task_a_group

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_SCHEMA = f"{TRACK_ID} string, {GENRE_GROUP} string, {RANK} int, {NEIGHBOUR_ID} string, {DISTANCE} double"
_EXTRA = 16  # candidates beyond k; on real features 1 query in 1,000 then needs the second search
_CELLS = 2_000_000  # numbers in one temporary array, 16 MB as float64


def exact_neighbours(members: DataFrame, *, k: int, sizes: Mapping[str, int]) -> DataFrame:
    """The k nearest members of the same group for each member, by Euclidean distance of the z-scores.

    Args:
        members: One row per track and group, no nulls ``[track_id, genre_group, *AUDIO12_Z]``.
        k: Neighbours asked for; a group of n members gives min(k, n - 1), a group of one gives no row.
        sizes: Members per group, the biggest first.

    Returns:
        Key ``track_id, genre_group, rank`` ``[track_id, genre_group, rank (from 1), neighbour_id, distance]``,
        ordered by distance in float64, then id. Never the track itself; a track with the same vector stands at
        distance 0.
    """

    def search(group: pd.DataFrame) -> pd.DataFrame:
        group = group.sort_values(TRACK_ID, ignore_index=True)
        found, distance = nearest(group[list(AUDIO12_Z)].to_numpy(float), k=k)
        return neighbour_rows(group, found, distance)

    laid_out = one_task_a_group(members.select(TRACK_ID, GENRE_GROUP, *AUDIO12_Z), sizes=sizes)
    return laid_out.groupBy("slot", GENRE_GROUP).applyInPandas(search, _SCHEMA)


def neighbour_rows(group: pd.DataFrame, found: np.ndarray, distance: np.ndarray) -> pd.DataFrame:
    """One row per member and rank, from positions and distances of shape (n_members, k)."""
    import numpy as np
    import pandas as pd

    n, k = found.shape
    ids = group[TRACK_ID].to_numpy()
    return pd.DataFrame(
        {
            TRACK_ID: ids.repeat(k),
            GENRE_GROUP: group[GENRE_GROUP].iloc[0],
            RANK: np.tile(np.arange(1, k + 1, dtype=np.int32), n),
            NEIGHBOUR_ID: ids[found.ravel()],
            DISTANCE: distance.ravel(),
        }
    )


def nearest(vectors: np.ndarray, *, k: int, queries: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Positions and distances of the nearest rows, never the row itself, by (distance, position).

    Args:
        vectors: Finite float64 of shape (n, n_features), in the order of the ids.
        k: Neighbours asked for; min(k, n - 1) are given.
        queries: Positions to search for; all of them by default.

    Returns:
        Two arrays of shape (n_queries, min(k, n - 1)): int64 positions and float64 distances.
    """
    import numpy as np

    queries = np.arange(len(vectors)) if queries is None else queries
    k = min(k, len(vectors) - 1)
    if k < 1 or not len(queries):
        return np.empty((len(queries), max(k, 0)), dtype=np.int64), np.empty((len(queries), max(k, 0)))
    distinct, which = np.unique(vectors, axis=0, return_inverse=True)
    which = which.ravel()
    sought, row = np.unique(which[queries], return_inverse=True)
    positions, distance = _pools(distinct, _Members.of(which, len(distinct)), sought, k + 1)
    return _without_self(positions, distance, row, queries)


@dataclass(frozen=True)
class _Members:
    """Positions that share each distinct vector: ``order[start[i] : start[i] + count[i]]``, ascending."""

    order: np.ndarray
    start: np.ndarray
    count: np.ndarray

    @classmethod
    def of(cls, which: np.ndarray, n_distinct: int) -> _Members:
        import numpy as np

        count = np.bincount(which, minlength=n_distinct)
        return cls(np.argsort(which, kind="stable"), np.cumsum(count) - count, count)


def _pools(distinct: np.ndarray, members: _Members, sought: np.ndarray, keep: int) -> tuple[np.ndarray, np.ndarray]:
    """The first ``keep`` positions, itself included, per sought distinct vector: shapes (n_sought, keep)."""
    import faiss
    import numpy as np

    faiss.omp_set_num_threads(1)  # Spark runs one task per core; threads inside a task would fight for them
    # Distances do not change when all is moved to the centre, but float32 errors shrink.
    centred = distinct - distinct.mean(axis=0)
    single = np.ascontiguousarray(centred, dtype=np.float32)
    norm = np.sqrt((centred**2).sum(axis=1))
    index = faiss.IndexFlatL2(distinct.shape[1])
    index.add(single)
    n_candidates = min(keep + _EXTRA, len(distinct))

    positions = np.empty((len(sought), keep), dtype=np.int64)
    distance = np.empty((len(sought), keep))
    for block in _blocks(len(sought), n_candidates * keep):
        rows = sought[block]
        squared, candidates = index.search(single[rows], n_candidates)
        exact = row_distances(distinct, rows[:, None], candidates)
        positions[block], distance[block] = _first_members(exact, candidates, members, keep)
        if n_candidates < len(distinct):
            bound = _rounding(norm[rows], distance[block, -1], distinct.shape[1])
            unsure = block.start + np.flatnonzero(squared[:, -1] - bound <= distance[block, -1] ** 2)
            for part in _blocks(len(unsure), len(distinct)):
                again = unsure[part]
                positions[again], distance[again] = _by_brute_force(distinct, sought[again], members, keep)
    return positions, distance


def _rounding(norm: np.ndarray, radius: np.ndarray, n_features: int) -> np.ndarray:
    """Upper bound of the float32 error of a squared distance to any vector within ``radius``.

    With u = 2^-24, storing both vectors costs at most 2u(|x| + |y|)^2, and |x|^2 + |y|^2 - 2xy at most
    (n + 3)u(|x| + |y|)^2; |y| <= |x| + radius. The factor below is about twice their sum.
    """
    reach: np.ndarray = (2 * norm + radius) ** 2
    return (n_features + 8) * 2.0**-23 * reach


def _blocks(n_rows: int, cells_per_row: int) -> Iterator[slice]:
    step = max(1, _CELLS // max(cells_per_row, 1))
    return (slice(start, min(start + step, n_rows)) for start in range(0, n_rows, step))


def row_distances(vectors: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Float64 distances between rows ``left`` and ``right`` of ``vectors``, as broadcast.

    Features are added one by one, so that a distance does not depend on the size of the block it stands in.
    """
    import numpy as np

    total = np.zeros(np.broadcast_shapes(left.shape, right.shape))
    for feature in range(vectors.shape[1]):
        column = vectors[:, feature]
        total += (column[left] - column[right]) ** 2
    distance: np.ndarray = np.sqrt(total)
    return distance


def _by_brute_force(
    distinct: np.ndarray, rows: np.ndarray, members: _Members, keep: int
) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    exact = row_distances(distinct, rows[:, None], np.arange(len(distinct))[None, :])
    last = min(keep, len(distinct)) - 1
    radius = np.partition(exact, last, axis=1)[:, last]  # each distinct vector has at least one member
    far = exact > radius[:, None]
    exact[far] = np.inf
    width = len(distinct) - int(far.sum(axis=1).min())
    candidates = np.argsort(exact, axis=1, kind="stable")[:, :width]
    return _first_members(np.take_along_axis(exact, candidates, axis=1), candidates, members, keep)


def _first_members(
    distance: np.ndarray, candidates: np.ndarray, members: _Members, keep: int
) -> tuple[np.ndarray, np.ndarray]:
    """Per row the first ``keep`` members of its candidate vectors by (distance, position).

    Of one vector no more than ``keep`` members can be among them, so a vector shared by thousands costs no more.
    """
    import numpy as np

    flat, n_rows = candidates.ravel(), len(candidates)
    taken = np.minimum(members.count[flat], keep)
    source = np.repeat(np.arange(len(flat)), taken)
    within = np.arange(len(source)) - np.repeat(np.cumsum(taken) - taken, taken)
    position = members.order[members.start[flat[source]] + within]
    far = distance.ravel()[source]
    row = source // candidates.shape[1]

    order = np.lexsort((position, far, row))
    start = np.searchsorted(row, np.arange(n_rows))  # rows are ascending before and after the sort
    picked = order[start[:, None] + np.arange(keep)]
    return position[picked], far[picked]


def _without_self(
    positions: np.ndarray, distance: np.ndarray, row: np.ndarray, queries: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Each query's own list of k out of the k + 1 of its vector: itself taken out, or else the last one."""
    import numpy as np

    k = positions.shape[1] - 1
    is_self = positions[row] == queries[:, None]
    is_self[:, k] |= ~is_self.any(axis=1)
    shape = (len(queries), k)
    found: np.ndarray = positions[row][~is_self].reshape(shape)
    return found, np.broadcast_to(distance[row], is_self.shape)[~is_self].reshape(shape)
