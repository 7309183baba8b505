"""K-Means per genre group: scikit-learn inside one grouped Arrow task a group.

A loop over Spark ML's KMeans costs some ten jobs per group whatever its size; here every group, big or tiny, is one
task of one job.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame

from spark_app.columns import AUDIO12_Z, CLUSTER, DISTANCE, GENRE_GROUP, TRACK_ID

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_SCHEMA = (
    f"{TRACK_ID} string, {GENRE_GROUP} string, {CLUSTER} int, {DISTANCE} double, "
    "k int, n_tracks bigint, inertia double, centre array<double>"
)


def cluster_groups(members: DataFrame, *, k: int, starts: int, seed: int) -> DataFrame:
    """One row per track and group with its cluster; the exemplar's row carries the cluster's card.

    Args:
        members: One row per track and group, no nulls ``[track_id, genre_group, *AUDIO12_Z]``.
        k: Clusters per group; a group of fewer distinct vectors has as many clusters as these.
        starts: k-means++ starts; the one with the smallest inertia stays.
        seed: With the group's name it seeds the starts, so that a group's clusters do not depend on other groups.

    Returns:
        Key ``track_id, genre_group`` ``[track_id, genre_group, cluster (from 0), distance (to its centre, z units),
        k, n_tracks, inertia, centre]``. The last four are null but for the exemplar, the member nearest to the
        centre, the smallest id among equals: they hold the group's number of clusters, and of the cluster its size,
        the sum of squared distances and the centre in the order of ``AUDIO12``. Clusters are numbered by falling
        size, then by centre. A group of one track is one cluster at distance 0.
    """

    def fit(group: pd.DataFrame) -> pd.DataFrame:
        group = group.sort_values(TRACK_ID, ignore_index=True)
        vectors = group[list(AUDIO12_Z)].to_numpy(float)
        name = group[GENRE_GROUP].iloc[0]
        labels, centres = fitted_clusters(vectors, k=k, starts=starts, seed=seed_of(name, seed))
        return _rows(group, vectors, labels, centres)

    columns = [TRACK_ID, GENRE_GROUP, *AUDIO12_Z]
    return members.select(*columns).groupBy(GENRE_GROUP).applyInPandas(fit, _SCHEMA)


def seed_of(name: str, seed: int) -> int:
    """A seed in [0, 2^32) from a group's name and the run's seed, the same on every machine.

    >>> seed_of("rock", 42) == seed_of("rock", 42), seed_of("rock", 42) == seed_of("pop", 42)
    (True, False)
    """
    return int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:4], "big")


def fitted_clusters(vectors: np.ndarray, *, k: int, starts: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """K-Means labels of shape (n,), and centres of shape (k, n_features), numbered by falling size, then by centre.

    Args:
        vectors: Finite float64 of shape (n, n_features), n at least 1, in the order of the ids.
        k: Clusters asked for; at most one per distinct vector is fitted.
        starts: k-means++ starts.
        seed: Of the starts.
    """
    import numpy as np
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    k = min(k, len(np.unique(vectors, axis=0)))
    # Spark runs one task per core; and one thread adds up in one order, so that a rerun agrees to the last digit.
    with threadpool_limits(limits=1):
        model = KMeans(n_clusters=k, n_init=starts, random_state=seed).fit(vectors)
    size = np.bincount(model.labels_, minlength=k)
    order = np.lexsort((*model.cluster_centers_.T[::-1], -size))
    number = np.empty(k, dtype=np.int32)
    number[order] = np.arange(k, dtype=np.int32)
    return number[model.labels_], model.cluster_centers_[order]


def _rows(group: pd.DataFrame, vectors: np.ndarray, labels: np.ndarray, centres: np.ndarray) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    squared = ((vectors - centres[labels]) ** 2).sum(axis=1)
    k = len(centres)
    # By (cluster, distance, id): the first row of each cluster is its exemplar.
    order = np.lexsort((np.arange(len(labels)), squared, labels))
    exemplar = order[np.searchsorted(labels[order], np.arange(k))]
    cards = pd.DataFrame(
        {
            "k": k,
            "n_tracks": np.bincount(labels, minlength=k),
            "inertia": np.bincount(labels, weights=squared, minlength=k),
            "centre": list(centres),
        },
        index=exemplar,
    )
    rows = group[[TRACK_ID, GENRE_GROUP]].assign(**{CLUSTER: labels, DISTANCE: np.sqrt(squared)})
    joined = rows.join(cards.astype({"k": "Int32", "n_tracks": "Int64"}))
    # The join leaves NaN where a row is no exemplar; Arrow wants null in a column of arrays.
    joined["centre"] = joined["centre"].where(joined["centre"].notna(), None)
    return joined
