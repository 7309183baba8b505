"""``recommend "title" …``: a list for one or several seed tracks, in a second or two, without Spark."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from spark_app.cli import filters, output
from spark_app.cli.track_lookup import told, track_of_id, track_of_title
from spark_app.errors import DataError, UsageError
from spark_app.settings import Settings

if TYPE_CHECKING:
    import numpy as np

    from spark_app.cli.catalogue import Catalogue
    from spark_app.cli.titles import Titles
    from spark_app.recommend.for_seeds import Known, Pick

Row = dict[str, Any]


def add_parser(subparsers: Any, common: argparse.ArgumentParser) -> None:
    """Add ``recommend``."""
    parser = subparsers.add_parser(
        "recommend",
        parents=[common],
        help="recommend tracks after one or several seeds",
        description="List what to play after some tracks: near to one of them and, of several, to as many of them as "
        "possible; varied, few by one artist, no other version of a seed. Settings: recommend.pool, max_per_artist, "
        "relevance, exclude.",
        epilog='examples:\n  spark-app recommend "Bohemian Rhapsody"\n'
        '  spark-app recommend "hello" "bohemian rhapsody" --artist adele --k 20\n'
        "  spark-app recommend --track-id 6f807x0ima9a1j3VPbc7VN --track-id 4u7EnebtmKWzUH433cf5Qv --json\n"
        '  spark-app recommend "hello" --years 1970-1989 --explicit no --without-artist adele',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("title", nargs="*", default=[], help="titles of seed tracks, each in quotes")
    parser.add_argument(
        "--artist",
        action="append",
        default=[],
        metavar="A",
        help="an artist of the first title; repeated: of the second, and so on",
    )
    parser.add_argument("--track-id", action="append", default=[], metavar="ID", help="a further seed; may be repeated")
    parser.add_argument("--k", type=int, default=0, metavar="K", help="tracks (setting recommend.k)")
    parser.add_argument(
        "--without-track", action="append", default=[], metavar="ID", help="not this track; may be repeated"
    )
    filters.add_options(parser)
    parser.set_defaults(command=recommend_command)


def recommend_command(args: argparse.Namespace, settings: Settings) -> int:
    """Print the seeds and the list.

    Raises:
        DataError: A title means no track or several, a seed lacks features, or nothing passes the filters.
    """
    from spark_app.cli.titles import COLUMNS, Titles
    from spark_app.tables.local import read_rows

    if not args.title and not args.track_id:
        raise UsageError("name a title, or an id by --track-id", 'Such as: spark-app recommend "a title"')
    if args.k < 0:
        raise UsageError(f"--k {args.k}: write a number above 0")
    if len(args.artist) > len(args.title):
        raise UsageError("more --artist than titles", "The first --artist belongs to the first title.")
    titles = Titles(read_rows(settings.root, "curated.tracks", COLUMNS))
    seeds = list({track["track_id"]: track for track in _seeds(titles, args, settings.root)}.values())
    found = _found(args, settings, titles, [track["track_id"] for track in seeds])
    if args.json:
        output.json_out({"seeds": seeds, "recommendations": found})
    else:
        _print(seeds, found, args.k or settings.recommend.k)
    return 0


def _seeds(titles: Titles, args: argparse.Namespace, root: str) -> list[Row]:
    artists = [*args.artist, *[""] * (len(args.title) - len(args.artist))]
    by_title = [
        track_of_title(titles, root, title, artist, command="recommend", as_json=args.json)
        for title, artist in zip(args.title, artists, strict=True)
    ]
    return [*by_title, *(track_of_id(titles, track_id) for track_id in args.track_id)]


def _found(args: argparse.Namespace, settings: Settings, titles: Titles, seeds: list[str]) -> list[Row]:
    from spark_app.cli.catalogue import Catalogue
    from spark_app.recommend.choose import Choice
    from spark_app.recommend.for_seeds import recommended

    catalogue, section = Catalogue.read(settings.root), settings.recommend
    at = [catalogue.position(seed) for seed in seeds]
    members = {place: catalogue.members(seed, args.group) for place, seed in zip(at, seeds, strict=True)}
    passing = _passing(args, settings, catalogue)
    picks = recommended(
        _known(catalogue, {name: mask for found in members.values() for name, mask in found.items()}),
        at,
        passing,
        groups={place: [*found] for place, found in members.items()},
        pool=max(section.pool, args.k or section.k),
        choice=Choice(args.k or section.k, section.max_per_artist, section.relevance),
    )
    if not picks:
        raise DataError("no track passes", "Widen the filters, or name another --group.")
    names = titles.by_id([str(catalogue.ids[pick.at]) for pick in picks])
    return [_row(catalogue, names, rank, pick, seeds) for rank, pick in enumerate(picks, start=1)]


def _passing(args: argparse.Namespace, settings: Settings, catalogue: Catalogue) -> np.ndarray:
    """Which tracks pass the filters of the command line and the settings."""
    import numpy as np

    from spark_app.similarity.filtered import Filter

    excluded = settings.recommend.exclude
    unwanted = Filter(without=tuple(excluded.artists))
    tracks = [*excluded.tracks, *args.without_track]
    passing: np.ndarray = filters.filter_of(args).passes(catalogue.tracks) & unwanted.passes(catalogue.tracks)
    return passing & ~np.isin(catalogue.ids, tracks) if tracks else passing


def _known(catalogue: Catalogue, members: dict[str, np.ndarray]) -> Known:
    from spark_app.recommend.for_seeds import Group, Known

    groups = {name: Group(mask, _clusters(catalogue, name)) for name, mask in members.items()}
    return Known(catalogue.z, catalogue.tempo, _artists(catalogue), _recordings(catalogue), groups)


def _artists(catalogue: Catalogue) -> np.ndarray:
    """A number per first artist; a track without one counts as its own artist."""
    import numpy as np
    import pyarrow.compute as pc

    artists, names = catalogue.tracks.column("artist_ids"), catalogue.ids.copy()
    has_artist = pc.fill_null(pc.greater(pc.list_value_length(artists), 0), False)
    names[has_artist.to_numpy()] = pc.list_element(artists.filter(has_artist), 0).to_numpy()
    return np.unique(names, return_inverse=True)[1]


def _recordings(catalogue: Catalogue) -> np.ndarray:
    """A number per group of near-twins."""
    import numpy as np

    from spark_app.tables.local import has_table, read_rows

    names = catalogue.ids.copy()
    if has_table(catalogue.root, "curated.variants"):
        variants = read_rows(catalogue.root, "curated.variants", ("track_id", "variant_group"))
        at, is_known = catalogue.places(variants.column("track_id"))
        names[at] = variants.column("variant_group").filter(is_known).to_numpy()
    return np.unique(names, return_inverse=True)[1]


def _clusters(catalogue: Catalogue, group: str) -> np.ndarray:
    """The cluster of every track in a group, -1 where it has none."""
    import numpy as np
    import pyarrow.dataset as ds

    from spark_app.tables.local import has_table, read_rows

    found = np.full(len(catalogue.ids), -1)
    if has_table(catalogue.root, "models.genre_clusters"):
        wanted = ds.field("genre_group") == group
        rows = read_rows(catalogue.root, "models.genre_clusters", ("track_id", "cluster"), wanted)
        at, is_known = catalogue.places(rows.column("track_id"))
        found[at] = rows.column("cluster").filter(is_known).to_numpy()
    return found


def _row(catalogue: Catalogue, names: dict[str, Row], rank: int, pick: Pick, seeds: list[str]) -> Row:
    track_id = str(catalogue.ids[pick.at])
    named = names[track_id]
    return {
        "rank": rank,
        "track_id": track_id,
        "track_name": named["track_name"],
        "artist_names": named["artist_names"],
        "genre_group": pick.group,
        "score": pick.score,
        "nearest_seed": seeds[pick.seed],
        "n_seeds": pick.n_near,
        "reason": pick.reason,
    }


def _print(seeds: list[Row], found: list[Row], k: int) -> None:
    output.line("After " + told(seeds[0]))
    for seed in seeds[1:]:
        output.line("  and " + told(seed))
    output.line()
    if len(found) < k:
        output.line(f"Only {len(found)} of {k} tracks can be recommended.")
    several = ("n_seeds",) if len(seeds) > 1 else ()
    columns = ("rank", "score", "track_name", "artist_names", "genre_group", *several, "reason")
    headings = ("rank", "score", "title", "artist", "group", *(("seeds",) if several else ()), "why")
    output.table(headings, [tuple(row[column] for column in columns) for row in found])
