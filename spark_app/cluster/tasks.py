"""K-Means of groups that fit a task: scikit-learn inside one Arrow task a group.

A loop over Spark ML's KMeans costs some ten jobs per group whatever its size; here all groups together are one job.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame

from spark_app.cluster.choice import chosen_k, stability
from spark_app.cluster.kmeans import count_distinct, fitted_clusters, one_thread, squared_to_own
from spark_app.cluster.plan import ClusterPlan, seed_of
from spark_app.cluster.rows import CLUSTERED, exemplars_of, standardised
from spark_app.columns import ARTIST_ID, AUDIO12_Z, CLUSTER, DISTANCE, GENRE_GROUP, TRACK_ID
from spark_app.features.samples import draw
from spark_app.similarity.groups import one_task_a_group

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

ENGINE = "scikit_learn"
_DRAW = "draw"


@dataclass(frozen=True)
class GroupFit:
    """The clusters of one group: labels (n,), centres (k, n_features), and what was found out on its sample."""

    labels: np.ndarray
    centres: np.ndarray
    k_score: float | None
    stability: float | None


def cluster_in_tasks(members: DataFrame, *, sizes: Mapping[str, int], plan: ClusterPlan) -> DataFrame:
    """Rows of ``CLUSTERED``, one per member.

    Args:
        members: One row per track and group, no nulls but in ``artist_id``
            ``[track_id, genre_group, artist_id, *AUDIO12_Z]``.
        sizes: Members per group, the biggest first: it has a task of its own and starts first.
        plan: Of the clustering.
    """

    def fit(group: pd.DataFrame) -> pd.DataFrame:
        group = group.sort_values(TRACK_ID, ignore_index=True)
        vectors = group[list(AUDIO12_Z)].to_numpy(float)
        sample = vectors[_sampled(group[_DRAW].to_numpy(), plan.sample_rows)]
        with one_thread():
            fitted = fitted_group(vectors, sample, plan=plan, seed=seed_of(group[GENRE_GROUP].iloc[0], plan.seed))
        return _rows(group, vectors, fitted, plan.exemplars)

    columns = [TRACK_ID, GENRE_GROUP, ARTIST_ID, *AUDIO12_Z]
    drawn = members.select(*columns, draw(TRACK_ID, seed=plan.seed).alias(_DRAW))
    return one_task_a_group(drawn, sizes=sizes).groupBy("slot", GENRE_GROUP).applyInPandas(fit, CLUSTERED)


def fitted_group(vectors: np.ndarray, sample: np.ndarray, *, plan: ClusterPlan, seed: int) -> GroupFit:
    """Choose the number of clusters, fit them, and see how far other seeds agree."""
    choice = chosen_k(sample, n_distinct=lambda: count_distinct(vectors), plan=plan, seed=seed)
    labels, centres = fitted_clusters(vectors, k=choice.k, starts=plan.starts, seed=seed)
    return GroupFit(labels, centres, choice.score, stability(sample, k=choice.k, plan=plan, seed=seed))


def _sampled(draws: np.ndarray, rows: int) -> np.ndarray:
    """Positions of the ``rows`` smallest numbers, ascending; of equal ones the first, which has the smallest id."""
    import numpy as np

    return np.sort(np.argsort(draws, kind="stable")[:rows])


def _rows(group: pd.DataFrame, vectors: np.ndarray, fitted: GroupFit, n_exemplars: int) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    labels, centres, k = fitted.labels, fitted.centres, len(fitted.centres)
    squared = squared_to_own(vectors, labels, centres)
    rows = group[[TRACK_ID, GENRE_GROUP]].assign(**{CLUSTER: labels, DISTANCE: np.sqrt(squared)})
    artist = group[ARTIST_ID].fillna(group[TRACK_ID])  # without an artist a track stands alone
    exemplars = exemplars_of(rows.assign(artist=artist), n=n_exemplars)
    # Equal bounds decide, not the deviation: the mean of ten times 0.1 is not 0.1 in floating point.
    std = np.where(np.ptp(vectors, axis=0) > 0, vectors.std(axis=0), 0.0)
    cards = pd.DataFrame(
        {
            TRACK_ID: [ids[0] for ids in exemplars],
            "k": k,
            "n_tracks": np.bincount(labels, minlength=k),
            "inertia": np.bincount(labels, weights=squared, minlength=k),
            "centre": list(centres),
            "profile": list(standardised(centres, mean=vectors.mean(axis=0), std=std)),
            "exemplars": exemplars,
            "k_score": fitted.k_score,
            "stability": fitted.stability,
            "engine": ENGINE,
        }
    )
    joined = rows.merge(cards.astype({"k": "Int32", "n_tracks": "Int64"}), on=TRACK_ID, how="left")
    # The join leaves NaN where a row is no exemplar; Arrow wants null in columns of arrays and text.
    for name in ("centre", "profile", "exemplars", "engine"):
        joined[name] = joined[name].astype(object).where(joined[name].notna(), None)
    return joined
