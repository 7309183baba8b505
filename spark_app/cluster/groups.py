"""K-Means in every genre group: a task for each group that fits one, Spark ML for those that do not."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.cluster.mllib import cluster_by_mllib
from spark_app.cluster.plan import ClusterPlan
from spark_app.cluster.tasks import cluster_in_tasks
from spark_app.columns import ARTIST_ID, ARTIST_IDS, GENRE_GROUP, TRACK_ID


def with_artists(members: DataFrame, tracks: DataFrame) -> DataFrame:
    """``members`` with ``artist_id``: the track's first artist, null where it has none.

    Args:
        members: ``[track_id, ...]``.
        tracks: One row per track, key ``track_id`` ``[track_id, artist_ids]``.
    """
    artists = tracks.select(TRACK_ID, F.get(ARTIST_IDS, F.lit(0)).alias(ARTIST_ID))
    return members.join(artists, on=TRACK_ID, how="left")


def cluster_groups(members: DataFrame, *, sizes: Mapping[str, int], plan: ClusterPlan) -> DataFrame:
    """One row per track and group with its cluster; the first exemplar's row carries the cluster's card.

    Groups above ``plan.task_rows`` are fitted by Spark ML at once, one after the other; the others when the rows are
    asked for, each in a task of its own, the biggest first.

    Args:
        members: One row per track and group, no nulls but in ``artist_id``
            ``[track_id, genre_group, artist_id, *AUDIO12_Z]``.
        sizes: Members per group, the biggest first.
        plan: Of the clustering. With the group's name its seed decides on the starts, so that a group's clusters do
            not depend on other groups.

    Returns:
        Key ``track_id, genre_group`` ``[track_id, genre_group, cluster (from 0), distance (to its centre, z units),
        k, n_tracks, inertia, centre, profile, exemplars, k_score, stability, engine]``. All from ``k`` on are null but
        for the first exemplar, the member nearest to the centre, the smallest id among equals. They hold

        - of the group: its number of clusters, its silhouette (``choice.Choice``), the agreement of seeds
          (``choice.stability``), and who fitted it (``scikit_learn`` or ``mllib``);
        - of the cluster: its size, the sum of squared distances, the centre in the order of ``AUDIO12``, the centre
          as deviations from the group's mean in the group's standard deviations (0 where the group has one value),
          and the ids of ``plan.exemplars`` tracks, nearest first, with another artist each where there are as many.

        Clusters are numbered by falling size, then by centre. A group of one track is one cluster at distance 0; a
        group without members gives no row.
    """
    in_tasks = {group: n for group, n in sizes.items() if n <= plan.task_rows}
    large = {group: n for group, n in sizes.items() if n > plan.task_rows}
    parts = [
        cluster_by_mllib(members.where(F.col(GENRE_GROUP) == group), group=group, n_members=n, plan=plan)
        for group, n in large.items()
    ]
    if in_tasks or not large:
        others = members.where(~F.col(GENRE_GROUP).isin(*large)) if large else members
        parts.append(cluster_in_tasks(others, sizes=in_tasks, plan=plan))
    return reduce(DataFrame.unionByName, parts)
