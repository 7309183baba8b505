"""The two tables of a clustering: who is where, and what each cluster is."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.columns import CLUSTER, DISTANCE, GENRE_GROUP, TRACK_ID


def assignments(clustered: DataFrame) -> DataFrame:
    """One row per track and group, key both ``[track_id, genre_group, cluster, distance (z units)]``."""
    return clustered.select(TRACK_ID, GENRE_GROUP, CLUSTER, DISTANCE)


def cluster_cards(clustered: DataFrame) -> DataFrame:
    """One row per cluster, key ``genre_group, cluster``, from the rows of the exemplars.

    Args:
        clustered: From ``cluster_groups``.

    Returns:
        ``[genre_group, cluster, k, n_tracks, inertia, exemplar_id, centre]``.
    """
    return clustered.where(F.col("centre").isNotNull()).select(
        GENRE_GROUP, CLUSTER, "k", "n_tracks", "inertia", F.col(TRACK_ID).alias("exemplar_id"), "centre"
    )
