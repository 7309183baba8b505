"""What a layout is: which headers of a file mean which of our columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from spark_app.columns import AUDIO12

Kind = Literal["tracks", "artists", "playlists"]

# How a list of artists or genres is written in one cell.
SINGLE = "single"  # no list: the whole cell is one name
BRACES = "braces"  # {'a', "O'Brien"}
PYTHON = "python"  # ['a', "O'Brien"]
JSON = "json"  # ["a", "b"]; also what arrays of JSON lines and Parquet become
SEMICOLON = "semicolon"  # a;b

AUDIO_HEADERS: dict[str, tuple[str, ...]] = {name: (name,) for name in AUDIO12}
# Row numbers that pandas leaves in a file; never data.
INDEX_HEADERS = frozenset({"", "unnamed: 0", "unnamed: 0.1"})


@dataclass(frozen=True)
class Layout:
    """One kind of file, recognised by the names in its header, in any order.

    Attributes:
        name: As ``raw`` tables and the ledger show it.
        kind: ``tracks``, ``artists`` or ``playlists``.
        columns: Our column -> headers that mean it, lower case, the preferred one first.
        required: Our columns without which a file is not of this layout.
        lists: How its lists are written, where the file does not show otherwise.
        ignored: Headers that are known and not used; other unused ones are warned of.
    """

    name: str
    kind: Kind
    columns: Mapping[str, tuple[str, ...]]
    required: tuple[str, ...]
    lists: str = SINGLE
    ignored: frozenset[str] = field(default_factory=frozenset)

    @property
    def has_genre(self) -> bool:
        """True where the tracks themselves carry a genre."""
        return self.kind == "tracks" and "genre" in self.columns
