"""The built-in sample catalogue: every value is a function of the seed and a row id; ``spec`` says what it plants."""

from __future__ import annotations

from spark_app.sources.sample.artists import sample_artists
from spark_app.sources.sample.dirt import ARTIST_DIRT, TRACK_DIRT
from spark_app.sources.sample.lines import ARTISTS_HEADER, TRACKS_HEADER, artist_lines, track_lines
from spark_app.sources.sample.lyrics import sample_lyrics
from spark_app.sources.sample.playlists import playlist_rows, playlist_tastes, sample_playlists
from spark_app.sources.sample.tracks import sample_tracks
from spark_app.sources.sample.truth import truth

__all__ = [
    "ARTISTS_HEADER",
    "ARTIST_DIRT",
    "TRACKS_HEADER",
    "TRACK_DIRT",
    "artist_lines",
    "playlist_rows",
    "playlist_tastes",
    "sample_artists",
    "sample_lyrics",
    "sample_playlists",
    "sample_tracks",
    "track_lines",
    "truth",
]
