"""How far two tracks are apart, and the space in which FAISS looks for candidates.

==============  =======================================================  ==========================================
metric          distance, the smaller the nearer                         searched as squared Euclidean distance of
==============  =======================================================  ==========================================
euclidean       ``|x - y|``                                              the vectors, moved to their centre
cosine          ``1 - x·y / (|x| |y|)``; 1 where one of them is zero     unit vectors
inner_product   ``-x·y``                                                 ``(y, sqrt(M² - |y|²))`` for queries ``(x, 0)``
==============  =======================================================  ==========================================

M is the largest length of a vector. The last line is Bachrach et al. 2014, "Speeding up the Xbox recommender system
using a Euclidean transformation for inner-product spaces".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

EUCLIDEAN = "euclidean"
COSINE = "cosine"
INNER_PRODUCT = "inner_product"
METRICS = (EUCLIDEAN, COSINE, INNER_PRODUCT)


def prepared(vectors: np.ndarray, metric: str) -> np.ndarray:
    """Rows that distances are measured between: of unit length for ``cosine``, zero staying zero; else as they are.

    Minus zero becomes zero, so that equal vectors have equal bytes.
    """
    import numpy as np

    if metric != COSINE:
        return np.asarray(vectors, dtype=np.float64) + 0.0
    length = np.sqrt((vectors**2).sum(axis=1, keepdims=True))
    unit: np.ndarray = vectors / np.where(length > 0, length, 1.0) + 0.0
    return unit


def distances(left: np.ndarray, queries: np.ndarray, right: np.ndarray, rows: np.ndarray, metric: str) -> np.ndarray:
    """Float64 distances between ``left[queries]`` and ``right[rows]``, positions as broadcast.

    Features are added one by one, so that a distance does not depend on the size of the block it stands in.

    Args:
        left: Prepared rows of shape (n_left, n_features).
        queries: Positions in them.
        right: Prepared rows of shape (n_right, n_features).
        rows: Positions in them.
        metric: One of ``METRICS``.
    """
    import numpy as np

    total = np.zeros(np.broadcast_shapes(queries.shape, rows.shape))
    for feature in range(right.shape[1]):
        x, y = left[:, feature][queries], right[:, feature][rows]
        total += (x - y) ** 2 if metric == EUCLIDEAN else x * y
    if metric == EUCLIDEAN:
        root: np.ndarray = np.sqrt(total)
        return root
    return 1.0 - total if metric == COSINE else -total


class SearchSpace:
    """The float32 rows that an index holds, how its queries are made, and distances in float64 (``spaces.Space``).

    Args:
        rows: Prepared float64 rows of shape (n, n_features), n at least 1.
        metric: One of ``METRICS``.
    """

    farthest = float("inf")

    def __init__(self, rows: np.ndarray, metric: str) -> None:
        import numpy as np

        self.metric, self._exact_rows = metric, rows
        self._largest = float((rows**2).sum(axis=1).max()) if metric == INNER_PRODUCT else 0.0
        # Distances do not change when all is moved to the centre, but float32 errors shrink.
        self._centre = rows.mean(axis=0) if metric == EUCLIDEAN else np.zeros(rows.shape[1])
        self.rows = self._placed(rows, self._lifts(rows))

    def adopted(self, sought: np.ndarray) -> np.ndarray:
        """The same rows: vectors mean the same everywhere."""
        return sought

    def queries(self, sought: np.ndarray) -> np.ndarray:
        """Float32 queries from prepared rows."""
        import numpy as np

        return self._placed(sought, np.zeros(len(sought)))

    def distances(self, sought: np.ndarray, candidates: np.ndarray) -> np.ndarray:
        """See ``spaces.Space``."""
        import numpy as np

        return distances(sought, np.arange(len(sought))[:, None], self._exact_rows, candidates, self.metric)

    def to_all(self, sought: np.ndarray) -> np.ndarray:
        """See ``spaces.Space``."""
        import numpy as np

        return self.distances(sought, np.arange(len(self._exact_rows))[None])

    def reaches(self, sought: np.ndarray, distance: np.ndarray) -> np.ndarray:
        """Squared distances in this space that a candidate cannot fall below where it is farther than ``distance``.

        Args:
            sought: Prepared queries, of shape (n_queries, n_features).
            distance: Of the metric, of shape (n_queries,).

        Returns:
            The squared distance that ``distance`` stands for, and the largest error that float32 can make of it: with
            u = 2^-24, storing both vectors costs at most 2u(|x| + |y|)², and |x|² + |y|² - 2xy at most
            (n + 3)u(|x| + |y|)². The factor below is about twice their sum.
        """
        import numpy as np

        norm = np.sqrt(((sought - self._centre) ** 2).sum(axis=1))
        if self.metric == EUCLIDEAN:
            squared, reach = distance**2, 2 * norm + distance
        elif self.metric == COSINE:
            squared, reach = 2 * distance, 2 * np.ones(len(sought))
        else:
            squared, reach = norm**2 + self._largest + 2 * distance, norm + np.sqrt(self._largest)
        limit: np.ndarray = squared + (self.rows.shape[1] + 8) * 2.0**-23 * reach**2
        return limit

    def _lifts(self, rows: np.ndarray) -> np.ndarray:
        import numpy as np

        return np.sqrt(np.maximum(self._largest - (rows**2).sum(axis=1), 0.0))

    def _placed(self, rows: np.ndarray, lifts: np.ndarray) -> np.ndarray:
        import numpy as np

        moved = rows - self._centre
        if self.metric == INNER_PRODUCT:
            moved = np.column_stack([moved, lifts])
        return np.ascontiguousarray(moved, dtype=np.float32)
