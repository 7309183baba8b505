"""The 600,000-track dataset: Python lists, ``id_artists``, no album, sometimes a row index in front."""

from __future__ import annotations

from spark_app.sources.layouts.base import AUDIO_HEADERS, PYTHON, Layout

LAYOUT = Layout(
    name="tracks_artists_python",
    kind="tracks",
    columns={
        "track_id": ("id",),
        "track_name": ("name",),
        "artist_names": ("artists",),
        "artist_ids": ("id_artists",),
        "release_date": ("release_date",),
        "popularity": ("popularity",),
        "explicit": ("explicit",),
        **AUDIO_HEADERS,
        "time_signature": ("time_signature",),
    },
    required=("track_id", "track_name", "artist_names", "artist_ids"),
    lists=PYTHON,
)
