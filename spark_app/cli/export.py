"""``export TABLE``: a table as one CSV or Parquet file, written in batches, without Spark."""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spark_app.cli import output
from spark_app.cli.output import plain
from spark_app.errors import UsageError
from spark_app.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset as ds

_BATCH_ROWS = 20_000
# A spreadsheet takes a text cell that begins so for a formula (OWASP ASVS 1.2.10).
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\0")


def add_parser(subparsers: Any, common: argparse.ArgumentParser) -> None:
    """Add ``export``."""
    parser = subparsers.add_parser(
        "export",
        parents=[common],
        help="write a table to one CSV or Parquet file",
        description="Write a table to one file. In CSV, text that a spreadsheet would take for a formula gets a "
        "leading single quote, arrays become JSON text, null an empty cell; Parquet holds the values as they are.",
        epilog="examples:\n  spark-app export results.neighbours --format csv\n"
        "  spark-app export curated.tracks --format parquet --out tracks.parquet",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("table", metavar="TABLE", help="such as curated.tracks or curated/tracks")
    parser.add_argument("--format", choices=("csv", "parquet"), required=True)
    parser.add_argument("--out", default="", metavar="F", help="the file (TABLE.FORMAT in this folder)")
    parser.set_defaults(command=export_command)


def export_command(args: argparse.Namespace, settings: Settings) -> int:
    """Write the file under another name and rename it, so that a broken-off export leaves none."""
    from spark_app.tables.local import scan, table_name

    name = table_name(args.table)
    dataset = scan(settings.root, name)
    target = Path(args.out or f"{name}.{args.format}")
    if target.is_dir() or not target.absolute().parent.is_dir():
        raise UsageError(f"cannot write {target}: it is a folder, or lies in none", "Name a file with --out.")
    unfinished = target.with_name(f"{target.name}.part")
    write = _write_csv if args.format == "csv" else _write_parquet
    try:
        rows = write(dataset, unfinished)
        unfinished.replace(target)
    except PermissionError:
        raise UsageError(f"cannot write {target}: permission denied", "Name another file with --out.") from None
    finally:
        unfinished.unlink(missing_ok=True)
    size = target.stat().st_size
    if args.json:
        output.json_out({"table": name, "file": str(target), "format": args.format, "rows": rows, "bytes": size})
    else:
        output.line(f"Wrote {target}: {rows:,} rows, {output.file_size(size)}")
    return 0


def neutralised(text: str) -> str:
    r"""``text``, with a leading single quote where a spreadsheet would take it for a formula.

    >>> neutralised("=1+1"), neutralised("-"), neutralised("\tx"), neutralised("Queen"), neutralised("")
    ("'=1+1", "'-", "'\tx", 'Queen', '')
    """
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _write_csv(dataset: ds.Dataset, path: Path) -> int:
    rows = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)  # RFC 4180, with CRLF
        writer.writerow(dataset.schema.names)
        for batch in _batches(dataset):
            writer.writerows(zip(*[_cells(column) for column in batch.columns], strict=True))
            rows += batch.num_rows
    return rows


def _write_parquet(dataset: ds.Dataset, path: Path) -> int:
    import pyarrow.parquet as pq

    rows = 0
    with pq.ParquetWriter(path, dataset.schema) as writer:
        for batch in _batches(dataset):
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


def _batches(dataset: ds.Dataset) -> Iterator[pa.RecordBatch]:
    # Files in order and few at a time, so that memory stays small whatever the table holds.
    scanner = dataset.scanner(batch_size=_BATCH_ROWS, batch_readahead=2, fragment_readahead=1)
    yield from scanner.to_batches()


def _cells(column: pa.Array) -> list[object]:
    import pyarrow as pa

    values = column.to_pylist()  # one batch
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return [None if value is None else neutralised(value) for value in values]
    if pa.types.is_nested(column.type):
        return [None if value is None else json.dumps(plain(value), ensure_ascii=False) for value in values]
    return values
