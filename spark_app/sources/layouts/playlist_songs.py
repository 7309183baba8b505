"""Songs found in genre playlists (``spotify_songs.csv``): one row per song and playlist, so ids repeat."""

from __future__ import annotations

from spark_app.sources.layouts.base import AUDIO_HEADERS, Layout

LAYOUT = Layout(
    name="playlist_songs",
    kind="tracks",
    columns={
        "track_id": ("track_id",),
        "track_name": ("track_name",),
        "artist_names": ("track_artist",),
        "album_id": ("track_album_id",),
        "album_name": ("track_album_name",),
        "release_date": ("track_album_release_date",),
        "popularity": ("track_popularity",),
        **AUDIO_HEADERS,
        "genre": ("playlist_genre",),
        "subgenre": ("playlist_subgenre",),
    },
    required=("track_id", "track_name", "artist_names", "genre"),
    ignored=frozenset({"playlist_name", "playlist_id"}),
)
