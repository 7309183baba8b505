"""Ranked lists for every track, from its neighbours over all its genre groups."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_app.columns import ARTIST_ID, ARTIST_IDS, CLUSTER, DISTANCE, GENRE_GROUP, NEIGHBOUR_ID, RANK, TRACK_ID
from spark_app.recommend.reasons import described_features, reason

SEED_ID = "seed_id"
VARIANT_GROUP = "variant_group"
SAME_CLUSTER = "same_cluster"
SCORE = "score"
# A shared cluster outweighs the difference between distances 1.0 and 1.2, no more.
SAME_CLUSTER_BONUS = 0.05


def candidates(neighbours: DataFrame, clusters: DataFrame) -> DataFrame:
    """One row per seed and candidate, key both ``[seed_id, track_id, genre_group, distance, same_cluster, score]``.

    Args:
        neighbours: One row per track, group and rank ``[track_id, genre_group, neighbour_id, distance]``.
        clusters: One row per track and group, key both ``[track_id, genre_group, cluster]``; may be empty.

    Returns:
        Of the groups that two tracks share, one where they are in the same cluster, else the first by name. ``score``
        is 1 / (1 + distance), and 0.05 more in the same cluster: (0, 1.05]. A group without clusters gives false.
    """
    of_track = clusters.select(TRACK_ID, GENRE_GROUP, F.col(CLUSTER).alias("_seed_cluster"))
    of_neighbour = clusters.select(
        F.col(TRACK_ID).alias(NEIGHBOUR_ID), GENRE_GROUP, F.col(CLUSTER).alias("_other_cluster")
    )
    same_cluster = F.coalesce(F.col("_seed_cluster") == F.col("_other_cluster"), F.lit(False))
    pairs = (
        neighbours.join(of_track, on=[TRACK_ID, GENRE_GROUP], how="left")
        .join(of_neighbour, on=[NEIGHBOUR_ID, GENRE_GROUP], how="left")
        .select(TRACK_ID, NEIGHBOUR_ID, GENRE_GROUP, DISTANCE, same_cluster.alias(SAME_CLUSTER))
    )
    # z-scores are global, so two tracks are equally far apart in every group they share.
    best = F.min(F.struct(DISTANCE, (~F.col(SAME_CLUSTER)).alias("_other"), GENRE_GROUP))
    return (
        pairs.groupBy(TRACK_ID, NEIGHBOUR_ID)
        .agg(best.alias("best"))
        .select(
            F.col(TRACK_ID).alias(SEED_ID),
            F.col(NEIGHBOUR_ID).alias(TRACK_ID),
            f"best.{GENRE_GROUP}",
            f"best.{DISTANCE}",
            (~F.col("best._other")).alias(SAME_CLUSTER),
            _score(F.col(f"best.{DISTANCE}"), ~F.col("best._other")).alias(SCORE),
        )
    )


def _score(distance: Column, same_cluster: Column) -> Column:
    bonus = F.when(same_cluster, F.lit(SAME_CLUSTER_BONUS)).otherwise(F.lit(0.0))
    return F.lit(1.0) / (F.lit(1.0) + distance) + bonus


def described_tracks(tracks: DataFrame, variants: DataFrame, audio: DataFrame) -> DataFrame:
    """One row per track, key ``track_id`` ``[track_id, artist_id, variant_group, features]``.

    Args:
        tracks: ``[track_id, artist_ids]``; the first artist counts, a track without one counts as its own artist.
        variants: Near-twins, key ``track_id`` ``[track_id, variant_group]``; a track without a row has none.
        audio: ``features.audio``, key ``track_id``.
    """
    return (
        tracks.select(TRACK_ID, F.coalesce(F.get(ARTIST_IDS, F.lit(0)), F.col(TRACK_ID)).alias(ARTIST_ID))
        .join(variants.select(TRACK_ID, VARIANT_GROUP), on=TRACK_ID, how="left")
        .join(audio.select(TRACK_ID, described_features().alias("features")), on=TRACK_ID, how="inner")
        .withColumn(VARIANT_GROUP, F.coalesce(VARIANT_GROUP, TRACK_ID))
    )


def recommendations(pairs: DataFrame, described: DataFrame, *, k: int, max_per_artist: int) -> DataFrame:
    """The ranked list of each seed.

    Args:
        pairs: From ``candidates``.
        described: From ``described_tracks``; both tracks of a pair are in it.
        k: Length of a list, shorter where candidates run out.
        max_per_artist: Tracks of one first artist in a list.

    Returns:
        Key ``seed_id, rank`` ``[seed_id, rank (from 1), track_id, score, genre_group, same_cluster, reason]``, by
        score, then id. No near-twin of the seed, and of several near-twins only the best.
    """
    seed = described.select(
        F.col(TRACK_ID).alias(SEED_ID),
        F.col(ARTIST_ID).alias("_seed_artist"),
        F.col(VARIANT_GROUP).alias("_seed_variant"),
        F.col("features").alias("_seed_features"),
    )
    known = pairs.join(seed, on=SEED_ID, how="inner").join(described, on=TRACK_ID, how="inner")
    fresh = known.where(F.col(VARIANT_GROUP) != F.col("_seed_variant"))
    return _ranked(fresh, k=k, max_per_artist=max_per_artist).select(
        SEED_ID,
        RANK,
        TRACK_ID,
        SCORE,
        GENRE_GROUP,
        SAME_CLUSTER,
        reason(
            F.col("_seed_features"),
            F.col("features"),
            same_artist=F.col(ARTIST_ID) == F.col("_seed_artist"),
            same_cluster=F.col(SAME_CLUSTER),
        ).alias("reason"),
    )


def _ranked(pairs: DataFrame, *, k: int, max_per_artist: int) -> DataFrame:
    def place(*columns: str) -> Column:
        return F.row_number().over(Window.partitionBy(SEED_ID, *columns).orderBy(F.desc(SCORE), TRACK_ID))

    # Rows of a seed lie together from here on: Spark plans the three windows without another shuffle.
    together = pairs.repartition(SEED_ID)
    return (
        together.withColumn("_of_recording", place(VARIANT_GROUP))
        .where(F.col("_of_recording") == 1)
        .withColumn("_of_artist", place(ARTIST_ID))
        .where(F.col("_of_artist") <= max_per_artist)
        .withColumn(RANK, place())
        .where(F.col(RANK) <= k)
    )
