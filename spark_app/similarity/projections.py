"""Hash functions of vectors by Gaussian projections: on which side of a hyperplane, or in which bucket of a line.

=================================  ======================  ==========================================================
method                             a row's number          two rows have the same one with probability
=================================  ======================  ==========================================================
sign random projection             ``a·(x - m) > 0``       ``1 - angle / π``, seen from the rows' mean m
bucketed random projection         ``floor((a·x + b)/w)``  ``1 - 2 Φ(-w/r) - 2 r/(w √(2π)) (1 - exp(-w²/(2r²)))``
=================================  ======================  ==========================================================

a is a vector of standard normal numbers, b uniform on [0, w), r the rows' Euclidean distance, Φ the normal
distribution. Charikar 2002, "Similarity estimation techniques from rounding algorithms"; Datar, Immorlica, Indyk and
Mirrokni 2004, "Locality-sensitive hashing scheme based on p-stable distributions".

A row's code in a table is a mixture of the first ``length`` of the table's numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from spark_app.similarity.members import stirred

if TYPE_CHECKING:
    import numpy as np

MOST = 24  # numbers in one code
_BLOCK = 512  # rows hashed at once: their projections by a hundred tables stay in the processor's cache


@dataclass(frozen=True)
class Projections:
    """The hash functions of some tables: ``cut(directions·x + offsets)``.

    Attributes:
        directions: Float32 of shape (MOST, n_dimensions, tables).
        offsets: Float32 of shape (MOST, tables).
        cut: From projected values to unsigned numbers, of the same shape.
    """

    directions: np.ndarray
    offsets: np.ndarray
    cut: Callable[[np.ndarray], np.ndarray]

    def codes(self, rows: np.ndarray, length: int) -> np.ndarray:
        """Codes of finite float32 rows, uint32 of shape (n, tables), block by block."""
        import numpy as np

        found = np.empty((len(rows), self.offsets.shape[1]), dtype=np.uint32)
        for start in range(0, len(rows), _BLOCK):
            block = slice(start, start + _BLOCK)
            found[block] = next(islice(self.growing(rows[block]), length - 1, None))
        return found

    def growing(self, rows: np.ndarray) -> Iterator[np.ndarray]:
        """As ``codes``, of one number, of two and so on up to ``MOST``."""
        import numpy as np

        mixture = np.zeros((len(rows), self.offsets.shape[1]), dtype=np.uint64)
        for directions, offsets in zip(self.directions, self.offsets, strict=True):
            mixture = stirred(mixture, self.cut(_projected(rows, directions, offsets)))
            # Half of the bits take half of the memory; other codes seldom become equal, and then cost a comparison.
            yield (mixture >> np.uint64(32)).astype(np.uint32)


def signs(rows: np.ndarray, *, tables: int, seed: int) -> Projections:
    """Hash functions for rows of shape (n, n_dimensions); the first tables are the same whatever their number."""
    import numpy as np

    directions = _directions(rows.shape[1], tables, seed)
    mean = rows.mean(axis=0, dtype=np.float64)
    return Projections(directions, -(mean @ directions).astype(np.float32), _side)


def buckets(n_dimensions: int, *, tables: int, width: float, seed: int) -> Projections:
    """Hash functions for rows of so many dimensions; the first tables are the same whatever their number.

    Args:
        n_dimensions: Of the rows.
        tables: How many.
        width: Of a bucket, above 0, in the unit of distances.
        seed: Of directions and offsets.
    """
    import numpy as np

    directions = _directions(n_dimensions, tables, seed)
    offsets = np.random.default_rng([seed, 1]).random((tables, MOST), dtype=np.float32)
    return Projections((directions / width).astype(np.float32), offsets.T, _bucket)


def _directions(n_dimensions: int, tables: int, seed: int) -> np.ndarray:
    """Normal numbers of shape (MOST, n_dimensions, tables)."""
    import numpy as np

    drawn = np.random.default_rng(seed).normal(size=(tables, MOST, n_dimensions))
    return np.ascontiguousarray(drawn.transpose(1, 2, 0), dtype=np.float32)


def _projected(rows: np.ndarray, directions: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Of shape (n, tables), added up feature by feature.

    A matrix product rounds differently for other numbers of rows, which would move a row over the edge of its bucket.
    """
    import numpy as np

    projected = np.tile(offsets, (len(rows), 1))
    for feature in range(rows.shape[1]):
        projected += rows[:, feature, None] * directions[feature]
    return projected


def _side(projected: np.ndarray) -> np.ndarray:
    import numpy as np

    return (projected > 0).astype(np.uint64)


def _bucket(projected: np.ndarray) -> np.ndarray:
    """The number's own bits: a query far outside the rows may have one that no integer holds."""
    import numpy as np

    bits: np.ndarray = (np.floor(projected) + 0.0).view(np.uint32)  # without minus zeros
    return bits
