"""Find tracks by title in an Arrow table: case, accents and punctuation do not count, small slips are forgiven."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

COLUMNS = ("track_id", "track_name", "artist_names", "popularity", "genre_group")

# Letters that Unicode does not take apart into a plain letter and a mark.
_PLAIN = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
_NEAREST = 5


class Titles:
    """All titles of a catalogue.

    Args:
        tracks: One row per track ``[track_id, track_name, artist_names, popularity, genre_group]``.
    """

    def __init__(self, tracks: pa.Table) -> None:
        self.tracks = tracks
        names = tracks.column("track_name").combine_chunks()
        self._full = fold(names)
        self._base = fold(without_tail(names))

    def find(self, title: str, artist: str = "") -> list[dict[str, Any]]:
        """Tracks of the best kind of match that ``artist`` has one of.

        The kinds, best first: the whole title; the title before brackets or `` - `` in the catalogue; in both; one
        slip of the pen; two; three, where the title is long enough for so many.
        """
        for mask in self._masks(title):
            rows = _by_artist(self._rows(mask), artist)
            if rows:
                return rows
        return []

    def nearest(self, title: str) -> list[dict[str, Any]]:
        """The tracks with the most similar titles, one a title, at most five."""
        from rapidfuzz import fuzz, process

        choices = self._distinct()
        found = process.extract(_fold_one(title), choices, scorer=fuzz.token_sort_ratio, limit=_NEAREST)
        rows = [
            self._rows(pc.equal(self._base, text))[:1] or self._rows(pc.equal(self._full, text))[:1]
            for text, *_ in found
        ]
        return [row for one in rows for row in one]

    def by_id(self, track_ids: list[str]) -> dict[str, dict[str, Any]]:
        """Tracks by id; ids that the catalogue does not have are left out."""
        mask = pc.is_in(self.tracks.column("track_id"), pa.array(track_ids, pa.string()))
        return {row["track_id"]: row for row in self._rows(mask)}

    def _masks(self, title: str) -> Iterator[pa.Array]:
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        wanted = _fold_one(title)
        yield pc.equal(self._full, wanted)
        yield pc.equal(self._base, wanted)
        yield pc.equal(self._base, _fold_one(_bare(title)))
        slips = _slips_allowed(wanted)
        found = process.extract(wanted, self._distinct(), scorer=OSA.distance, score_cutoff=slips, limit=None)
        for slip in range(1, slips + 1):
            near = pa.array([text for text, distance, _ in found if distance == slip], pa.string())
            yield pc.or_(pc.is_in(self._full, near), pc.is_in(self._base, near))

    def _distinct(self) -> list[str]:
        both = pa.chunked_array([self._full, self._base]).unique().drop_null()
        return list(both.to_pylist())

    def _rows(self, mask: pa.Array) -> list[dict[str, Any]]:
        return list(self.tracks.filter(mask).to_pylist())


def fold(texts: pa.Array) -> pa.Array:
    """Lower case, without accents and apostrophes, everything else but letters and digits as one blank.

    A text of signs only stays as it is, so that it can still be found.

    >>> fold(pa.array(["Déjà  Vu!", "Don't", "STRAßE", "???", None])).to_pylist()
    ['deja vu', 'dont', 'strasse', '???', None]
    """
    folded = pc.utf8_lower(pc.utf8_normalize(texts, form="NFKD"))
    for letter, plain in _PLAIN.items():
        folded = pc.replace_substring(folded, letter, plain)
    folded = pc.replace_substring_regex(folded, r"[\p{M}'’`´]+", "")
    folded = pc.utf8_trim_whitespace(pc.replace_substring_regex(folded, r"[^\p{L}\p{N}]+", " "))
    return pc.if_else(pc.equal(folded, ""), pc.utf8_lower(texts), folded)


def without_tail(texts: pa.Array) -> pa.Array:
    """Titles without brackets and without a `` - …`` tail; a title of nothing else stays as it is.

    >>> without_tail(pa.array(["Hello - Live", "Hello (Remix) [2011]", "(Intro)"])).to_pylist()
    ['Hello', 'Hello', '(Intro)']
    """
    bare = pc.replace_substring_regex(texts, r"\([^)]*\)|\[[^\]]*\]|\{[^}]*\}", "")
    bare = pc.utf8_trim_whitespace(pc.replace_substring_regex(bare, r"\s-\s.*$", ""))
    return pc.if_else(pc.equal(bare, ""), texts, bare)


def _bare(title: str) -> str:
    return str(without_tail(pa.array([_valid(title)], pa.string()))[0].as_py())


def _fold_one(text: str) -> str:
    return str(fold(pa.array([_valid(text)], pa.string()))[0].as_py())


def _valid(text: str) -> str:
    return text.strip().encode("utf-8", "replace").decode()  # an argument can hold bytes that are no UTF-8


def _slips_allowed(text: str) -> int:
    length = len(text)
    return 0 if length < 3 else 1 if length < 6 else 2 if length < 12 else 3


def _by_artist(rows: list[dict[str, Any]], artist: str) -> list[dict[str, Any]]:
    """Rows whose artists have this name; else one that holds it as words; else nearly this name."""
    from rapidfuzz.distance import OSA

    wanted = _fold_one(artist) if artist else ""
    if not wanted or not rows:
        return rows
    names = [[_fold_one(name) for name in row["artist_names"] or [] if name] for row in rows]
    slips = _slips_allowed(wanted)
    tests = (
        lambda name: name == wanted,
        lambda name: f" {wanted} " in f" {name} ",
        lambda name: OSA.distance(name, wanted, score_cutoff=slips) <= slips,
    )
    for test in tests:
        found = [row for row, its_names in zip(rows, names, strict=True) if any(map(test, its_names))]
        if found:
            return found
    return []
