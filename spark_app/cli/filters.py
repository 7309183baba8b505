"""Filters of ``similar``: their options, and the exact search among the tracks that pass."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from spark_app.errors import UsageError

if TYPE_CHECKING:
    from spark_app.similarity.filtered import Filter

Row = dict[str, Any]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the filters to the parser of ``similar``."""
    filters = parser.add_argument_group("filters", "search all tracks of the group anew, so that k of them are found")
    filters.add_argument("--group", default="", metavar="G", help="genre group to search, such as rock; all: every one")
    filters.add_argument("--years", default="", metavar="A-B", help="release years, such as 1990-1999 or 1995")
    filters.add_argument("--popularity", default="", metavar="A-B", help="from 0 to 100, such as 60-100")
    filters.add_argument("--explicit", choices=("yes", "no"), help="explicit lyrics, or none")
    filters.add_argument("--only-artist", action="append", default=[], metavar="A", help="by A; may be repeated")
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
        only=tuple(args.only_artist),
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
        DataError: The track lacks audio features.
        UsageError: There is no such group.
    """
    from spark_app.cli.catalogue import Catalogue
    from spark_app.similarity.filtered import nearest_of

    catalogue = Catalogue.read(root)
    own = catalogue.position(track_id)
    passing = wanted.passes(catalogue.tracks) & (catalogue.ids != track_id)
    found = []
    for name, members in catalogue.members(track_id, group).items():
        positions, distance = nearest_of(catalogue.z, catalogue.z[own], passing & members, k=k, metric=metric)
        found += [
            {"genre_group": name, "rank": rank, "neighbour_id": str(catalogue.ids[at]), "distance": float(far)}
            for rank, (at, far) in enumerate(zip(positions, distance, strict=True), start=1)
        ]
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
