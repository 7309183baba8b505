"""Permutation test of the difference between each genre and the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

CHUNK = "chunk"
_PER_CHUNK = 250  # permutations that one generator draws
_AT_ONCE = 10  # in one product: 10 x 10,000 tracks x 12 features are 10 MB
_EXCEEDED = "genre int, feature int, n bigint"
_ROUNDING = 1e-12  # a permuted difference that equals the observed one may differ in its last digits


def n_chunks(permutations: int) -> int:
    """How many rows ``chunks`` needs for so many permutations."""
    return -(-permutations // _PER_CHUNK)


def exceedances(
    chunks: DataFrame, *, values: np.ndarray, labels: np.ndarray, permutations: int, seed: int
) -> DataFrame:
    """How many permutations separate a genre from the rest at least as far as its own tracks do.

    Tracks are permuted as a whole, so genres keep their sizes and overlaps, and features their correlations. A
    product of the labels with permuted values gives all genres and features of several permutations at once. Each
    chunk draws from its own generator, so the result does not depend on how chunks are spread over tasks.

    Args:
        chunks: One row per number in ``[0, n_chunks(permutations))`` ``[chunk]``.
        values: Scaled features of the sampled tracks, shape (n_tracks, n_features); NaN is left out.
        labels: Membership, shape (n_tracks, n_genres), 0 or 1.
        permutations: How many to draw.
        seed: Of the generators.

    Returns:
        Key ``genre, feature`` (positions) ``[genre, feature, n]``.
    """

    def draw(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        test = _Test.of(values, labels)
        for batch in batches:
            for chunk in batch[CHUNK]:
                size = min(_PER_CHUNK, permutations - int(chunk) * _PER_CHUNK)
                yield _rows(test.draw(draw_seed=(seed, int(chunk)), size=size))

    return chunks.mapInPandas(draw, _EXCEEDED).groupBy("genre", "feature").agg(F.sum("n").alias("n"))


def observed_distance(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Size of the difference between genre and rest in the sample, shape (n_genres, n_features); NaN where one side
    holds no value.
    """
    return _Test.of(values, labels).observed


@dataclass(frozen=True)
class _Test:
    """What all permutations share: sums and counts of the whole sample do not change when labels move.

    Attributes:
        labels: Shape (n_genres, n_tracks).
        columns: The values with 0 for NaN, then 1 where a value is there for each feature that lacks some.
        incomplete: Positions of those features.
        total: Sum of each feature.
        n: Values of each feature.
    """

    labels: np.ndarray
    columns: np.ndarray
    incomplete: np.ndarray
    total: np.ndarray
    n: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray, labels: np.ndarray) -> _Test:
        import numpy as np

        is_there = ~np.isnan(values)
        filled, incomplete = np.where(is_there, values, 0.0), np.flatnonzero(~is_there.all(axis=0))
        columns = np.column_stack([filled, is_there[:, incomplete]])
        turned = np.ascontiguousarray(labels.T, dtype=float)
        return cls(turned, columns, incomplete, filled.sum(axis=0), is_there.sum(axis=0))

    @property
    def observed(self) -> np.ndarray:
        """Distances of the labels as they are, shape (n_genres, n_features)."""
        return self._distances((self.labels @ self.columns)[:, None, :])[:, 0, :]

    def draw(self, *, draw_seed: tuple[int, int], size: int) -> np.ndarray:
        """How many of ``size`` permutations reach the observed distances, shape (n_genres, n_features)."""
        import numpy as np

        generator, observed = np.random.default_rng(draw_seed), self.observed - _ROUNDING
        exceeded = np.zeros(observed.shape, dtype=np.int64)
        for start in range(0, size, _AT_ONCE):
            orders = [generator.permutation(len(self.columns)) for _ in range(min(_AT_ONCE, size - start))]
            permuted = self.columns[np.column_stack(orders)]
            products = self.labels @ permuted.reshape(len(self.columns), -1)
            products = products.reshape(len(self.labels), len(orders), -1)
            exceeded += (self._distances(products) >= observed[:, None, :]).sum(axis=1)
        return exceeded

    def _distances(self, products: np.ndarray) -> np.ndarray:
        """From sums and counts of shape (n_genres, n_permutations, n_columns)."""
        import numpy as np

        width = len(self.total)
        sums = products[..., :width]
        counts = np.empty_like(sums)
        counts[:] = self.labels.sum(axis=1)[:, None, None]
        counts[..., self.incomplete] = products[..., width:]
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.abs(sums / counts - (self.total - sums) / (self.n - counts))


def p_values(exceeded: np.ndarray, *, permutations: int) -> np.ndarray:
    """``(exceeded + 1) / (permutations + 1)``: the observed labelling is one of the permutations (Davison, Hinkley)."""
    return (exceeded + 1) / (permutations + 1)


def _rows(exceeded: np.ndarray) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    genre, feature = (index.ravel() for index in np.indices(exceeded.shape))
    return pd.DataFrame({"genre": genre, "feature": feature, "n": exceeded.ravel()})
