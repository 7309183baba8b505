"""Hits and flops by decade: no genres; the id is a uri, ``spotify:track:<id>``, which curation shortens."""

from __future__ import annotations

from spark_app.sources.layouts.base import AUDIO_HEADERS, Layout

LAYOUT = Layout(
    name="hit_predictor",
    kind="tracks",
    columns={
        "track_id": ("uri",),
        "track_name": ("track",),
        "artist_names": ("artist",),
        **AUDIO_HEADERS,
        "time_signature": ("time_signature",),
    },
    required=("track_id", "track_name", "artist_names"),
    ignored=frozenset({"chorus_hit", "sections", "target", "decade"}),
)
