"""The only place that writes to the terminal. Whatever may come from data is escaped before it is shown."""

from __future__ import annotations

import json
import math
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from spark_app.errors import SparkAppError

_MAX_CELL = 60  # characters of a cell; longer text ends in an ellipsis
_MAX_LAST_CELL = 120  # nothing stands to the right of it


def line(text: str = "") -> None:
    """Write one line to standard output."""
    _write(sys.stdout, f"{text}\n")


def error_line(text: str) -> None:
    """Write one line to standard error."""
    sys.stdout.flush()
    _write(sys.stderr, f"{text}\n")


def show_error(error: SparkAppError, where: str) -> None:
    """Write an error to standard error: what happened, then the remedy on the line below."""
    error_line(f"ERROR  {where}: {escape(error.what)}")
    for part in error.remedy.splitlines():
        error_line(f"       {escape(part)}")


def json_out(value: object) -> None:
    """Write one JSON document; NaN and infinity, which JSON lacks, become null, dates become ISO text."""
    _write(sys.stdout, json.dumps(plain(value), ensure_ascii=False, indent=2) + "\n")


def plain(value: Any) -> Any:
    """``value`` in the types of JSON.

    >>> plain({"a": (1, float("nan"), date(2020, 1, 2))})
    {'a': [1, None, '2020-01-02']}
    """
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value if value is None or isinstance(value, str | int | bool) else str(value)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows under their headings, aligned; numbers to the right. On a terminal the headings are bold."""
    shown = [list(row) for row in rows]
    numeric = [_is_numeric([row[i] for row in shown]) for i in range(len(columns))]
    limits = [*([_MAX_CELL] * (len(columns) - 1)), _MAX_LAST_CELL]
    cells = [[_cell(value, limit) for value, limit in zip(row, limits, strict=True)] for row in shown]
    widths = [max([_width(name), *(_width(row[i]) for row in cells)]) for i, name in enumerate(columns)]
    heading = _joined(list(columns), widths, numeric)
    line(f"\x1b[1m{heading}\x1b[0m" if is_terminal() else heading)
    for row in cells:
        line(_joined(row, widths, numeric))


def escape(text: str) -> str:
    r"""Text in which nothing can move the cursor, break the line or reverse the reading direction.

    >>> escape("a\nb\x1b[31m"), escape("caf\u00e9 \u202e"), escape("\ud800")
    ('a\\nb\\x1b[31m', 'café \\u202e', '\\ud800')
    """
    return "".join(char if _is_harmless(char) else char.encode("unicode_escape").decode() for char in text)


def is_terminal() -> bool:
    """True where a person looks at standard output."""
    return sys.stdout.isatty()


def overwrite(text: str) -> None:
    """Replace the terminal's current line, which stays open."""
    _write(sys.stdout, f"\r\x1b[2K{text}")
    sys.stdout.flush()


def _write(stream: Any, text: str) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError:  # a terminal that is not UTF-8
        stream.write(text.encode(stream.encoding, "backslashreplace").decode(stream.encoding))


def _is_harmless(char: str) -> bool:
    # Cc control, Cf format (bidirectional marks, zero width), Cs surrogate, Co private, Zl and Zp line breaks.
    return char == "\u200d" or unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def _cell(value: object, limit: int) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        text = ", ".join(str(part) for part in value)
    else:
        text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    shown = escape(text)
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"


def _is_numeric(values: list[object]) -> bool:
    present = [value for value in values if value is not None]
    return bool(present) and all(isinstance(v, int | float) and not isinstance(v, bool) for v in present)


def _width(text: str) -> int:
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.combining(char) > 0 for char in text)


def _joined(cells: list[str], widths: list[int], numeric: list[bool]) -> str:
    padded = []
    for cell, width, right in zip(cells, widths, numeric, strict=True):
        blanks = " " * (width - _width(cell))
        padded.append(blanks + cell if right else cell + blanks)
    return "  ".join(padded).rstrip()


def file_size(size: int | None) -> str:
    """Bytes for people, such as ``3.4 MB``; empty for None."""
    if size is None:
        return ""
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
