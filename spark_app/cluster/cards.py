"""The two tables of a clustering: who is where, and what each cluster is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.cluster.rows import CARD_COLUMNS
from spark_app.cluster.words import in_words
from spark_app.columns import CLUSTER, DISTANCE, GENRE_GROUP, TRACK_ID

VERSION = "version"
CENTRE_RAW = "centre_raw"
Card = dict[str, Any]


def assignments(clustered: DataFrame, *, version: int) -> DataFrame:
    """One row per track and group, key both ``[track_id, genre_group, cluster, distance (z units), version]``."""
    return clustered.select(TRACK_ID, GENRE_GROUP, CLUSTER, DISTANCE, F.lit(version).alias(VERSION))


def exemplar_rows(clustered: DataFrame) -> DataFrame:
    """One row per cluster, key ``genre_group, cluster`` ``[genre_group, cluster, k, n_tracks ...]``, from the rows of
    ``cluster_groups`` that carry a card.
    """
    return clustered.where(F.col("k").isNotNull()).select(GENRE_GROUP, CLUSTER, *CARD_COLUMNS)


def cluster_cards(
    found: Iterable[Mapping[str, Any]], *, means: Sequence[float | None], deviations: Sequence[float | None]
) -> list[Card]:
    """The cards of all clusters, by group and cluster; rows of ``models.cluster_cards`` but for their version.

    Args:
        found: Rows of ``exemplar_rows``.
        means: Of each feature over all tracks, in its unit and in the order of ``AUDIO12``: z-scores were made with it.
        deviations: Population standard deviations, likewise.

    Returns:
        What ``found`` holds and ``exemplar_id``; ``share`` of the group's tracks, (0, 1]; ``centre_raw``, the centre in
        the units of ``AUDIO12``; ``words`` on what tells the cluster from its group.
    """
    rows = sorted(found, key=lambda row: (row[GENRE_GROUP], row[CLUSTER]))
    n_tracks: dict[str, int] = defaultdict(int)
    for row in rows:
        n_tracks[row[GENRE_GROUP]] += row["n_tracks"]
    return [
        {
            **{name: row[name] for name in (GENRE_GROUP, CLUSTER, *CARD_COLUMNS)},
            "exemplar_id": row["exemplars"][0],
            "share": row["n_tracks"] / n_tracks[row[GENRE_GROUP]],
            CENTRE_RAW: [
                (mean or 0.0) + (std or 0.0) * z for mean, std, z in zip(means, deviations, row["centre"], strict=True)
            ],
            "words": in_words(row["profile"]),
        }
        for row in rows
    ]
