"""Lines of text files -> rows under our column names, on the executors, streamed through Arrow."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame

from spark_app.columns import FILE, LINE, RECORD
from spark_app.sources.layouts import Layout
from spark_app.sources.lines import (
    EMPTY_ROW,
    NUL_BYTE,
    RAGGED,
    Record,
    csv_records,
    decoded,
    json_records,
    json_text,
)
from spark_app.sources.recognise import COLUMNS, plain, positions
from spark_app.sources.slices import slice_records

if TYPE_CHECKING:
    import pyarrow as pa

PROBLEM = "problem"
MAX_RECORD_TEXT = 4000  # characters of a rejected record that are kept
HEAD_RECORDS = 200  # records that a probe looks at
_HEAD_CELL = 1000  # characters
_BATCH_ROWS = 2000
_BATCH_BYTES = 8_000_000


@dataclass(frozen=True)
class TextOptions:
    """How text files are read.

    Attributes:
        form: ``csv``, ``jsonl`` or ``slices``.
        encoding: A name that Python knows, of an encoding that contains ASCII.
        max_record_bytes: A longer record is rejected.
        header: Names of the columns; None where the first record of each file is the header.
    """

    form: str = "csv"
    encoding: str = "utf-8"
    max_record_bytes: int = 1_000_000
    header: tuple[str, ...] | None = None


def row_ddl(layout: Layout) -> str:
    """Columns of :func:`parse_lines` as DDL."""
    values = ", ".join(f"{column} string" for column in COLUMNS[layout.kind])
    return f"{FILE} string, {LINE} bigint, {values}, {PROBLEM} string, {RECORD} string"


def parse_lines(lines: DataFrame, *, layout: Layout, options: TextOptions) -> DataFrame:
    """Parse lines into rows, streamed: memory stays bounded whatever a file holds.

    Args:
        lines: ``[file, line (1-based; null: count from the first), value (binary)]``. The lines of a file stand in
            order in one partition. A value may itself hold line ends inside quotes.
        layout: Which headers mean which column.
        options: How the text is read.

    Returns:
        One row per record, key ``file, line`` ``[file, line, <columns of the raw table>, problem, record]``. ``line``
        is the first physical line. An empty cell is null. Where ``problem`` is set, the values are null and
        ``record`` holds the first 4,000 characters of the text.
    """

    def rows(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for name, numbered in _by_file(batches):
            yield from _arrow(name, _parsed(numbered, layout, options), COLUMNS[layout.kind])

    return lines.mapInArrow(rows, row_ddl(layout))


def heads(lines: DataFrame, *, options: TextOptions) -> DataFrame:
    """The header and first records of each file, without reading on. One partition must hold one file.

    Returns:
        One row per file that holds a record ``[file, head]``; ``head`` is JSON: ``header`` (names), ``problem`` (of
        the header), ``sample`` (up to 200 records as lists in the order of ``header``).
    """

    def first(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        for name, numbered in _by_file(batches):
            found = _head(_records(numbered, options), options)
            if found:
                yield pa.RecordBatch.from_pydict({FILE: [name], "head": [json.dumps(found)]})
            return  # going on to the next file would read the rest of this one

    return lines.mapInArrow(first, f"{FILE} string, head string")


def _by_file(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[str, Iterator[tuple[int, bytes]]]]:
    def flat() -> Iterator[tuple[str, int | None, bytes]]:
        for batch in batches:
            yield from zip(*(batch.column(name).to_pylist() for name in (FILE, LINE, "value")), strict=True)

    for name, rows in groupby(flat(), key=itemgetter(0)):
        yield name, ((line or count, data) for count, (_, line, data) in enumerate(rows, start=1))


def _records(numbered: Iterator[tuple[int, bytes]], options: TextOptions) -> Iterator[Record]:
    if options.form == "slices":
        return slice_records((piece for _, piece in numbered), max_bytes=options.max_record_bytes)
    lines = decoded(numbered, encoding=options.encoding, max_bytes=options.max_record_bytes)
    return csv_records(lines, max_bytes=options.max_record_bytes) if options.form == "csv" else json_records(lines)


def _head(records: Iterator[Record], options: TextOptions) -> dict[str, Any] | None:
    if options.form == "csv":
        first = next(records, None)
        if first is None:
            return None
        sample = [list(map(_short, one.values)) for one in islice(records, HEAD_RECORDS) if one.values]
        stray = "\r" in first.text.rstrip("\r")
        header = [] if first.problem else first.values
        return {"header": header, "problem": first.problem, "stray_cr": stray, "sample": sample}
    some = list(islice(records, HEAD_RECORDS))
    objects = [one.values for one in some if not one.problem]
    if not some:
        return None
    header = list(dict.fromkeys(key for found in objects for key in found))
    sample = [[_short(found.get(key)) for key in header] for found in objects]
    is_list = some[0].text.lstrip().startswith("[")  # one JSON list over many lines
    return {
        "header": header,
        "problem": "" if objects and not is_list else some[0].problem,
        "stray_cr": False,
        "sample": sample,
    }


def _short(cell: Any) -> Any:
    """The cell, or None where it is too long to be worth a place in the driver."""
    return cell if len(json_text(cell) or "") <= _HEAD_CELL else None


def _parsed(numbered: Iterator[tuple[int, bytes]], layout: Layout, options: TextOptions) -> Iterator[Record]:
    """Records whose values stand in the order of the raw table's columns."""
    records = _records(numbered, options)
    if options.form != "csv":
        return map(_from_object(layout), records)
    header = options.header
    if header is None:
        first = next(records, None)
        header = tuple(first.values or ()) if first else ()
    return map(_from_fields(header, layout), records)


def _from_fields(header: Sequence[str], layout: Layout) -> Callable[[Record], Record]:
    where = positions(header, layout)
    picks = [where.get(column) for column in COLUMNS[layout.kind]]

    def row(record: Record) -> Record:
        if record.problem:
            return record
        if len(record.values) != len(header):
            return record._replace(problem=RAGGED)
        if not any(record.values):
            return record._replace(problem=EMPTY_ROW)
        return record._replace(values=[None if i is None else record.values[i] or None for i in picks])

    return row


def _from_object(layout: Layout) -> Callable[[Record], Record]:
    known = {name for names in layout.columns.values() for name in names}
    alternatives = [layout.columns.get(column, ()) for column in COLUMNS[layout.kind]]

    def row(record: Record) -> Record:
        if record.problem:
            return record
        found = {plain(key): value for key, value in record.values.items() if plain(key) in known}
        values = [next((json_text(found[n]) or None for n in names if n in found), None) for names in alternatives]
        if not any(values):
            return record._replace(problem=EMPTY_ROW)
        return record._replace(values=values, problem=NUL_BYTE if any("\0" in v for v in values if v) else "")

    return row


def _arrow(name: str, records: Iterator[Record], columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    batch: list[Record] = []
    size = 0
    for record in records:
        batch.append(record)
        size += record.size
        if len(batch) >= _BATCH_ROWS or size >= _BATCH_BYTES:
            yield _record_batch(name, batch, columns)
            batch, size = [], 0
    if batch:
        yield _record_batch(name, batch, columns)


def _record_batch(name: str, records: Sequence[Record], columns: Sequence[str]) -> pa.RecordBatch:
    import pyarrow as pa

    nothing = [None] * len(columns)
    values = zip(*(nothing if record.problem else record.values for record in records), strict=True)
    arrays = [
        pa.array([name] * len(records), pa.string()),
        pa.array([record.line for record in records], pa.int64()),
        *(pa.array(column, pa.string()) for column in values),
        pa.array([record.problem or None for record in records], pa.string()),
        pa.array(
            [record.text.rstrip("\r")[:MAX_RECORD_TEXT] if record.problem else None for record in records], pa.string()
        ),
    ]
    return pa.RecordBatch.from_arrays(arrays, names=[FILE, LINE, *columns, PROBLEM, RECORD])
