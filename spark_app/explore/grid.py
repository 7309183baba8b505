"""A grid of values for each feature, on which one pass over the tracks counts everything that orders values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

_TAIL = 0.005  # share of the sample beyond each end of the evenly spaced bins


@dataclass(frozen=True)
class Grid:
    """Cells of one feature: each mark by itself, and the open interval below each mark.

    Cell ``2 i`` lies between mark ``i - 1`` and mark ``i``, cell ``2 i + 1`` is mark ``i``. The first mark is at most
    the feature's minimum and the last at least its maximum, so cell 0 stays empty.

    Attributes:
        marks: Ascending, distinct; empty for a feature without values.
        bins: Edges of the bins of the density, a subset of ``marks``.
    """

    marks: np.ndarray
    bins: np.ndarray

    @cached_property
    def n_cells(self) -> int:
        """Number of cells."""
        return 2 * len(self.marks)

    def cells_of(self, values: np.ndarray) -> np.ndarray:
        """The cell of each value; NaN and a feature without values give -1."""
        import numpy as np

        if not len(self.marks):
            return np.full(len(values), -1)
        at = np.minimum(np.searchsorted(self.marks, values), len(self.marks) - 1)
        return np.where(np.isnan(values), -1, 2 * at + (self.marks[at] == values))

    def order_statistics(self, counts: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """Values at 0-based positions of the sorted rows; inside an open cell they are evenly spread.

        Args:
            counts: Rows per cell, shape (n_cells,).
            positions: Integers in [0, rows).
        """
        import numpy as np

        upto = np.cumsum(counts)
        cell = np.searchsorted(upto, positions, side="right")
        at = cell // 2
        low, high = self.marks[np.maximum(at - 1, 0)], self.marks[at]
        share = (positions - (upto[cell] - counts[cell]) + 0.5) / counts[cell]
        return np.where(cell % 2 == 1, high, low + (high - low) * share)

    def quantiles(self, counts: np.ndarray, shares: Sequence[float]) -> np.ndarray:
        """Quantiles by linear interpolation between order statistics, NumPy's default; NaN without rows."""
        import numpy as np

        n = int(counts.sum())
        if not n:
            return np.full(len(shares), np.nan)
        position = (n - 1) * np.asarray(shares)
        floor = np.floor(position).astype(int)
        low = self.order_statistics(counts, floor)
        high = self.order_statistics(counts, np.minimum(floor + 1, n - 1))
        return low + (high - low) * (position - floor)

    def n_outside(self, counts: np.ndarray, low: float, high: float) -> int:
        """Rows below ``low`` or above ``high``; an open cell that holds the limit counts by its share outside."""
        import numpy as np

        at = np.arange(len(counts)) // 2
        is_mark = np.arange(len(counts)) % 2 == 1
        top = self.marks[at]
        bottom = np.where(is_mark, top, self.marks[np.maximum(at - 1, 0)])
        width = np.where(is_mark | (top == bottom), 1.0, top - bottom)
        share = np.clip((low - bottom) / width, 0, 1) + np.clip((top - high) / width, 0, 1)
        share = np.where(is_mark, (top < low) | (top > high), np.minimum(share, 1))
        return round(float(counts @ share))

    def mid_ranks(self, counts: np.ndarray) -> np.ndarray:
        """Average rank (from 1) of the rows of each cell, shape (n_cells,)."""
        import numpy as np

        return np.cumsum(counts) - (counts - 1) / 2

    def bin_counts(self, counts: np.ndarray) -> np.ndarray:
        """Rows per bin of the density, ``[low, high)``, the last one closed; shape (n_bins,)."""
        import numpy as np

        starts = 2 * np.searchsorted(self.marks, self.bins) + 1
        starts[-1] += 1  # the upper edge itself belongs to the last bin
        upto = np.concatenate([[0], np.cumsum(counts)])
        return np.diff(upto[starts])


def make_grid(sample: np.ndarray, *, low: float, high: float, points: int, bins: int) -> Grid:
    """The grid of one feature.

    Marks are the distinct values of the sample, at most ``points`` of them by evenly spaced ranks, the bounds, and
    the edges of the bins. A value that many rows share is a mark of its own, so ties are exact; where the sample
    holds every value of the feature, everything counted on the grid is exact. Else an open cell holds about one row
    in ``points``.

    Args:
        sample: Values of a random sample; NaN is left out.
        low: The feature's minimum over all rows; ``inf`` where it has no value.
        high: Its maximum.
        points: Most marks from the sample.
        bins: Bins of the density: one per value where there are no more values than this, else so many of equal
            width over the central 99 % of the sample, and one for each tail.
    """
    import numpy as np

    if low > high:
        return Grid(np.array([]), np.array([]))
    values = np.sort(np.concatenate([sample[~np.isnan(sample)], [low, high]]))
    distinct = np.unique(values)
    if len(distinct) > points:
        distinct = np.unique(values[np.linspace(0, len(values) - 1, points).round().astype(int)])
    edges = _single_value_bins(distinct) if len(distinct) <= bins else _even_bins(values, bins)
    return Grid(np.union1d(distinct, edges), edges)


def _single_value_bins(distinct: np.ndarray) -> np.ndarray:
    import numpy as np

    gaps = np.diff(distinct) if len(distinct) > 1 else np.array([1.0])
    middles = distinct[:-1] + np.diff(distinct) / 2
    return np.concatenate([[distinct[0] - gaps[0] / 2], middles, [distinct[-1] + gaps[-1] / 2]])


def _even_bins(values: np.ndarray, bins: int) -> np.ndarray:
    import numpy as np

    low, high = values[int(_TAIL * (len(values) - 1))], values[int((1 - _TAIL) * (len(values) - 1))]
    if low == high:
        low, high = values[0], values[-1]
    return np.union1d(np.linspace(low, high, bins + 1), [values[0], values[-1]])
