"""``music_genre.csv``: ids such as ``32894.0``, pitch and mode as names; the id's ``.0`` falls in curation."""

from __future__ import annotations

from spark_app.sources.layouts.base import AUDIO_HEADERS, Layout

LAYOUT = Layout(
    name="music_genre",
    kind="tracks",
    columns={
        "track_id": ("instance_id",),
        "track_name": ("track_name",),
        "artist_names": ("artist_name",),
        "popularity": ("popularity",),
        **AUDIO_HEADERS,
        "genre": ("music_genre",),
    },
    required=("track_id", "track_name", "artist_names", "genre"),
    # The day a row was downloaded, without a year: no release date.
    ignored=frozenset({"obtained_date"}),
)
