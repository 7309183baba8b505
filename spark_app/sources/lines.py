"""Physical lines -> records, streamed: CSV by RFC 4180 and JSON lines, each record with the line it begins on.

Plain Python over an iterator, because Spark's own CSV reader knows no line numbers, and with ``multiLine`` reads a
damaged file as empty. Memory stays below a few times ``max_bytes``, whatever the file holds.
"""

from __future__ import annotations

import csv
import json
from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

RAGGED = "ragged"  # another number of fields than the header
TOO_LONG = "too long"  # above sources.max_record_bytes
NUL_BYTE = "NUL byte"
BROKEN_QUOTES = "broken quotes"  # text after a closing quote, or a quote that is never closed
STRAY_CR = "stray carriage return"
EMPTY_ROW = "empty row"
NOT_JSON = "not JSON"

_BOM = b"\xef\xbb\xbf"
# How often the allowance of one record may be read a second time before a file counts as hopeless.
_REREADS = 64


def not_decoded(encoding: str) -> str:
    """The reason for bytes that the encoding does not know.

    >>> not_decoded("utf-8"), not_decoded("cp1252")
    ('not UTF-8', 'not CP1252')
    """
    return f"not {encoding.upper()}"


class Line(NamedTuple):
    """A physical line: 1-based number, text with undecodable bytes escaped, size in bytes, what is wrong with it."""

    number: int
    text: str
    size: int
    problem: str


class Record(NamedTuple):
    """A record: its first physical line, bytes, and either its values or what is wrong, with its text."""

    line: int
    size: int
    values: Any
    problem: str
    text: str


class _TooLong(Exception):  # noqa: N818 - never leaves this module
    pass


def decoded(numbered: Iterator[tuple[int, bytes]], *, encoding: str, max_bytes: int) -> Iterator[Line]:
    """Lines as text. The line feed is not part of a line; a byte order mark is left out."""
    first = True
    for number, data in numbered:
        if first:
            data, first = data.removeprefix(_BOM), False
        problem = TOO_LONG if len(data) > max_bytes else NUL_BYTE if b"\0" in data else ""
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            problem = problem or not_decoded(encoding)
            text = data.decode(encoding, errors="backslashreplace")
        yield Line(number, text, len(data) + 1, problem)


class _Feed:
    """Hands lines to ``csv.reader`` and remembers those of the record under way."""

    def __init__(self, lines: Iterator[Line], max_bytes: int) -> None:
        self._lines = lines
        self._again: deque[Line] = deque()
        self._max_bytes = max_bytes
        self._rereads_left = _REREADS * max_bytes
        self.taken: list[Line] = []
        self.size = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.taken.append(line)
        self.size += line.size
        if line.problem == TOO_LONG or self.size > self._max_bytes + 1:
            raise _TooLong
        return line.text + "\n"

    def begin(self) -> None:
        """The next line begins a record."""
        self.taken, self.size = [], 0

    def give_up(self, problem: str) -> Iterator[Record]:
        """Reject the first line of the record under way and read the others again, each as a possible beginning.

        A quote that is never closed would otherwise swallow good rows. Where a file makes this expensive, all the
        lines are rejected, so that reading stays linear.
        """
        first, *others = self.taken
        self._rereads_left -= self.size - first.size
        if self._rereads_left > 0:
            self._again.extendleft(reversed(others))
            others = []
        for line in (first, *others):
            yield Record(line.number, line.size, None, line.problem or problem, line.text)


def csv_records(lines: Iterator[Line], *, max_bytes: int) -> Iterator[Record]:
    """Records of one CSV file, header included: RFC 4180, ``""`` for a quote, line ends inside quotes kept.

    A blank line is no record. A line that breaks the rules is rejected alone and reading goes on with the next line.
    """
    csv.field_size_limit(max_bytes + 1)
    feed = _Feed(lines, max_bytes)
    reader = csv.reader(feed, strict=True)
    while True:
        feed.begin()
        try:
            values = next(reader)
        except StopIteration:
            return
        except (csv.Error, _TooLong) as error:
            yield from feed.give_up(_cause(error, feed.taken))
            reader = csv.reader(feed, strict=True)
            continue
        if values:
            first = feed.taken[0]
            problem = next((line.problem for line in feed.taken if line.problem), "")
            text = "\n".join(line.text for line in feed.taken) if problem or len(feed.taken) > 1 else first.text
            yield Record(first.number, feed.size, values, problem, text)


def _cause(error: Exception, taken: list[Line]) -> str:
    if isinstance(error, _TooLong):
        return TOO_LONG if len(taken) == 1 else BROKEN_QUOTES
    return STRAY_CR if "\r" in taken[0].text.rstrip("\r") else BROKEN_QUOTES


def json_records(lines: Iterator[Line]) -> Iterator[Record]:
    """Records of JSON lines: values is a dict. Numbers stay as written; a blank line is no record."""
    for line in lines:
        if not line.text.strip():
            continue
        values, problem = None, line.problem
        if not problem:
            values = _json_object(line.text)
            problem = "" if values is not None else NOT_JSON
        yield Record(line.number, line.size, values, problem, line.text)


def _json_object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
        # An escaped half of a surrogate pair is valid JSON but not text.
        if "\\u" in text:
            json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def json_text(value: Any) -> str | None:
    """A JSON value as the text that a raw table holds: lists and objects as JSON, true and false as such.

    >>> json_text(["a", "é"]), json_text("0.50"), json_text(True), json_text(None)
    ('["a", "é"]', '0.50', 'true', None)
    """
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
