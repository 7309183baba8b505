"""Which source set a table root belongs to: the name and the layouts, whatever the content or the path."""

from __future__ import annotations

import json

from spark_app.errors import UsageError


def source_set(name: str, *, tracks: str, artists: str = "") -> str:
    """The source set as the ledger holds it.

    Args:
        name: ``sources.name`` or its default.
        tracks: Layout of the tracks.
        artists: Layout of the artists, empty where there is no artists file.

    >>> source_set("tracks_69k", tracks="tracks_artists", artists="artists")
    '{"artists": "artists", "name": "tracks_69k", "tracks": "tracks_artists"}'
    """
    return json.dumps({"name": name, "tracks": tracks, "artists": artists}, sort_keys=True)


def artists_layout(known: str) -> str:
    """Layout of the artists of a source set, empty where it has none, or where no set is known.

    >>> artists_layout(source_set("mine", tracks="tracks_artists", artists="artists")), artists_layout("")
    ('artists', '')
    """
    return str(json.loads(known)["artists"]) if known else ""


def check_source_set(previous: str, current: str, *, replace: bool) -> None:
    """Pass where a root is new, belongs to the same source set, or may be taken over.

    Args:
        previous: The set that the root belongs to, empty where it is new.
        current: The set of this run.
        replace: ``sources.replace``.

    Raises:
        UsageError: Another set; names both.
    """
    if not previous or replace or json.loads(previous) == json.loads(current):
        return
    raise UsageError(
        f"this table root belongs to the source set {_shown(previous)}; the run brings {_shown(current)}",
        "No table was changed. Choose another root (tables.root, or sources.name), or let the new set take this one "
        "over: --set sources.replace=true",
    )


def check_attached(known: str, name: str) -> None:
    """Pass where playlists of the source set ``name`` may be put beside the tracks of a root.

    Args:
        known: The set that the root belongs to, empty where it is new.
        name: ``sources.name`` or its default.

    Raises:
        UsageError: The root belongs to another set; names both.
    """
    if known and json.loads(known)["name"] != name:
        raise UsageError(
            f"this table root belongs to the source set {_shown(known)}; the playlists are to belong to {name}",
            "No table was changed. Name the tracks that they belong to: --set sources.tracks=..., or the set: "
            f"--set sources.name={json.loads(known)['name']}",
        )


def _shown(text: str) -> str:
    found = json.loads(text)
    return f"{found['name']} (tracks: {found['tracks']}, artists: {found['artists'] or 'none'})"
