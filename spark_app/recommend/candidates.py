"""What can be recommended after a track, and what the choice among it has to know."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.columns import (
    ARTIST_ID,
    ARTIST_IDS,
    ARTIST_NAMES,
    AUDIO12_Z,
    CLUSTER,
    GENRE_GROUP,
    NEIGHBOUR_ID,
    TEMPO,
    TRACK_ID,
)

SEED_ID = "seed_id"
VARIANT_GROUP = "variant_group"
SAME_CLUSTER = "same_cluster"
Z = "z"


def candidates(neighbours: DataFrame, clusters: DataFrame) -> DataFrame:
    """One row per seed and candidate, key both ``[seed_id, track_id, genre_group, same_cluster]``.

    Args:
        neighbours: One row per track, group and rank ``[track_id, genre_group, neighbour_id]``.
        clusters: One row per track and group, key both ``[track_id, genre_group, cluster]``; may be empty.

    Returns:
        Of the groups that two tracks share, one where they are in the same cluster, else the first by name. A group
        without clusters gives false.
    """
    of_track = clusters.select(TRACK_ID, GENRE_GROUP, F.col(CLUSTER).alias("_seed_cluster"))
    of_neighbour = clusters.select(
        F.col(TRACK_ID).alias(NEIGHBOUR_ID), GENRE_GROUP, F.col(CLUSTER).alias("_other_cluster")
    )
    same_cluster = F.coalesce(F.col("_seed_cluster") == F.col("_other_cluster"), F.lit(False))
    pairs = (
        neighbours.join(of_track, on=[TRACK_ID, GENRE_GROUP], how="left")
        .join(of_neighbour, on=[NEIGHBOUR_ID, GENRE_GROUP], how="left")
        .select(TRACK_ID, NEIGHBOUR_ID, GENRE_GROUP, (~same_cluster).alias("_other"))
    )
    return (
        pairs.groupBy(TRACK_ID, NEIGHBOUR_ID)
        .agg(F.min(F.struct("_other", GENRE_GROUP)).alias("best"))
        .select(
            F.col(TRACK_ID).alias(SEED_ID),
            F.col(NEIGHBOUR_ID).alias(TRACK_ID),
            f"best.{GENRE_GROUP}",
            (~F.col("best._other")).alias(SAME_CLUSTER),
        )
    )


def described_tracks(tracks: DataFrame, variants: DataFrame, audio: DataFrame) -> DataFrame:
    """One row per track that has features, key ``track_id`` ``[track_id, artist_id, variant_group, tempo, z]``.

    Args:
        tracks: ``[track_id, artist_ids]``; the first artist counts, a track without one counts as its own artist.
        variants: Near-twins, key ``track_id`` ``[track_id, variant_group]``; a track without a row has none.
        audio: ``features.audio``, key ``track_id``; ``z`` is the array of its z-scores in the order of AUDIO12.
    """
    z = F.array(*AUDIO12_Z).alias(Z)
    return (
        tracks.select(TRACK_ID, F.coalesce(F.get(ARTIST_IDS, F.lit(0)), F.col(TRACK_ID)).alias(ARTIST_ID))
        .join(variants.select(TRACK_ID, VARIANT_GROUP), on=TRACK_ID, how="left")
        .join(audio.select(TRACK_ID, TEMPO, z), on=TRACK_ID, how="inner")
        .withColumn(VARIANT_GROUP, F.coalesce(VARIANT_GROUP, TRACK_ID))
    )


def allowed(tracks: DataFrame, *, without_artists: Sequence[str], without_tracks: Sequence[str]) -> DataFrame:
    """Tracks that may be recommended, key ``track_id`` ``[track_id]``.

    Args:
        tracks: ``[track_id, artist_names]``.
        without_artists: Names of artists, none of whom may be credited; case does not count.
        without_tracks: Ids.
    """
    names = [name.strip().lower() for name in without_artists]
    credited = F.coalesce(F.exists(ARTIST_NAMES, lambda name: F.lower(name).isin(names)), F.lit(False))
    return tracks.where(~credited & ~F.col(TRACK_ID).isin([*without_tracks])).select(TRACK_ID)
