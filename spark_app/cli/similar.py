"""``similar "title"``: the neighbours of a track, stored or filtered, in a second or two, without Spark."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from spark_app.cli import filters, output
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
    filters.add_options(parser)
    parser.set_defaults(command=similar_command)


def similar_command(args: argparse.Namespace, settings: Settings) -> int:
    """Print the track and its neighbours.

    Raises:
        DataError: No such title (the nearest are listed first), or one of several tracks (they are listed first).
    """
    from spark_app.cli.titles import COLUMNS, Titles
    from spark_app.tables.local import read_rows

    if bool(args.title.strip()) == bool(args.track_id):
        raise UsageError("name a title, or an id by --track-id", 'Such as: spark-app similar "a title"')
    if args.k < 0:
        raise UsageError(f"--k {args.k}: write a number above 0")
    titles = Titles(read_rows(settings.root, "curated.tracks", COLUMNS))
    track = _by_id(titles, args.track_id) if args.track_id else _by_title(titles, settings.root, args)
    neighbours = _told(titles, settings.root, track["track_id"], _found(args, settings, track["track_id"]))
    if args.json:
        output.json_out({"track": track, "neighbours": neighbours})
    else:
        _print(track, neighbours, args.k, "pass" if filters.is_asked(args) else "are stored")
    return 0


def _by_id(titles: Titles, track_id: str) -> Row:
    found = titles.by_id([track_id.strip()])
    if not found:
        raise DataError("no track has this id", f"Why: spark-app explain-row {track_id}")
    return next(iter(found.values()))


def _by_title(titles: Titles, root: str, args: argparse.Namespace) -> Row:
    found = titles.find(args.title, args.artist)
    if not found:
        of_others = titles.find(args.title) if args.artist else []
        _list(of_others or titles.nearest(args.title), as_json=args.json)
        if of_others:
            raise DataError(f"no track {args.title!r} by {args.artist!r}", "Tracks of this title are listed above.")
        raise DataError(f"no track {args.title!r}", "The nearest titles are listed above.")
    groups = _twins(root, found)
    _add_other_twins(titles, root, groups)
    chosen = [min(members, key=_popular_first) for members in groups.values()]
    if len(chosen) > 1:
        _list(sorted(chosen, key=_popular_first), as_json=args.json)
        raise DataError(
            f"{args.title!r} is the title of {len(chosen)} tracks",
            f'Pick one: spark-app similar "{args.title}" --artist "…"   or   spark-app similar --track-id …',
        )
    return {**chosen[0], "n_twins": len(next(iter(groups.values())))}


def _twins(root: str, rows: list[Row]) -> dict[str, list[Row]]:
    """Rows by near-twin group; a track without twins is a group of its own."""
    members = _variants(root, "track_id", [row["track_id"] for row in rows])
    group_of: dict[str, str] = {member["track_id"]: member["variant_group"] for member in members}
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(group_of.get(row["track_id"]) or row["track_id"], []).append(row)
    return groups


def _add_other_twins(titles: Titles, root: str, groups: dict[str, list[Row]]) -> None:
    """Complete the groups: ``Hello - Live`` was asked for, ``Hello`` may be the most popular."""
    members = _variants(root, "variant_group", list(groups))
    known = {row["track_id"] for rows in groups.values() for row in rows}
    others = titles.by_id([m["track_id"] for m in members if m["track_id"] not in known])
    for member in members:
        if member["track_id"] in others:
            groups[member["variant_group"]].append(others[member["track_id"]])


def _variants(root: str, column: str, values: list[str]) -> list[Row]:
    import pyarrow.dataset as ds

    from spark_app.tables.local import has_table, read_rows

    if not has_table(root, "curated.variants"):
        return []
    wanted = ds.field(column).isin(values)
    return list(read_rows(root, "curated.variants", ("track_id", "variant_group"), wanted).to_pylist())


def _popular_first(row: Row) -> tuple[int, str]:
    popularity = row["popularity"]
    return (1 if popularity is None else -popularity), row["track_id"]


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
    artists = ", ".join(track["artist_names"] or ["(no artist)"])
    output.line(output.escape(f"{track['track_name']} — {artists}   [{track['track_id']}]   {', '.join(groups)}"))
    if track.get("n_twins", 1) > 1:
        output.line(f"The most popular of {track['n_twins']} near-twins; for another: --track-id.")
    for group in groups:
        rows = [row for row in neighbours if row["genre_group"] == group]
        output.line()
        output.line(f"Nearest in {output.escape(group)}" + (f" (only {len(rows)} {what})" if len(rows) < k else ""))
        columns = ("rank", "distance", "track_name", "artist_names", "reason")
        output.table(("rank", "distance", "title", "artist", "why"), [tuple(row[c] for c in columns) for row in rows])


def _list(rows: list[Row], *, as_json: bool) -> None:
    if as_json:
        output.json_out({"candidates": rows})
        return
    columns = ("track_name", "artist_names", "popularity", "track_id")
    output.table(("title", "artist", "popularity", "track_id"), [tuple(row[c] for c in columns) for row in rows[:20]])
    if len(rows) > 20:
        output.line(f"… and {len(rows) - 20} more")
