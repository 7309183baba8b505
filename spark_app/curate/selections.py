"""The genre-partitioned table with its three selections of tracks (document 000)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_app.columns import (
    ARTIST_NAME,
    ARTIST_NAMES,
    AUDIO12,
    GENRE_GROUP,
    POPULARITY,
    TRACK_ID,
    TRACK_NAME,
    UNKNOWN,
)


@dataclass(frozen=True)
class GroupRanking:
    """Groups by size.

    Attributes:
        selectable: Groups that are large enough, largest first, without ``unknown``.
        written: Those and ``unknown``.
        too_small: Groups below the minimum with their number of tracks.
    """

    selectable: tuple[str, ...]
    written: tuple[str, ...]
    too_small: Mapping[str, int]


def ranked_groups(sizes: Mapping[str, int], *, min_tracks: int) -> GroupRanking:
    """Order groups by size, the largest first, ties by name; set aside those below ``min_tracks``.

    >>> ranked_groups({"pop": 5, "jazz": 9, "folk": 5, "funk": 1, "unknown": 50}, min_tracks=2).selectable
    ('jazz', 'folk', 'pop')
    """
    ordered = sorted(sizes, key=lambda group: (-sizes[group], group))
    written = tuple(group for group in ordered if sizes[group] >= min_tracks)
    return GroupRanking(
        selectable=tuple(group for group in written if group != UNKNOWN),
        written=written,
        too_small={group: sizes[group] for group in ordered if sizes[group] < min_tracks},
    )


def tracks_by_genre(
    tracks: DataFrame,
    pairs: DataFrame,
    ranking: GroupRanking,
    *,
    top_n: int,
    stratified_per_genre: int,
    stratified_genres: int,
    hybrid_top: int,
    hybrid_tail_per_genre: int,
    seed: int,
) -> DataFrame:
    """One row per track and group, with three selections, key ``[track_id, genre_group]``.

    Args:
        tracks: The columns of ``curated.tracks``, key ``track_id``.
        pairs: ``[track_id, genre_group]`` of ``members``.
        ranking: Groups by size.
        top_n: ``is_top_n``: all tracks of so many of the largest groups.
        stratified_per_genre: ``is_stratified``: at most so many tracks of each of ...
        stratified_genres: ... so many of the largest groups.
        hybrid_top: ``is_hybrid``: all tracks of so many of the largest groups ...
        hybrid_tail_per_genre: ... and at most so many of each other group.
        seed: Samples are the tracks with the smallest ``xxhash64(track_id, seed)`` of a group.

    Returns:
        The columns of ``curated.tracks_by_genre``. ``unknown`` is never selected; groups that are too small are left
        out.
    """
    drawn = Window.partitionBy(GENRE_GROUP).orderBy(F.xxhash64(TRACK_ID, F.lit(seed)), F.col(TRACK_ID))
    in_sample = pairs.where(F.col(GENRE_GROUP).isin(list(ranking.written))).withColumn(
        "_draw", F.row_number().over(drawn)
    )
    is_top = _in(ranking.selectable[:top_n])
    is_stratified = _in(ranking.selectable[:stratified_genres]) & (F.col("_draw") <= stratified_per_genre)
    is_tail = _in(ranking.selectable[hybrid_top:]) & (F.col("_draw") <= hybrid_tail_per_genre)
    return in_sample.join(tracks.drop(GENRE_GROUP), on=TRACK_ID, how="inner").select(
        TRACK_ID,
        GENRE_GROUP,
        TRACK_NAME,
        F.get(ARTIST_NAMES, F.lit(0)).alias(ARTIST_NAME),
        POPULARITY,
        "release_year",
        *AUDIO12,
        is_top.alias("is_top_n"),
        is_stratified.alias("is_stratified"),
        (_in(ranking.selectable[:hybrid_top]) | is_tail).alias("is_hybrid"),
    )


def _in(groups: Sequence[str]) -> Column:
    return F.col(GENRE_GROUP).isin(list(groups)) if groups else F.lit(False)
