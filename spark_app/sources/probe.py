"""Open a source: find its files, read their first records, recognise their one layout."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from spark_app.errors import DataError
from spark_app.sources.dialects import dialect_of, list_column
from spark_app.sources.files import NoRowsError, Source, as_playlists, find_files, raw_lines, whole_files
from spark_app.sources.layouts import Kind, Layout, row_layout
from spark_app.sources.lines import BROKEN_QUOTES, NOT_JSON, TOO_LONG
from spark_app.sources.options import ReadOptions, attempted, checked_encoding
from spark_app.sources.parquet import parquet_frame
from spark_app.sources.recognise import Match, recognise
from spark_app.sources.records import HEAD_RECORDS, TextOptions, heads
from spark_app.sources.slices import NOT_WHOLE

Head = Mapping[str, Any]  # header: names; problem; stray_cr; sample: lists in the order of header


@dataclass(frozen=True)
class Opened:
    """A source whose layout is known; only its first records have been read.

    Attributes:
        source: Its files.
        layout: Their one layout.
        row_layout: What the column ``layout`` of its rows holds.
        headers: The header of each file.
        extra: Headers that no column of ours takes.
        missing: Columns of ours that no file fills.
        warnings: What the user should know.
    """

    source: Source
    layout: Layout
    row_layout: str
    headers: tuple[tuple[str, ...], ...]
    extra: tuple[str, ...]
    missing: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def open_source(
    spark: SparkSession, path: str, *, kind: Kind | None, options: ReadOptions, beside: Source | None = None
) -> Opened:
    """Find the files of a path and recognise their one layout. One small job.

    Args:
        spark: The session.
        path: File, folder or glob.
        kind: What the files must be; None accepts any.
        options: How they are read.
        beside: Another source of the same run, so that file names stay apart.

    Raises:
        NoRowsError: No file holds a record.
        DamagedFileError: A file is damaged, unless ``options.allow_partial``.
        DataError: A header that matches no layout, or files of several layouts.
        UsageError: A file type or an encoding that is not read.
    """
    checked_encoding(options.encoding)
    source = find_files(spark, path, beside=beside)
    source = as_playlists(source) if kind == "playlists" else source
    found, damaged = attempted(
        lambda skip: _heads(spark, source, options, skip), source, allow_partial=options.allow_partial
    )
    if not found:
        raise NoRowsError(path, "no file holds a record")
    matches = {name: _recognised(name, head, kind, options) for name, head in sorted(found.items())}
    layout = _one_layout(matches)
    cells = [cell for name, head in found.items() for cell in _list_cells(head, matches[name])]
    extra = tuple(sorted({name for match in matches.values() for name in match.extra}))
    filled = {column for match in matches.values() for column in match.columns}
    return Opened(
        source=source,
        layout=layout,
        row_layout=row_layout(layout, dialect_of(cells, layout)),
        headers=tuple(tuple(head["header"]) for head in found.values()),
        extra=extra,
        missing=tuple(column for column in next(iter(matches.values())).missing if column not in filled),
        warnings=((f"columns not used: {', '.join(extra)}",) if extra else ()) + damaged,
    )


def _heads(spark: SparkSession, source: Source, options: ReadOptions, skip_damaged: bool) -> dict[str, Head]:
    if source.form == "parquet":
        return _parquet_head(spark, source, skip_damaged)
    text = TextOptions(source.form, checked_encoding(options.encoding), options.max_record_bytes)
    with whole_files(spark):
        lines = raw_lines(spark, source, max_bytes=options.max_record_bytes, skip_damaged=skip_damaged)
        rows = heads(lines, options=text).collect()  # one row a file, at most 200 records in it
    return {row["file"]: json.loads(row["head"]) for row in rows}


def _parquet_head(spark: SparkSession, source: Source, skip_damaged: bool) -> dict[str, Head]:
    frame = parquet_frame(spark, source, skip_damaged=skip_damaged)
    names = frame.columns
    # Positions instead of names: a column's own name may hold any character.
    text = frame.toDF(*map(str, range(len(names)))).select(F.to_json(F.struct("*")).alias("row"))
    rows = [json.loads(row["row"]) for row in text.limit(HEAD_RECORDS).collect()]  # at most 200 rows
    sample = [[row.get(str(index)) for index in range(len(names))] for row in rows]
    return {source.path: {"header": names, "problem": "", "stray_cr": False, "sample": sample}}


def _recognised(name: str, head: Head, kind: Kind | None, options: ReadOptions) -> Match:
    if head["problem"]:
        raise _unreadable(name, head, options)
    return recognise(head["header"], place=name, kind=kind, own=options.columns)


def _unreadable(name: str, head: Head, options: ReadOptions) -> DataError:
    problem = head["problem"]
    if head["stray_cr"]:
        return DataError(f"{name}: its lines end in carriage returns only", "Convert them: tr '\\r' '\\n' < FILE > NEW")
    if problem == TOO_LONG:
        return DataError(
            f"{name}: the first record is longer than {options.max_record_bytes} bytes",
            "Is it text with line ends? See sources.max_record_bytes.",
        )
    if problem == BROKEN_QUOTES:
        return DataError(f"{name}: the quotes of its header are broken", "A quote inside quotes is written twice.")
    if problem == NOT_WHOLE:
        return DataError(
            f"{name} is no slice of playlists: it breaks off, or is no JSON, before the first track",
            "A slice is one JSON object with a list of playlists; the names of files of JSON lines end in .jsonl.",
        )
    if problem == NOT_JSON:
        return DataError(
            f"{name} holds no JSON lines",
            "Write one JSON object on each line, without a list around them. A slice of playlists belongs to "
            "sources.playlists; look at it with --kind playlists.",
        )
    return DataError(
        f"{name}: its header is not {options.encoding} text (line 1)",
        "Another encoding: --set sources.encoding=cp1252. UTF-16: iconv -f utf-16 -t utf-8 FILE > NEW. A spreadsheet "
        "or an archive under another name: save it as CSV.",
    )


def _one_layout(matches: Mapping[str, Match]) -> Layout:
    by_layout: dict[str, str] = {}
    for name, match in matches.items():
        by_layout.setdefault(match.layout.name, name)
    if len(by_layout) > 1:
        named = ", ".join(f"{name} ({layout})" for layout, name in by_layout.items())
        raise DataError(
            f"the files are of several layouts: {named}", "Name those of one layout, as by folder/tracks*.csv."
        )
    return next(iter(matches.values())).layout


def _list_cells(head: Head, match: Match) -> Sequence[object]:
    index = match.columns.get(list_column(match.layout))
    return [] if index is None else [row[index] for row in head["sample"] if index < len(row)]
