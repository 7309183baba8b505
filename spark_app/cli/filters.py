"""Filters of ``similar``: their options, and the exact search among the tracks that pass."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from spark_app.columns import AUDIO12_Z
from spark_app.errors import DataError, UsageError

if TYPE_CHECKING:
    from spark_app.similarity.filtered import Filter

Row = dict[str, Any]
_COLUMNS = ("track_id", "release_year", "popularity", "explicit", "artist_names")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the filters to the parser of ``similar``."""
    filters = parser.add_argument_group("filters", "search all tracks of the group anew, so that k of them are found")
    filters.add_argument("--group", default="", metavar="G", help="genre group to search, such as rock; all: every one")
    filters.add_argument("--years", default="", metavar="A-B", help="release years, such as 1990-1999 or 1995")
    filters.add_argument("--popularity", default="", metavar="A-B", help="from 0 to 100, such as 60-100")
    filters.add_argument("--explicit", choices=("yes", "no"), help="explicit lyrics, or none")
    filters.add_argument("--without-artist", action="append", default=[], metavar="A", help="not by A; may be repeated")


def is_asked(args: argparse.Namespace) -> bool:
    """True where the options ask for a search instead of the stored neighbours."""
    return bool(args.group) or bool(filter_of(args))


def filter_of(args: argparse.Namespace) -> Filter:
    """The filter that the options ask for.

    Raises:
        UsageError: A range is none.
    """
    from spark_app.similarity.filtered import Filter

    return Filter(
        years=_range("--years", args.years),
        popularity=_range("--popularity", args.popularity),
        explicit=None if args.explicit is None else args.explicit == "yes",
        without=tuple(args.without_artist),
    )


def filtered_neighbours(root: str, track_id: str, wanted: Filter, *, group: str, k: int, metric: str) -> list[Row]:
    """One row per group and rank ``[genre_group, rank, neighbour_id, distance]``.

    Args:
        root: Of the tables.
        track_id: Whose neighbours.
        wanted: What they have to be.
        group: To search, ``all`` for the whole catalogue; empty: the track's own groups.
        k: Neighbours a group.
        metric: One of ``distances.METRICS``.

    Raises:
        DataError: The track lacks audio features, or there is no such group.
    """
    import numpy as np

    from spark_app.similarity.filtered import nearest_of
    from spark_app.tables.local import read_rows

    audio = read_rows(root, "features.audio", ("track_id", *AUDIO12_Z)).sort_by("track_id")
    ids = audio.column("track_id").to_numpy()
    vectors = np.column_stack([audio.column(name).to_numpy() for name in AUDIO12_Z])
    own = int(np.searchsorted(ids, track_id))
    if own == len(ids) or ids[own] != track_id or np.isnan(vectors[own]).any():
        raise DataError(f"track {track_id} has no neighbours", "It lacks audio features.")
    tracks = read_rows(root, "curated.tracks", _COLUMNS).sort_by("track_id")
    passing = wanted.passes(tracks) & (ids != track_id)
    found = []
    for name, members in _members(root, track_id, ids, group).items():
        positions, distance = nearest_of(vectors, vectors[own], passing & members, k=k, metric=metric)
        found += [
            {"genre_group": name, "rank": rank, "neighbour_id": str(ids[at]), "distance": float(far)}
            for rank, (at, far) in enumerate(zip(positions, distance, strict=True), start=1)
        ]
    return found


def _members(root: str, track_id: str, ids: Any, group: str) -> dict[str, Any]:
    """Group -> which tracks are in it."""
    import numpy as np

    from spark_app.columns import ALL, UNKNOWN
    from spark_app.tables.local import read_rows

    if group == ALL:
        return {ALL: np.ones(len(ids), dtype=bool)}
    pairs = read_rows(root, "curated.track_genres", ("track_id", "genre_group"))
    of_track, groups = (pairs.column(name).to_numpy() for name in ("track_id", "genre_group"))
    names = [group] if group else sorted(set(groups[of_track == track_id])) or [UNKNOWN]
    found = {name: np.isin(ids, of_track[groups == name]) for name in names}
    if UNKNOWN in found:  # tracks without a genre
        found[UNKNOWN] = ~np.isin(ids, of_track)
    if not any(members.any() for members in found.values()):
        known = ", ".join(sorted({str(name) for name in groups}))
        raise DataError(f"there is no genre group {group!r}", f"Groups: {known}.")
    return found


def _range(option: str, text: str) -> tuple[int, int] | None:
    """First and last of a range; None where none is asked for.

    >>> _range("--years", "1990-1999"), _range("--years", "1995"), _range("--years", "")
    ((1990, 1999), (1995, 1995), None)
    """
    if not text.strip():
        return None
    low, dash, high = text.partition("-")
    try:
        span = int(low), int(high if dash else low)
    except ValueError:
        span = (1, 0)
    if span[0] > span[1]:
        raise UsageError(f"{option} {text}: write a range such as 1990-1999")
    return span
