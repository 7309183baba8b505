"""Rows that several tracks share: collapsed before search, expanded after."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from spark_app.similarity.spaces import Rows


@dataclass(frozen=True)
class Members:
    """Positions of tracks that share each distinct row: ``order[start[i] : start[i] + count[i]]``, ascending.

    Attributes:
        distinct: The rows (``spaces.Rows``), n_distinct of them.
        which: Distinct row of each track, of shape (n,).
        order, start, count: As above.
    """

    distinct: Any
    which: np.ndarray
    order: np.ndarray
    start: np.ndarray
    count: np.ndarray

    @classmethod
    def of(cls, vectors: np.ndarray) -> Members:
        """Of finite float64 vectors of shape (n, n_features) without minus zeros; their order decides positions."""
        first, which = _collapsed(vectors)
        return cls.sharing(vectors[first], which)

    @classmethod
    def sharing(cls, distinct: Rows, which: np.ndarray) -> Members:
        """Of distinct rows, and which of them each track has; every one has at least one track."""
        import numpy as np

        count = np.bincount(which, minlength=len(distinct))
        order = np.argsort(which, kind="stable")
        return cls(distinct, which, order, np.cumsum(count) - count, count)

    @cached_property
    def by_first_track(self) -> np.ndarray:
        """Distinct rows in the order of their first tracks."""
        import numpy as np

        return np.argsort(self.order[self.start])

    def first_of(self, distance: np.ndarray, candidates: np.ndarray, keep: int) -> tuple[np.ndarray, np.ndarray]:
        """For each query the first ``keep`` tracks of its candidate rows by (distance, position).

        Of one row no more than ``keep`` tracks can be among them, so a row shared by thousands costs no more.

        Args:
            distance: Of shape (n_queries, n_candidates); infinite where there is no candidate.
            candidates: Distinct rows, of the same shape, each at most once for a query.
            keep: Tracks to give; each query's candidates have at least as many.

        Returns:
            Positions of tracks and their distances, both of shape (n_queries, keep).
        """
        import numpy as np

        if len(self.order) == len(self.count):  # every track has a row of its own
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


def stirred(mixture: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """A 64-bit mixture with further numbers mixed in, which are unsigned. Other numbers give another mixture."""
    import numpy as np

    mixed = (mixture ^ numbers) * np.uint64(0x9E3779B97F4A7C15)
    return mixed ^ (mixed >> np.uint64(29))


def content(vectors: np.ndarray) -> np.ndarray:
    """A 64-bit number for each row of floats, told by its bytes alone: uint64 of shape (n,).

    Two rows that differ have the same number in one of about 2^64 cases.
    """
    import numpy as np

    mixed = np.zeros(len(vectors), dtype=np.uint64)
    for column in np.ascontiguousarray(vectors.T):
        mixed = stirred(mixed, column.view(f"u{column.itemsize}"))
    return mixed


def _collapsed(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Position of the first row of each distinct vector, and the distinct vector of each row.

    Rows are told apart by their ``content``, which is then compared with the rows themselves: sorting numbers takes a
    twentieth of the time of sorting rows.
    """
    import numpy as np

    _, first, which = np.unique(content(vectors), return_index=True, return_inverse=True)
    which = which.ravel()
    if not np.array_equal(vectors[first[which]], vectors):  # two vectors with one number: as good as never
        _, first, which = np.unique(vectors, axis=0, return_index=True, return_inverse=True)
        which = which.ravel()
    return first, which
