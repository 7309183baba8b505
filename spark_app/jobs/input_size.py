"""How many rows a job is going to read, as far as that can be told without reading them."""

from __future__ import annotations

from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING

from spark_app.tables.local import most_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spark_app.settings import Settings

_BYTES_A_ROW = 200  # of a text file of tracks; a slice of playlists has twice as many
_COMPRESSED = (".gz", ".parquet")
_COMPRESSION = 3  # about as many rows in as many bytes


def largest_input(
    settings: Settings, reads: Sequence[str], files: Callable[[Settings], int | None] | None = None
) -> int | None:
    """Rows of the largest input of a job; None where a table's log, or a file's size, does not tell.

    Args:
        settings: Where tables and sources lie.
        reads: Names of the tables that it reads.
        files: Gives the rows of the files that it reads, for a job that reads any.
    """
    counts = [most_rows(settings.root, reads), files(settings) if files else 0]
    known = [rows for rows in counts if rows is not None]
    return max(known) if len(known) == len(counts) else None


def source_rows(settings: Settings) -> int | None:
    """Tracks that the sources hold: exact for the sample catalogue, guessed from the size of local files otherwise;
    None where that cannot be known (S3, folders, no such file).
    """
    return settings.sample.tracks if settings.uses_sample else file_rows(settings.sources.tracks)


def playlist_rows(settings: Settings) -> int | None:
    """Tracks in playlists, likewise; 0 where none are named, about one for each track of the sample catalogue."""
    if settings.sources.playlists:
        return file_rows(settings.sources.playlists)
    return settings.sample.tracks if settings.uses_sample else 0


def file_rows(pattern: str) -> int | None:
    """Tracks that the local files of a path or glob hold, guessed from their size; None where that cannot be known."""
    paths = [Path(path) for path in glob(pattern)]
    if not paths or not all(path.is_file() for path in paths):
        return None
    n_bytes = sum(path.stat().st_size * (_COMPRESSION if path.suffix in _COMPRESSED else 1) for path in paths)
    return n_bytes // _BYTES_A_ROW
