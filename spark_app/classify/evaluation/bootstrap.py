"""Artist-clustered bootstrap: whole units are drawn with replacement, so that tracks of one artist go together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from scipy.sparse import csr_array

_CELLS = 4_000_000  # weights held at once: 32 MB


def resampled_sums(sums: csr_array, *, resamples: int, seed: int) -> np.ndarray:
    """Totals of additive statistics in each resample of the units (Field & Welsh 2007, the cluster bootstrap).

    A resample draws as many units as there are, with replacement: its total is a product of how often each unit was
    drawn with the units' own sums. The draws follow from the number of units and the seed alone.

    Args:
        sums: One row per unit, in an order that follows from the units ``(n_units, n_statistics)``.
        resamples: How many.
        seed: Of the draws.

    Returns:
        Array ``(resamples, n_statistics)``.
    """
    import numpy as np

    return np.concatenate([drawn @ sums for drawn in unit_draws(sums.shape[0], resamples=resamples, seed=seed)])


def unit_draws(n_units: int, *, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """How often each unit is drawn: blocks ``(n, n_units)`` of whole numbers as floats, ``resamples`` rows in all."""
    import numpy as np

    rng = np.random.default_rng(seed)
    block = max(1, _CELLS // n_units)
    for start in range(0, resamples, block):
        size = min(block, resamples - start)
        # One draw per resample and in this order, whatever the size of a block.
        drawn = np.stack([np.bincount(rng.integers(0, n_units, n_units), minlength=n_units) for _ in range(size)])
        yield drawn.astype(float)


def unit_sums(unit: np.ndarray, cells: Sequence[tuple[np.ndarray, np.ndarray]], *, width: int) -> csr_array:
    """Sums per unit, in the order of the units, for :func:`resampled_sums`.

    Args:
        unit: Of each row ``(n,)``; rows in an order that follows from their values, since sums of floats do.
        cells: (statistic, value) of each row, ``(n,)`` both.
        width: Number of statistics.
    """
    import numpy as np
    from scipy.sparse import coo_array

    units, position = np.unique(unit, return_inverse=True)
    statistics, values = (np.concatenate(found) for found in zip(*cells, strict=True))
    found = coo_array((values, (np.tile(position, len(cells)), statistics)), shape=(len(units), width))
    return found.tocsr()


def interval(draws: np.ndarray) -> tuple[float, float]:
    """The 2.5th and 97.5th percentile of the draws (percentile interval)."""
    import numpy as np

    low, high = np.percentile(draws, [2.5, 97.5])
    return float(low), float(high)
