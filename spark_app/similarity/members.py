"""Vectors that several tracks share: collapsed before search, expanded after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Members:
    """Positions of tracks that share each distinct vector: ``order[start[i] : start[i] + count[i]]``, ascending.

    Attributes:
        distinct: The vectors, of shape (n_distinct, n_features).
        which: Distinct vector of each track, of shape (n,).
        order, start, count: As above.
    """

    distinct: np.ndarray
    which: np.ndarray
    order: np.ndarray
    start: np.ndarray
    count: np.ndarray

    @classmethod
    def of(cls, vectors: np.ndarray) -> Members:
        """Of finite float64 vectors of shape (n, n_features) without minus zeros; their order decides positions."""
        import numpy as np

        first, which = _collapsed(vectors)
        count = np.bincount(which, minlength=len(first))
        order = np.argsort(which, kind="stable")
        return cls(vectors[first], which, order, np.cumsum(count) - count, count)

    def first_of(self, distance: np.ndarray, candidates: np.ndarray, keep: int) -> tuple[np.ndarray, np.ndarray]:
        """Per row the first ``keep`` tracks of its candidate vectors by (distance, position).

        Of one vector no more than ``keep`` tracks can be among them, so a vector shared by thousands costs no more.

        Args:
            distance: Of shape (n_queries, n_candidates); infinite where there is no candidate.
            candidates: Distinct vectors, of the same shape, each at most once in a row.
            keep: Tracks to give; each row's candidates have at least as many.

        Returns:
            Positions of tracks and their distances, both of shape (n_queries, keep).
        """
        import numpy as np

        if len(self.order) == len(self.count):  # every track has a vector of its own
            position, far = self.order[self.start[candidates]], distance
            best = np.lexsort((position, far), axis=-1)[:, :keep]
            return np.take_along_axis(position, best, axis=1), np.take_along_axis(far, best, axis=1)
        flat, n_rows = candidates.ravel(), len(candidates)
        taken = np.minimum(self.count[flat], keep)
        source = np.repeat(np.arange(len(flat)), taken)
        within = np.arange(len(source)) - np.repeat(np.cumsum(taken) - taken, taken)
        position = self.order[self.start[flat[source]] + within]
        far = distance.ravel()[source]
        row = source // candidates.shape[1]

        best = np.lexsort((position, far, row))
        start = np.searchsorted(row, np.arange(n_rows))  # rows are ascending before and after the sort
        picked = best[start[:, None] + np.arange(keep)]
        return position[picked], far[picked]


def _collapsed(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Position of the first row of each distinct vector, and the distinct vector of each row.

    Rows are told apart by a 64-bit mixture of their bytes, which is then compared with the rows themselves: sorting
    numbers takes a twentieth of the time of sorting rows.
    """
    import numpy as np

    mixed = np.zeros(len(vectors), dtype=np.uint64)
    for column in np.ascontiguousarray(vectors.T).view(np.uint64):
        mixed = (mixed ^ column) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    _, first, which = np.unique(mixed, return_index=True, return_inverse=True)
    which = which.ravel()
    if not np.array_equal(vectors[first[which]], vectors):  # two vectors with one mixture: as good as never
        _, first, which = np.unique(vectors, axis=0, return_index=True, return_inverse=True)
        which = which.ravel()
    return first, which
