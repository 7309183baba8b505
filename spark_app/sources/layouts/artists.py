"""Artists with their genres, in either list dialect: the header is the same, so the cells decide."""

from __future__ import annotations

from spark_app.sources.layouts.base import BRACES, Layout

LAYOUT = Layout(
    name="artists",
    kind="artists",
    columns={
        "artist_id": ("id",),
        "artist_name": ("name",),
        "genres": ("genres",),
        "popularity": ("popularity",),
        "followers": ("followers",),
    },
    required=("artist_id", "artist_name", "genres"),
    lists=BRACES,
)
