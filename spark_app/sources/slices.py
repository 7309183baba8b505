"""Million Playlist slices -> records, streamed: one JSON document a file, one record for each track of a playlist.

``{"info": ..., "playlists": [{"pid": ..., "name": ..., "tracks": [{"pos": ..., "track_uri": ..., ...}, ...]}, ...]}``

A slice is 35 MB in 700,000 lines, or all in one. It comes in pieces that end where a brace closes, which keeps them
short either way, and is decoded one track at a time. Names of playlists are text of their users: they are passed over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from spark_app.sources.lines import NOT_JSON, TOO_LONG, Record, not_decoded

CLOSING = "}"  # what ends a piece, and is no part of it
NOT_WHOLE = "not whole"  # from here on the file is no JSON, or is missing
PID = "pid"

_BOM = b"\xef\xbb\xbf"
_UTF8 = "utf-8"  # JSON is written in nothing else
_CHUNK = 1 << 16  # characters; going on piece by piece would copy more than it reads
_MOST_WAITING = 50_000  # tracks of one playlist before its pid; Spotify's playlists end at 10,000
_NOT_BLANK = re.compile(r"[^ \t\r\n]")
# Numbers stay as written; control characters inside a text are for curation to judge.
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str, strict=False)


class _NotWholeError(Exception):
    """The text ends too early, or is no JSON; never leaves this module."""


def slice_records(pieces: Iterator[bytes], *, max_bytes: int) -> Iterator[Record]:
    """Records of one slice: values is the object of a track with its playlist's ``pid``.

    ``line`` is the line that the track begins on; where several begin on one line, one more than that of the track
    before. A track that is no object, too long or no UTF-8 is rejected alone. Where the document breaks off or stops
    being JSON, one record without text says so, and nothing follows.

    Args:
        pieces: What stands between closing braces, in order.
        max_bytes: Longest track, longest value beside the tracks, and longest piece.
    """
    text, last = _Text(pieces, max_bytes), 0
    try:
        for record in _records(text):
            last = max(record.line, last + 1)
            yield record._replace(line=last)
    except _NotWholeError:
        yield Record(max(text.line, last + 1), 0, None, NOT_WHOLE, "")


class _Text:
    """The part of a document that is under way: grows at its end, is let go at its beginning, counts its lines."""

    def __init__(self, pieces: Iterator[bytes], max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.is_cut = False  # a piece was too long, so that it and what follows are not read
        self._pieces = self._closed(pieces)
        self._text = ""
        self._at = 0  # everything before has been read
        self._counted = 0  # line feeds before have been counted
        self._line = 1

    @property
    def line(self) -> int:
        """Line of the next character, from 1."""
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def peek(self) -> str:
        """The next character that is not blank; empty at the end of the file."""
        while (found := _NOT_BLANK.search(self._text, self._at)) is None:
            self._at = len(self._text)
            if not self._grown():
                return ""
        self._at = found.start()
        return found.group()

    def take(self, character: str) -> None:
        """Move over one character, which has to be this one."""
        if self.peek() != character:
            raise _NotWholeError
        self._at += 1

    def value(self) -> tuple[Any, str]:
        """The JSON value that comes next, decoded and as it is written."""
        self.peek()
        while True:
            try:
                found, end = _DECODER.raw_decode(self._text, self._at)
            except RecursionError:
                raise _NotWholeError from None
            except ValueError:  # wrong, or not there yet
                if len(self._text) - self._at > self.max_bytes or not self._grown():
                    raise _NotWholeError from None
                continue
            written, self._at = self._text[self._at : end], end
            return found, written

    def _grown(self) -> bool:
        """Let go of what has been read and add at least as much as is left; False where nothing follows."""
        here, left = self.line, self._text[self._at :]
        parts, size = [left], 0
        for piece in self._pieces:
            parts.append(piece)
            size += len(piece)
            if size >= max(_CHUNK, len(left)):
                break
        self._text, self._at, self._counted, self._line = "".join(parts), 0, 0, here
        return size > 0

    def _closed(self, pieces: Iterator[bytes]) -> Iterator[str]:
        """Pieces as text, with the braces that end them. The last one may end anywhere and gets none."""
        before: str | None = None
        for piece in pieces:
            if before is not None:
                yield before + CLOSING
            if len(piece) > self.max_bytes:
                self.is_cut = True
                return
            data = piece.removeprefix(_BOM) if before is None else piece
            before = data.decode(_UTF8, errors="surrogateescape")  # what is no UTF-8 costs its own record alone
        if before:
            yield before


def _records(text: _Text) -> Iterator[Record]:
    while text.peek():  # slices that somebody has put one behind the other are read one after the other
        # Nobody can tell whether the last brace of a file was there; without it nothing is missing.
        for key in _keys(text, may_end=True):
            if key == "playlists" and text.peek() == "[":
                for _ in _items(text):
                    yield from _playlist(text)
            else:
                text.value()


def _playlist(text: _Text) -> Iterator[Record]:
    if text.peek() != "{":
        line = text.line
        text.value()
        yield Record(line, 0, None, NOT_JSON, "")
        return
    pid: str | None = None
    waiting: list[Record] = []  # tracks that stand before the pid
    for key in _keys(text):
        if key == "tracks" and text.peek() == "[":
            for _ in _items(text):
                waiting.append(_track(text))
                if pid is not None:
                    yield from _of(pid, waiting)
                elif len(waiting) > _MOST_WAITING:
                    raise _NotWholeError
        else:
            found, _ = text.value()
            pid = found if key == PID and isinstance(found, str) else pid
    yield from _of(pid, waiting)


def _of(pid: str | None, waiting: list[Record]) -> Iterator[Record]:
    for record in waiting:
        yield record if record.problem else record._replace(values={**record.values, PID: pid})
    waiting.clear()


def _track(text: _Text) -> Record:
    text.peek()
    line = text.line
    found, written = text.value()
    problem = "" if isinstance(found, dict) else NOT_JSON
    if not written.isascii() or "\\u" in written:
        try:
            # An escaped half of a surrogate pair is valid JSON but not text.
            json.dumps(found, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            problem = not_decoded(_UTF8)
            written = written.encode(_UTF8, "surrogateescape").decode(_UTF8, "backslashreplace")
    return Record(line, len(written), found, TOO_LONG if len(written) > text.max_bytes else problem, written)


def _keys(text: _Text, *, may_end: bool = False) -> Iterator[str]:
    """Keys of the object that comes next; who asks for another one has read the value of the one before."""
    text.take("{")
    if text.peek() != CLOSING:
        yield _key(text)
        while text.peek() == ",":
            text.take(",")
            yield _key(text)
    if not (may_end and not text.peek() and not text.is_cut):
        text.take(CLOSING)


def _key(text: _Text) -> str:
    found, _ = text.value()
    if not isinstance(found, str):
        raise _NotWholeError
    text.take(":")
    return found


def _items(text: _Text) -> Iterator[None]:
    """Stops at each item of the array that comes next; who goes on has read the one before."""
    text.take("[")
    if text.peek() != "]":
        yield
        while text.peek() == ",":
            text.take(",")
            yield
    text.take("]")
