"""Playlists, a row or a JSON object for each track: slices of the Million Playlist Dataset, and its Parquet form.

That dataset is for research only and must not be passed on.
"""

from __future__ import annotations

from spark_app.sources.layouts.base import Layout

LAYOUT = Layout(
    name="playlist_tracks",
    kind="playlists",
    columns={
        "playlist_id": ("pid", "playlist_id"),
        "position": ("pos", "position"),
        "track_id": ("track_uri", "track_id"),
        "track_name": ("track_name",),
        "artist_id": ("artist_uri", "artist_id"),
        "artist_name": ("artist_name",),
        "duration_ms": ("duration_ms",),
        "duration_min": ("track_duration_min",),
    },
    required=("playlist_id", "position"),
    # The names of playlists are text of their users; nothing needs them.
    ignored=frozenset({"playlist_name", "album_name", "album_uri"}),
)
