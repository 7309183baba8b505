"""The 114-genre dataset: one row per track and genre, artists separated by semicolons."""

from __future__ import annotations

from spark_app.sources.layouts.base import AUDIO_HEADERS, SEMICOLON, Layout

LAYOUT = Layout(
    name="genre_114",
    kind="tracks",
    columns={
        "track_id": ("track_id",),
        "track_name": ("track_name",),
        "artist_names": ("artists",),
        "album_name": ("album_name",),
        "popularity": ("popularity",),
        "explicit": ("explicit",),
        **AUDIO_HEADERS,
        "time_signature": ("time_signature",),
        "genre": ("track_genre",),
    },
    required=("track_id", "track_name", "artist_names", "genre"),
    lists=SEMICOLON,
)
