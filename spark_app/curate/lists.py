"""Lists that a source writes into one cell, read without ever evaluating them.

``braces`` (a Python set, ``{'a', "b'c"}``), ``python`` and ``json`` share one small grammar; ``semicolon`` splits;
``single`` is one name as it stands.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

BRACES = "braces"
PYTHON = "python"
JSON = "json"
SEMICOLON = "semicolon"
SINGLE = "single"

MAX_CHARACTERS = 100_000
_CACHED_CHARACTERS = 500
_BRACKETS = {"[": "]", "{": "}", "(": ")"}
_ITEM = re.compile(
    r"""\s*(?:[uU]?'([^'\\]*(?:\\.[^'\\]*)*)'|[uU]?"([^"\\]*(?:\\.[^"\\]*)*)"|(None|null))\s*(,|\Z)""", re.DOTALL
)
_REST = re.compile(r"\S")
_ESCAPE = re.compile(
    r"\\(?:(\n|[\\'\"/abfnrtv])|([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([xuUN]))"
)
_LETTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\n": ""}


def parse_list(text: str | None, dialect: str) -> list[str | None] | None:
    """The items of a list in order, in NFC.

    Args:
        text: The cell.
        dialect: One of the names above. A cell of ``single`` or ``semicolon`` that is a whole list of JSON strings is
            read as JSON, since that is how JSON lines and Parquet deliver lists.

    Returns:
        The items; an item ``None`` or ``null`` is None. None for null and blank cells, and for malformed ones (which
        the caller tells apart by the cell): no brackets, an open quote, an item without quotes, a broken escape, half
        of a surrogate pair, or more than 100,000 characters. The caller must not change the result, which is cached.
    """
    if text is None or len(text) > MAX_CHARACTERS or not text.strip():
        return None
    # Catalogues repeat their lists; long ones are not worth the memory.
    return _cached(text, dialect) if len(text) <= _CACHED_CHARACTERS else _parsed(text, dialect)


def _parsed(text: str, dialect: str) -> list[str | None] | None:
    if dialect in (SINGLE, SEMICOLON):
        delivered_as_json = text.startswith('["') and text.endswith('"]')
        items = _bracketed(text) if delivered_as_json else None
        if items is None:
            items = [text] if dialect == SINGLE else list(text.split(";"))
    else:
        items = _bracketed(text)
    return None if items is None else [None if item is None else unicodedata.normalize("NFC", item) for item in items]


_cached = lru_cache(maxsize=20_000)(_parsed)


def _bracketed(text: str) -> list[str | None] | None:
    text = text.strip()
    if text == "set()":  # how Python writes an empty set
        return []
    if _BRACKETS.get(text[0]) != text[-1] or len(text) < 2:
        return None
    inner = text[1:-1]
    items: list[str | None] = []
    place = 0
    while _REST.search(inner, place):
        match = _ITEM.match(inner, place)
        if match is None:
            return None
        item = _item(match)
        if item is None and match[3] is None:
            return None
        items.append(item)
        place = match.end()
    return items


def _item(match: re.Match[str]) -> str | None:
    quoted = match[1] if match[1] is not None else match[2]
    return None if quoted is None else _unescaped(quoted)


def _unescaped(quoted: str) -> str | None:
    if "\\" not in quoted:
        return quoted
    try:
        plain = _ESCAPE.sub(_character, quoted)
        # JSON writes a character beyond U+FFFF as two escapes; half a pair cannot be stored as UTF-8.
        return plain.encode("utf-16", "surrogatepass").decode("utf-16")
    except (ValueError, OverflowError):
        return None


def _character(escape: re.Match[str]) -> str:
    letter, octal, *hexadecimal, unfinished = escape.groups()
    if unfinished is not None:  # \x, \u or \U without its digits, or a name, which no list writer uses
        raise ValueError("broken escape")
    if letter is not None:
        return _LETTERS.get(letter, letter)
    if octal is not None:
        return chr(int(octal, 8))
    return chr(int(next(digits for digits in hexadecimal if digits is not None), 16))
