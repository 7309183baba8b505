"""The layouts a catalogue file can have. A new one is a file in this folder and its name in the list below."""

from __future__ import annotations

from spark_app.sources.layouts import (
    artists,
    genre_114,
    hit_predictor,
    music_genre,
    playlist_songs,
    playlist_tracks,
    tracks_artists,
    tracks_artists_python,
)
from spark_app.sources.layouts.base import BRACES, JSON, PYTHON, SEMICOLON, SINGLE, Kind, Layout

CUSTOM = "custom"  # a user's own headers, named by sources.columns

LAYOUTS: dict[str, Layout] = {
    module.LAYOUT.name: module.LAYOUT
    for module in (
        tracks_artists,
        tracks_artists_python,
        playlist_songs,
        genre_114,
        hit_predictor,
        music_genre,
        artists,
        playlist_tracks,
    )
}
DIALECTS = (SINGLE, BRACES, PYTHON, JSON, SEMICOLON)

__all__ = ["CUSTOM", "DIALECTS", "LAYOUTS", "Kind", "Layout", "dialects_by_layout", "list_dialect", "row_layout"]


def row_layout(layout: Layout, dialect: str) -> str:
    """What the ``layout`` column of a raw row holds: the layout, and the list dialect where it is not the usual one.

    >>> row_layout(LAYOUTS["artists"], "braces"), row_layout(LAYOUTS["artists"], "python")
    ('artists', 'artists:python')
    """
    usual = layout.name != CUSTOM and dialect == layout.lists
    return layout.name if usual else f"{layout.name}:{dialect}"


def list_dialect(row_layout_name: str) -> str:
    """How lists are written in rows whose ``layout`` column holds ``row_layout_name``.

    >>> list_dialect("tracks_artists"), list_dialect("artists:python"), list_dialect("custom:single")
    ('braces', 'python', 'single')
    """
    name, _, dialect = row_layout_name.partition(":")
    return dialect or LAYOUTS[name].lists


def dialects_by_layout() -> dict[str, str]:
    """Every value that the ``layout`` column of a raw table can hold -> its list dialect."""
    plain = {name: layout.lists for name, layout in LAYOUTS.items()}
    marked = {f"{name}:{dialect}": dialect for name in (*LAYOUTS, CUSTOM) for dialect in DIALECTS}
    return {**plain, **marked}
