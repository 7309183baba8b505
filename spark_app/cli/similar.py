"""``similar "title"``: the neighbours of a track, stored or filtered, in a second or two, without Spark."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from spark_app.cli import filters, output
from spark_app.cli.track_lookup import told, track_of_id, track_of_title
from spark_app.errors import DataError, UsageError
from spark_app.settings import Settings

if TYPE_CHECKING:
    from spark_app.cli.titles import Titles

Row = dict[str, Any]


def add_parser(subparsers: Any, common: argparse.ArgumentParser) -> None:
    """Add ``similar``."""
    parser = subparsers.add_parser(
        "similar",
        parents=[common],
        help="look a track up and list its neighbours",
        description="List the nearest tracks within each genre group. Case, accents, punctuation and small slips do "
        "not matter; among near-twins (remasters, live versions) the most popular stands for all.",
        epilog='examples:\n  spark-app similar "Bohemian Rhapsody"\n  spark-app similar "hello" --artist adele --k 5\n'
        "  spark-app similar --track-id 6f807x0ima9a1j3VPbc7VN --json\n"
        '  spark-app similar "hello" --years 1970-1989 --explicit no --without-artist adele',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("title", nargs="?", default="", help="title of a track, in quotes")
    parser.add_argument("--artist", default="", metavar="A", help="one of its artists, where a title has several")
    parser.add_argument("--track-id", default="", metavar="ID", help="instead of a title")
    parser.add_argument(
        "--k", type=int, default=0, metavar="K", help="neighbours a group at most (all that are stored)"
    )
    parser.add_argument(
        "--features",
        default="",
        metavar="F=X,…",
        help="instead of a title: the twelve features of a track that is not in the catalogue, with a --group",
    )
    filters.add_options(parser)
    parser.set_defaults(command=similar_command)


def similar_command(args: argparse.Namespace, settings: Settings) -> int:
    """Print the track and its neighbours.

    Raises:
        DataError: No such title (the nearest are listed first), or one of several tracks (they are listed first).
    """
    from spark_app.cli.titles import COLUMNS, Titles
    from spark_app.tables.local import read_rows

    if sum(map(bool, (args.title.strip(), args.track_id, args.features))) != 1:
        raise UsageError("name a title, or an id by --track-id", 'Such as: spark-app similar "a title"')
    if args.k < 0:
        raise UsageError(f"--k {args.k}: write a number above 0")
    titles = Titles(read_rows(settings.root, "curated.tracks", COLUMNS))
    if args.features:
        return _similar_to_features(args, settings, titles)
    if args.track_id:
        track = track_of_id(titles, args.track_id)
    else:
        track = track_of_title(titles, settings.root, args.title, args.artist, command="similar", as_json=args.json)
    neighbours = _told(titles, settings.root, track["track_id"], _found(args, settings, track["track_id"]))
    if args.json:
        output.json_out({"track": track, "neighbours": neighbours})
    else:
        is_search = filters.is_asked(args)
        k = args.k or (settings.similar.k if is_search else 0)
        _print(track, neighbours, k, "pass" if is_search else "are stored")
    return 0


def _similar_to_features(args: argparse.Namespace, settings: Settings, titles: Titles) -> int:
    from spark_app.cli.new_track import features_of, neighbours_of_features

    if filters.filter_of(args):
        raise UsageError("--features takes no filter but --group")
    features, k = features_of(args.features), args.k or settings.similar.k
    found = neighbours_of_features(settings.root, features, group=args.group.strip().lower(), k=k)
    neighbours = _told(titles, settings.root, "", found)
    if args.json:
        output.json_out({"features": features, "neighbours": neighbours})
    else:
        _print_groups(neighbours, k, "are there")
    return 0


def _found(args: argparse.Namespace, settings: Settings, track_id: str) -> list[Row]:
    """One row per group and rank: the stored neighbours, or those of a search where a filter asks for one."""
    if filters.is_asked(args):
        wanted, metric = filters.filter_of(args), settings.similar.metric
        k = args.k or settings.similar.k
        found = filters.filtered_neighbours(settings.root, track_id, wanted, group=args.group, k=k, metric=metric)
        if not found:
            raise DataError("no track passes the filters", "Widen them, or name another --group.")
        return found
    return _stored(settings.root, track_id, args.k)


def _stored(root: str, track_id: str, k: int) -> list[Row]:
    import pyarrow.dataset as ds

    from spark_app.tables.local import read_rows

    columns = ("genre_group", "rank", "neighbour_id", "distance")
    found = read_rows(root, "results.neighbours", columns, ds.field("track_id") == track_id).to_pylist()
    if not found:
        raise DataError(
            f"track {track_id} has no neighbours", "It lacks audio features, or is alone in its genre group."
        )
    return [row for row in found if not k or row["rank"] <= k]


def _told(titles: Titles, root: str, track_id: str, found: list[Row]) -> list[Row]:
    """The rows with each neighbour's title and the reason of its recommendation, if any."""
    import pyarrow.dataset as ds

    from spark_app.tables.local import has_table, read_rows

    reasons: dict[str, str] = {}
    if has_table(root, "results.recommendations"):
        wanted = ds.field("seed_id") == track_id
        rows = read_rows(root, "results.recommendations", ("track_id", "reason"), wanted).to_pylist()
        reasons = {row["track_id"]: row["reason"] for row in rows}
    tracks = titles.by_id([row["neighbour_id"] for row in found])
    return [
        {
            **row,
            "track_name": tracks.get(row["neighbour_id"], {}).get("track_name"),
            "artist_names": tracks.get(row["neighbour_id"], {}).get("artist_names"),
            "reason": reasons.get(row["neighbour_id"]),
        }
        for row in sorted(found, key=lambda row: (row["genre_group"], row["rank"]))
    ]


def _print(track: Row, neighbours: list[Row], k: int, what: str) -> None:
    groups = sorted({row["genre_group"] for row in neighbours})
    output.line(f"{told(track)}   {output.escape(', '.join(groups))}")
    if track.get("n_twins", 1) > 1:
        output.line(f"The most popular of {track['n_twins']} near-twins; for another: --track-id.")
    _print_groups(neighbours, k, what)


def _print_groups(neighbours: list[Row], k: int, what: str) -> None:
    for group in sorted({row["genre_group"] for row in neighbours}):
        rows = [row for row in neighbours if row["genre_group"] == group]
        output.line()
        output.line(f"Nearest in {output.escape(group)}" + (f" (only {len(rows)} {what})" if len(rows) < k else ""))
        columns = ("rank", "distance", "track_name", "artist_names", "reason")
        output.table(("rank", "distance", "title", "artist", "why"), [tuple(row[c] for c in columns) for row in rows])
