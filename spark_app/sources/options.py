"""How a user's files are to be read."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from spark_app.errors import UsageError
from spark_app.sources.files import DamagedFileError, Source, damage_named

Result = TypeVar("Result")
_ASCII = "".join(map(chr, range(32, 127))) + "\t\r\n"


@dataclass(frozen=True)
class ReadOptions:
    """The values of ``sources.*`` that reading needs; ``conf/base.yaml`` describes them."""

    encoding: str = "utf-8"
    max_record_bytes: int = 1_000_000
    columns: Mapping[str, str] = field(default_factory=dict)
    allow_partial: bool = False
    allow_empty: bool = False


def checked_encoding(name: str) -> str:
    """Python's name of an encoding whose lines can be told apart byte by byte.

    >>> checked_encoding("UTF8"), checked_encoding("windows-1252")
    ('utf-8', 'cp1252')

    Raises:
        UsageError: There is none of that name, or it does not contain ASCII (UTF-16).
    """
    try:
        found = codecs.lookup(name).name
        contains_ascii = _ASCII.encode(found) == _ASCII.encode("ascii")
    except (LookupError, UnicodeError):
        raise UsageError(f"sources.encoding: Python knows no text encoding {name}", "Try utf-8 or cp1252.") from None
    if found == "utf-8-sig":
        return "utf-8"
    if not contains_ascii:
        raise UsageError(
            f"sources.encoding: files in {name} are not read", f"Convert them: iconv -f {name} -t utf-8 FILE > NEW"
        )
    return found


def attempted(read: Callable[[bool], Result], source: Source, *, allow_partial: bool) -> tuple[Result, tuple[str, ...]]:
    """What ``read(False)`` gives; where a file is damaged and that is allowed, what ``read(True)`` gives.

    Returns:
        The result, and a warning where part of a file was left out.

    Raises:
        DamagedFileError: A file is damaged, and ``allow_partial`` is false.
    """
    try:
        with damage_named(source.path):
            return read(False), ()
    except DamagedFileError as error:
        if not allow_partial:
            raise
        with damage_named(source.path):
            return read(True), (f"{error.what}; only what is whole of it was read",)
