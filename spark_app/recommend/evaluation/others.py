"""What recommendations are measured beside: lists that anybody could make."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_app.columns import CLUSTER, DISTANCE, GENRE_GROUP, NEIGHBOUR_ID, POPULARITY, RANK, TRACK_ID
from spark_app.recommend.candidates import SEED_ID


def members_of_cluster(clusters: DataFrame, seeds: DataFrame, *, length: int, seed: int) -> DataFrame:
    """Random members of the seed's cluster: what document 004 recommends.

    The members of a cluster stand in a hashed order, and a seed gets those that follow it there, the first ones after
    the last: without repetition, never itself, and every set as likely as any other.

    Args:
        clusters: Key both ``[track_id, genre_group, cluster]``.
        seeds: Key ``seed_id`` ``[seed_id, genre_group]``: in which group's cluster.
        length: Members a seed; a smaller cluster gives all others.
        seed: Of the order.

    Returns:
        Key ``seed_id, rank`` ``[seed_id, rank (from 1), track_id]``.
    """
    order = Window.partitionBy(GENRE_GROUP, CLUSTER).orderBy(F.xxhash64(TRACK_ID, F.lit(seed)), TRACK_ID)
    whole = Window.partitionBy(GENRE_GROUP, CLUSTER)
    placed = clusters.select(
        TRACK_ID,
        GENRE_GROUP,
        CLUSTER,
        (F.row_number().over(order) - 1).alias("_place"),
        F.count("*").over(whole).cast("int").alias("_size"),
    )
    asked = placed.withColumnRenamed(TRACK_ID, SEED_ID).join(seeds, on=[SEED_ID, GENRE_GROUP], how="left_semi")
    steps = F.sequence(F.lit(1), F.least(F.lit(length), F.col("_size") - 1))
    wanted = asked.where(F.col("_size") > 1).select(
        SEED_ID, GENRE_GROUP, CLUSTER, "_place", "_size", F.explode(steps).alias(RANK)
    )
    found = wanted.withColumn("_place", (F.col("_place") + F.col(RANK)) % F.col("_size")).drop("_size")
    return found.join(placed.drop("_size"), on=[GENRE_GROUP, CLUSTER, "_place"]).select(SEED_ID, RANK, TRACK_ID)


def most_popular(tracks: DataFrame, seeds: DataFrame, *, length: int) -> DataFrame:
    """The same list for every seed: the most popular tracks, ties by id, without the seed itself.

    Args:
        tracks: ``[track_id, popularity]``; null popularity comes last.
        seeds: ``[seed_id]``.
        length: Of the lists.

    Returns:
        As ``members_of_cluster``.
    """
    top = tracks.orderBy(F.desc_nulls_last(POPULARITY), TRACK_ID).limit(length + 1).select(TRACK_ID, POPULARITY)
    pairs = seeds.select(SEED_ID).crossJoin(F.broadcast(top)).where(F.col(SEED_ID) != F.col(TRACK_ID))
    return _first(pairs, [F.desc_nulls_last(POPULARITY), F.col(TRACK_ID)], length)


def nearest(neighbours: DataFrame, seeds: DataFrame, *, length: int) -> DataFrame:
    """The nearest tracks over all groups of the seed, nothing else considered.

    Args:
        neighbours: One row per track, group and rank ``[track_id, genre_group, neighbour_id, distance]``.
        seeds: ``[seed_id]``.
        length: Of the lists.

    Returns:
        As ``members_of_cluster``.
    """
    pairs = (
        neighbours.withColumnsRenamed({TRACK_ID: SEED_ID, NEIGHBOUR_ID: TRACK_ID})
        .join(seeds.select(SEED_ID), on=SEED_ID, how="left_semi")
        .groupBy(SEED_ID, TRACK_ID)
        .agg(F.min(DISTANCE).alias(DISTANCE))
    )
    return _first(pairs, [F.col(DISTANCE), F.col(TRACK_ID)], length)


def _first(pairs: DataFrame, order: Sequence[Column], length: int) -> DataFrame:
    place = F.row_number().over(Window.partitionBy(SEED_ID).orderBy(*order))
    return pairs.withColumn(RANK, place).where(F.col(RANK) <= length).select(SEED_ID, RANK, TRACK_ID)
