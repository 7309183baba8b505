"""K-Means of one group in one process, by scikit-learn: labels, centres, distances."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def fitted_clusters(vectors: np.ndarray, *, k: int, starts: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """K-Means labels of shape (n,), and centres of shape (k, n_features), numbered by falling size, then by centre.

    Args:
        vectors: Finite float64 of shape (n, n_features), n at least 1, in the order of the ids.
        k: Clusters asked for; at most one per distinct vector is fitted.
        starts: k-means++ starts (Arthur and Vassilvitskii, 2007).
        seed: Of the starts.
    """
    from sklearn.cluster import KMeans

    k = at_most_distinct(k, vectors)
    model = KMeans(n_clusters=k, n_init=starts, random_state=seed).fit(vectors)
    return numbered(model.labels_, model.cluster_centers_)


def one_thread() -> AbstractContextManager[object]:
    """While it lasts, scikit-learn and NumPy use one thread.

    Spark runs one task per core, where several threads each would wait for one another (30 times as long on busy
    cores); and one thread adds up in one order, so that a rerun agrees to the last digit.
    """
    import sklearn.cluster  # only what has been loaded can be limited
    import sklearn.metrics  # noqa: F401
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[object] = threadpool_limits(limits=1)
    return limits


def at_most_distinct(k: int, vectors: np.ndarray) -> int:
    """``k``, or the number of distinct rows where these are fewer."""
    import numpy as np

    # The first rows nearly always tell.
    is_enough = len(np.unique(vectors[: 4 * k], axis=0)) >= k
    return k if is_enough else min(k, count_distinct(vectors))


def count_distinct(vectors: np.ndarray) -> int:
    """Distinct rows."""
    import pandas as pd

    return len(pd.DataFrame(vectors).drop_duplicates())


def numbered(labels: np.ndarray, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same clusters numbered by falling size, then by centre; those without a member are left out."""
    import numpy as np

    order = order_of(np.bincount(labels, minlength=len(centres)), centres)
    number = np.full(len(centres), -1, dtype=np.int32)
    number[order] = np.arange(len(order), dtype=np.int32)
    return number[labels], centres[order]


def order_of(sizes: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Positions of the clusters that have members, by falling size, then by centre."""
    import numpy as np

    order = np.lexsort((*centres.T[::-1], -sizes))
    return order[sizes[order] > 0]


def squared_distances(vectors: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Squared distances of shape (n, k).

    Features are added one by one, so that a distance does not depend on the batch it stands in.
    """
    import numpy as np

    total = np.zeros((len(vectors), len(centres)))
    for feature in range(vectors.shape[1]):
        total += (vectors[:, feature, None] - centres[None, :, feature]) ** 2
    return total


def squared_to_own(vectors: np.ndarray, labels: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Squared distance of each vector to the centre of its own cluster, shape (n,), as ``squared_distances`` adds."""
    import numpy as np

    total = np.zeros(len(vectors))
    for feature in range(vectors.shape[1]):
        total += (vectors[:, feature] - centres[labels, feature]) ** 2
    return total
