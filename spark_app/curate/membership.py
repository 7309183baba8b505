"""Which track belongs to which genre group."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.columns import GENRE_GROUP, TRACK_ID, UNKNOWN


def group_members(tracks: DataFrame, track_genres: DataFrame) -> DataFrame:
    """One row per track and genre group, key both ``[track_id, genre_group]``.

    Args:
        tracks: One row per track, key ``track_id``.
        track_genres: One row per track and raw genre ``[track_id, genre_group]``.

    Returns:
        A track with several groups has several rows; one without any genre has one row, in ``unknown``.
        Genres of ids that ``tracks`` lacks are left out.
    """
    groups = track_genres.select(TRACK_ID, GENRE_GROUP).distinct()
    ids = tracks.select(TRACK_ID)
    return ids.join(groups, on=TRACK_ID, how="left").select(
        TRACK_ID, F.coalesce(GENRE_GROUP, F.lit(UNKNOWN)).alias(GENRE_GROUP)
    )
