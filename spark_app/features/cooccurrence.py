"""Which tracks stand together in playlists more often than chance: item-item ground truth out of real listening."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_app.columns import PLAYLIST_ID, TRACK_ID

OTHER_ID = "other_id"
N_PLAYLISTS = "n_playlists"
LIFT = "lift"
PMI = "pmi"


def cooccurrence(playlist_tracks: DataFrame, *, min_count: int, max_tracks: int, seed: int) -> DataFrame:
    """Pairs of tracks that share playlists, with lift and pointwise mutual information.

    ``lift = n(a, b) N / (n(a) n(b))`` and ``pmi = log2(lift)``, where N counts the playlists with a track of the
    catalogue, n those that hold a track, or both of a pair. Independent tracks have lift 1 and pmi 0. A pair is
    relevant or not, by a threshold of lift or pmi that the caller sets. Near-twins are pairs like others; who does not
    want them leaves them out.

    Args:
        playlist_tracks: ``[playlist_id, track_id]``; rows with a null ``track_id`` and further columns do not count,
            a track that stands twice in a playlist counts once. Read twice.
        min_count: Fewest playlists that a pair shares, at least 1.
        max_tracks: Tracks of a playlist that count; of a longer one a hashed sample, because its pairs grow with the
            square and say ever less. A playlist gives at most ``max_tracks (max_tracks - 1) / 2`` pairs.
        seed: Of the sample.

    Returns:
        Key ``track_id, other_id``, each pair both ways round ``[track_id, other_id, n_playlists, lift (0, inf), pmi]``;
        empty where no pair is frequent enough.
    """
    entries = _bounded(playlist_tracks, max_tracks=max_tracks, seed=seed)
    n_playlists = entries.agg(F.count_distinct(PLAYLIST_ID).alias("_all"))
    # A track that stands in fewer playlists is part of no pair that counts; most tracks fall here.
    frequent = entries.groupBy(TRACK_ID).agg(F.count(F.lit(1)).alias("_n")).where(F.col("_n") >= min_count)
    baskets = (
        entries.join(frequent.select(TRACK_ID), on=TRACK_ID, how="left_semi")
        .groupBy(PLAYLIST_ID)
        .agg(F.array_sort(F.collect_list(TRACK_ID)).alias("_tracks"))
    )
    pairs = _pairs(baskets).groupBy("_a", "_b").agg(F.count(F.lit(1)).alias(N_PLAYLISTS))
    counted = pairs.where(F.col(N_PLAYLISTS) >= min_count).crossJoin(F.broadcast(n_playlists))
    for side in ("_a", "_b"):
        of_side = frequent.select(F.col(TRACK_ID).alias(side), F.col("_n").alias(f"_n{side}"))
        counted = counted.join(of_side, on=side, how="inner")
    lift = F.col(N_PLAYLISTS) * F.col("_all") / (F.col("_n_a").cast("double") * F.col("_n_b"))
    measured = counted.withColumn(LIFT, lift).withColumn(PMI, F.log2(LIFT))
    both = F.explode(F.array(_ways("_a", "_b"), _ways("_b", "_a"))).alias("_way")
    return measured.select(both, N_PLAYLISTS, LIFT, PMI).select("_way.*", N_PLAYLISTS, LIFT, PMI)


def _bounded(playlist_tracks: DataFrame, *, max_tracks: int, seed: int) -> DataFrame:
    """One row per playlist and track of it that counts, key both ``[playlist_id, track_id]``."""
    entries = playlist_tracks.select(PLAYLIST_ID, TRACK_ID).dropna().distinct()
    drawn = F.xxhash64(PLAYLIST_ID, TRACK_ID, F.lit(seed))
    place = F.row_number().over(Window.partitionBy(PLAYLIST_ID).orderBy(drawn, TRACK_ID))
    return entries.withColumn("_place", place).where(F.col("_place") <= max_tracks).drop("_place")


def _pairs(baskets: DataFrame) -> DataFrame:
    """Every pair ``_a < _b`` of each basket of sorted tracks."""
    first = baskets.select(F.posexplode("_tracks").alias("_at", "_a"), "_tracks")
    rest = F.slice("_tracks", F.col("_at") + 2, F.size("_tracks"))
    return first.select("_a", F.explode(rest).alias("_b"))


def _ways(one: str, other: str) -> Column:
    return F.struct(F.col(one).alias(TRACK_ID), F.col(other).alias(OTHER_ID))
