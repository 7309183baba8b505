"""Which layout a file has, by the names in its header: order, case and blanks around a name do not count."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from spark_app.errors import DataError, UsageError
from spark_app.schemas import TABLES
from spark_app.sources.layouts import CUSTOM, LAYOUTS, Kind, Layout
from spark_app.sources.layouts.base import INDEX_HEADERS

_PLACE = ("source", "file", "line", "file_date", "layout")
# What a file of this kind fills: the columns of its raw table without those that say where a row comes from.
COLUMNS: dict[Kind, tuple[str, ...]] = {
    "tracks": tuple(c for c in TABLES["raw.tracks"].columns if c not in _PLACE),
    "artists": tuple(c for c in TABLES["raw.artists"].columns if c not in _PLACE),
    "playlists": tuple(c for c in TABLES["raw.playlists"].columns if c not in _PLACE),
}
_ESSENTIAL: dict[Kind, tuple[str, ...]] = {
    "tracks": ("track_id", "track_name", "artist_names"),
    "artists": ("artist_id", "artist_name"),
    "playlists": ("playlist_id", "position"),
}
# Words that headers in the wild use, to suggest a mapping; never used to read a file.
_WORDS = {
    "track_id": ("id", "uri", "spotify id", "track uri", "song id"),
    "track_name": ("song", "title", "track", "name", "song title", "song name", "track title"),
    "artist_names": ("artist", "artists", "artist name", "artist names", "artist(s) name", "performer", "singer"),
    "artist_ids": ("artist id", "artist ids"),
    "artist_id": ("id", "artist id"),
    "artist_name": ("artist", "name", "performer", "singer"),
    "genre": ("genre", "style"),
    "genres": ("genre", "genres", "style"),
    "tempo": ("bpm",),
    "duration_ms": ("duration", "length"),
    "release_date": ("date", "released", "year"),
    "album_name": ("album",),
}


@dataclass(frozen=True)
class Match:
    """How one header was understood.

    Attributes:
        layout: The layout; ``custom`` where ``sources.columns`` took part.
        columns: Our column -> position in the header.
        extra: Headers that mean nothing to the layout.
    """

    layout: Layout
    columns: Mapping[str, int]
    extra: tuple[str, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Columns of the raw table that the file does not fill."""
        return tuple(c for c in COLUMNS[self.layout.kind] if c not in self.columns)


def plain(header: str) -> str:
    """A header as it is compared: no byte order mark, no blanks around it, no case.

    >>> plain(" Track_ID ")
    'track_id'
    """
    return header.replace("\ufeff", "").strip().casefold()


def positions(header: Sequence[str], layout: Layout) -> dict[str, int]:
    """Our column -> where it stands in the header; of several headers that mean it, the preferred one."""
    where = {plain(name): index for index, name in reversed(list(enumerate(header)))}
    found = {}
    for column, names in layout.columns.items():
        index = next((where[name] for name in names if name in where), None)
        if index is not None:
            found[column] = index
    return found


def recognise(
    header: Sequence[str], *, place: str, kind: Kind | None = None, own: Mapping[str, str] | None = None
) -> Match:
    """The layout that fills most columns from this header, among those whose required columns are all there.

    Args:
        header: Names as delivered.
        place: The file, for messages.
        kind: Accept this kind only; None accepts any.
        own: ``sources.columns``: header -> our column.

    Raises:
        DataError: No header line, two columns with one name, or no layout fits; the last names the nearest layout,
            what is missing, and a mapping.
    """
    _check_header(header, place)
    candidates = [_with_own(layout, header, own or {}) for layout in LAYOUTS.values()]
    fitting = [layout for layout in candidates if set(layout.required) <= set(positions(header, layout))]
    accepted = [layout for layout in fitting if kind in (None, layout.kind)]
    if not accepted:
        raise _no_layout(header, place, kind, candidates, fitting)
    layout = max(accepted, key=lambda one: len(positions(header, one)))  # of equals the first of the registry
    columns = positions(header, layout)
    used = set(columns.values())
    known = INDEX_HEADERS | layout.ignored
    extra = [name for index, name in enumerate(header) if index not in used and plain(name) not in known]
    return Match(layout, columns, tuple(extra))


def check_own(own: Mapping[str, str]) -> None:
    """Check the columns that ``sources.columns`` names.

    Raises:
        UsageError: No raw table has a column of that name.
    """
    ours = sorted({*COLUMNS["tracks"], *COLUMNS["artists"]})
    for column in own.values():
        if column not in ours:
            near = difflib.get_close_matches(column, ours, n=3) or ours
            raise UsageError(f"sources.columns: there is no column {column}", f"Did you mean {', '.join(near)}?")


def check_own_headers(own: Mapping[str, str], headers: Sequence[Sequence[str]]) -> None:
    """Check the headers that ``sources.columns`` names against those of all files of a run.

    Raises:
        UsageError: No file has such a header, or two headers of one file are to fill one column.
    """
    delivered = sorted({name for header in headers for name in header if name.strip()})
    known = {plain(name) for name in delivered}
    for theirs in own:
        if plain(theirs) not in known:
            near = difflib.get_close_matches(theirs, delivered, n=3) or delivered[:20]
            raise UsageError(f"sources.columns: no file has a header {theirs!r}", f"Did you mean {', '.join(near)}?")
    for header in headers:
        names = {plain(name) for name in header}
        filled = Counter(column for theirs, column in own.items() if plain(theirs) in names)
        twice = [column for column, n in filled.items() if n > 1]
        if twice:
            raise UsageError(f"sources.columns: two headers of one file are to fill {twice[0]}", "Name one of them.")


def _check_header(header: Sequence[str], place: str) -> None:
    # A first line of data must not be shown, so both messages go without its cells.
    if sum(_is_number(name) for name in header) > 1:
        raise DataError(f"{place}: the first line holds numbers, so it is no header", "Add a line with column names.")
    counts = Counter(plain(name) for name in header)
    twice = {name for name, n in counts.items() if n > 1 and name not in INDEX_HEADERS}
    if twice:
        columns = ", ".join(str(index) for index, name in enumerate(header, start=1) if plain(name) in twice)
        raise DataError(f"{place}: columns {columns} share a name with another column", "Rename or drop one of them.")


def _is_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True


def _with_own(layout: Layout, header: Sequence[str], own: Mapping[str, str]) -> Layout:
    """The layout with the user's headers in front; unchanged where none of them concerns this file."""
    names = {plain(name) for name in header}
    chosen = {column: plain(theirs) for theirs, column in own.items() if plain(theirs) in names}
    chosen = {column: name for column, name in chosen.items() if column in COLUMNS[layout.kind]}
    if not chosen:
        return layout
    # A header given away by the mapping must not fill its usual column as well.
    given = set(chosen.values())
    columns = {
        column: tuple(n for n in alternatives if n not in given) for column, alternatives in layout.columns.items()
    }
    # Our own names are understood in a user's file too.
    for column in COLUMNS[layout.kind]:
        alternatives = columns.get(column, ())
        more = (column,) if column not in given and column not in alternatives else ()
        columns[column] = (*((chosen[column],) if column in chosen else ()), *alternatives, *more)
    return replace(layout, name=CUSTOM, columns=columns, required=_ESSENTIAL[layout.kind])


def _no_layout(
    header: Sequence[str], place: str, kind: Kind | None, candidates: Sequence[Layout], fitting: Sequence[Layout]
) -> DataError:
    if fitting:
        other = fitting[0]
        return DataError(
            f"{place} is a file of {other.kind} ({other.name}), not of {kind}",
            f"Name it as sources.{other.kind}, and the {kind} by a path or glob of their own.",
        )
    of_kind = [layout for layout in candidates if kind in (None, layout.kind)]
    nearest = max(of_kind, key=lambda one: _nearness(header, one))
    found = positions(header, nearest)
    missing = [
        f"{column} ({' or '.join(nearest.columns[column])})" for column in nearest.required if column not in found
    ]
    what = f"{place} matches no layout; the nearest is {nearest.name}, which lacks {', '.join(missing)}"
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        return DataError(what, "The header is one single column: separate the columns by commas.")
    if nearest.kind == "playlists":
        return DataError(
            what, "Playlists are read under the names of the Million Playlist Dataset; rename the columns."
        )
    return DataError(what, f"Name your headers: --set 'sources.columns={suggestion(header, nearest.kind)}'")


def _nearness(header: Sequence[str], layout: Layout) -> tuple[int, int]:
    found = positions(header, layout)
    return sum(column in found for column in layout.required), len(found)


def suggestion(header: Sequence[str], kind: Kind) -> str:
    """A mapping to paste and correct: the user's header for each column that one can guess.

    >>> suggestion(["Song", "Performer", "BPM", "energy"], "tracks")
    '{"<your header>": "track_id", "Song": "track_name", "Performer": "artist_names", "BPM": "tempo"}'
    """
    left = {plain(name).replace("_", " "): name for name in header if name.strip()}
    mapping: dict[str, str] = {}
    for column in COLUMNS[kind]:
        known = {name.replace("_", " ") for layout in LAYOUTS.values() for name in layout.columns.get(column, ())}
        words = [column.replace("_", " "), *_WORDS.get(column, ()), *sorted(known)]
        guess = next((left.pop(word) for word in words if word in left), None)
        if guess is None and column in _ESSENTIAL[kind]:
            guess = "<your header>" if "<your header>" not in mapping else f"<your {column}>"
        if guess is not None and plain(guess) != column:
            mapping[guess] = column
    return json.dumps(mapping, ensure_ascii=False)
