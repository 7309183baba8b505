"""What a file is and what ingestion would reject of it; nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from spark_app.columns import FILE, LINE, RECORD
from spark_app.sources.layouts import Kind, list_dialect
from spark_app.sources.probe import Opened
from spark_app.sources.read import Loaded
from spark_app.sources.records import PROBLEM

_SHOWN_REJECTS = 10
_SHOWN_TEXT = 200


@dataclass(frozen=True)
class Reject:
    """One rejected record: where it begins, why, and the first 200 characters of its text."""

    file: str
    line: int
    reason: str
    text: str


@dataclass(frozen=True)
class Inspection:
    """What a path holds.

    Attributes:
        path: As the user wrote it.
        form: ``csv``, ``jsonl``, ``parquet`` or ``slices``.
        kind: ``tracks``, ``artists`` or ``playlists``.
        layout: Name of the layout.
        lists: How it writes lists.
        files: Number of files.
        rows: Records, kept and rejected.
        rejected: Records that would be rejected, by reason.
        missing: Columns of the raw table that no file fills.
        extra: Columns of the files that are not used.
        first_rejects: The first ten, in (file, line) order; data, to be escaped where it is shown.
        warnings: What the user should know.
    """

    path: str
    form: str
    kind: Kind
    layout: str
    lists: str
    files: int
    rows: int
    rejected: Mapping[str, int]
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    first_rejects: tuple[Reject, ...]
    warnings: tuple[str, ...]


def described(path: str, opened: Opened, loaded: Loaded) -> Inspection:
    """What an opened and loaded source holds; looks at no more than ten of its rows.

    Args:
        path: As the user wrote it.
        opened: Its files and layout.
        loaded: Its rows and their numbers.
    """
    rejects = loaded.rows.where(loaded.rows[PROBLEM].isNotNull()).orderBy(FILE, LINE)
    first = rejects.select(FILE, LINE, PROBLEM, RECORD).limit(_SHOWN_REJECTS).collect()  # at most ten rows
    return Inspection(
        path=path,
        form=opened.source.form,
        kind=opened.layout.kind,
        layout=opened.layout.name,
        lists=list_dialect(opened.row_layout),
        files=len(opened.source.files),
        rows=loaded.read,
        rejected=loaded.reasons,
        missing=opened.missing,
        extra=opened.extra,
        first_rejects=tuple(Reject(r[FILE], r[LINE], r[PROBLEM], (r[RECORD] or "")[:_SHOWN_TEXT]) for r in first),
        warnings=opened.warnings + loaded.warnings,
    )
