"""What a table promises, and how its columns are written down."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from pyspark.sql import types as T

from spark_app.columns import ARTIST_ID, AUDIO12, PLAYLIST_ID, TRACK_ID


@dataclass(frozen=True)
class TableSchema:
    """What a table promises.

    Attributes:
        name: ``zone.noun``.
        key: Columns that are unique together and never null.
        ddl: Columns and types as Spark DDL.
        job: The one job that writes the table; ``*`` for the two shared tables.
        partition_by: Column whose values are folders, or None.
        later: Columns that tables of an earlier version lack; they read as null there.
    """

    name: str
    key: tuple[str, ...]
    ddl: str
    job: str
    partition_by: str | None = None
    later: tuple[str, ...] = ()

    @cached_property
    def struct(self) -> T.StructType:
        """The columns as a Spark ``StructType``, all nullable as Delta stores them."""
        return T.StructType([_field(column) for column in _split_top_level(self.ddl)])

    @property
    def columns(self) -> list[str]:
        """Column names in order."""
        return [field.name for field in self.struct.fields]

    @property
    def path(self) -> str:
        """Path below the root: ``zone/noun``."""
        return self.name.replace(".", "/")

    @property
    def is_small(self) -> bool:
        """True where no column of the key counts tracks, artists, albums or playlists: one file holds all rows."""
        return not _COUNT_WITH_THE_CATALOGUE & set(self.key)


_COUNT_WITH_THE_CATALOGUE = {"line", TRACK_ID, ARTIST_ID, "album_id", "seed_id", PLAYLIST_ID}
_ATOMS: dict[str, T.DataType] = {
    "string": T.StringType(),
    "double": T.DoubleType(),
    "int": T.IntegerType(),
    "bigint": T.LongType(),
    "boolean": T.BooleanType(),
    "date": T.DateType(),
    "timestamp": T.TimestampType(),
}


def _split_top_level(ddl: str) -> list[str]:
    return [part.strip() for part in ddl.split(",") if part.strip()]


def _field(column: str) -> T.StructField:
    name, kind = column.split(" ", 1)
    if kind.startswith("array<"):
        return T.StructField(name, T.ArrayType(_ATOMS[kind[len("array<") : -1]]))
    return T.StructField(name, _ATOMS[kind])


def doubles(names: tuple[str, ...]) -> str:
    """Columns of doubles as DDL."""
    return ", ".join(f"{name} double" for name in names)


def strings(names: tuple[str, ...]) -> str:
    """Columns of text as DDL."""
    return ", ".join(f"{name} string" for name in names)


PLACE = "source string, file string, line bigint"
AUDIO_TYPED = doubles(AUDIO12)
