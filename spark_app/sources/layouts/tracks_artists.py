"""Tracks whose artists and artist ids are brace lists, beside an artists file; the sample catalogue is written so."""

from __future__ import annotations

from spark_app.sources.layouts.base import AUDIO_HEADERS, BRACES, Layout

LAYOUT = Layout(
    name="tracks_artists",
    kind="tracks",
    columns={
        "track_id": ("id",),
        "track_name": ("name",),
        "artist_names": ("artists",),
        "artist_ids": ("artist_ids",),
        "album_id": ("album_id",),
        "album_name": ("album",),
        "release_date": ("release_date",),
        "popularity": ("popularity",),
        "explicit": ("explicit",),
        **AUDIO_HEADERS,
        "time_signature": ("time_signature",),
    },
    required=("track_id", "track_name", "artist_names", "artist_ids"),
    lists=BRACES,
    ignored=frozenset({"track_number", "disc_number", "year"}),
)
