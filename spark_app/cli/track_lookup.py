"""Which track a title or an id on the command line means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spark_app.cli import output
from spark_app.errors import DataError

if TYPE_CHECKING:
    from spark_app.cli.titles import Titles

Row = dict[str, Any]


def track_of_id(titles: Titles, track_id: str) -> Row:
    """The track with this id.

    Raises:
        DataError: There is none.
    """
    found = titles.by_id([track_id.strip()])
    if not found:
        raise DataError("no track has this id", f"Why: spark-app explain-row {track_id}")
    return next(iter(found.values()))


def track_of_title(titles: Titles, root: str, title: str, artist: str, *, command: str, as_json: bool) -> Row:
    """The one track that a title means, with ``n_twins``; among near-twins the most popular stands for all.

    Args:
        titles: Of the catalogue.
        root: Of the tables.
        title: As typed.
        artist: One of its artists, or empty.
        command: Of ``spark-app``, for the hint.
        as_json: How candidates are listed.

    Raises:
        DataError: No such title (the nearest are listed first), or one of several tracks (they are listed first).
    """
    found = titles.find(title, artist)
    if not found:
        of_others = titles.find(title) if artist else []
        _list(of_others or titles.nearest(title), as_json=as_json)
        if of_others:
            raise DataError(f"no track {title!r} by {artist!r}", "Tracks of this title are listed above.")
        raise DataError(f"no track {title!r}", "The nearest titles are listed above.")
    groups = _twins(root, found)
    _add_other_twins(titles, root, groups)
    chosen = [min(members, key=_popular_first) for members in groups.values()]
    if len(chosen) > 1:
        _list(sorted(chosen, key=_popular_first), as_json=as_json)
        raise DataError(
            f"{title!r} is the title of {len(chosen)} tracks",
            f'Pick one: spark-app {command} "{title}" --artist "…"   or   spark-app {command} --track-id …',
        )
    return {**chosen[0], "n_twins": len(next(iter(groups.values())))}


def told(track: Row) -> str:
    """A line such as ``Hello — Adele   [id]``, safe to print."""
    artists = ", ".join(track["artist_names"] or ["(no artist)"])
    return output.escape(f"{track['track_name']} — {artists}   [{track['track_id']}]")


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


def _list(rows: list[Row], *, as_json: bool) -> None:
    if as_json:
        output.json_out({"candidates": rows})
        return
    columns = ("track_name", "artist_names", "popularity", "track_id")
    output.table(("title", "artist", "popularity", "track_id"), [tuple(row[c] for c in columns) for row in rows[:20]])
    if len(rows) > 20:
        output.line(f"… and {len(rows) - 20} more")
