"""The rows that both ways of clustering give: members with their clusters, and the card on an exemplar's row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spark_app.columns import CLUSTER, DISTANCE, GENRE_GROUP, TRACK_ID

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

# Null but on the row of a cluster's first exemplar.
CARD_COLUMNS = {
    "k": "int",
    "n_tracks": "bigint",
    "inertia": "double",
    "centre": "array<double>",
    "profile": "array<double>",
    "exemplars": "array<string>",
    "k_score": "double",
    "stability": "double",
    "engine": "string",
}
MEMBER_COLUMNS = {TRACK_ID: "string", GENRE_GROUP: "string", CLUSTER: "int", DISTANCE: "double"}
CLUSTERED = ", ".join(f"{name} {kind}" for name, kind in {**MEMBER_COLUMNS, **CARD_COLUMNS}.items())


def standardised(centres: np.ndarray, *, mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    """Centres as deviations from the group's mean in its standard deviations, shape (k, n_features).

    Args:
        centres: Shape (k, n_features).
        mean: Of the group, shape (n_features,).
        std: Population standard deviations of the group; a feature where it is 0 gives 0.
    """
    import numpy as np

    is_varied = std > 0
    deviations: np.ndarray = np.where(is_varied, (centres - mean) / np.where(is_varied, std, 1.0), 0.0)
    return deviations


def exemplars_of(members: pd.DataFrame, *, n: int) -> list[list[str]]:
    """Ids of the ``n`` tracks that stand for each cluster, the nearest first, equal distances by id.

    A further track of an artist comes only where the cluster has fewer than ``n`` artists.

    Args:
        members: ``[track_id, artist, cluster, distance]``, by ``track_id``.
        n: At least 1.

    Returns:
        One list per cluster, in the order of the clusters.
    """
    ranked = members.sort_values([CLUSTER, DISTANCE], kind="stable", ignore_index=True)
    ranked["is_repeat"] = ranked.duplicated([CLUSTER, "artist"])
    chosen = ranked.sort_values([CLUSTER, "is_repeat"], kind="stable").groupby(CLUSTER).head(n)
    return list(chosen.sort_index().groupby(CLUSTER)[TRACK_ID].agg(list))
