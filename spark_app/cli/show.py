"""``tables`` lists what a root holds; ``show TABLE`` prints rows. Neither starts Spark."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from spark_app.cli import output
from spark_app.errors import DataError, UsageError
from spark_app.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset as ds


def add_parser(subparsers: Any, common: argparse.ArgumentParser) -> None:
    """Add ``tables`` and ``show``."""
    tables = subparsers.add_parser(
        "tables",
        parents=[common],
        help="list the tables with rows, size and version",
        epilog="examples:\n  spark-app tables\n  spark-app tables --set tables.root=build/lake/hits --json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    tables.set_defaults(command=list_command)
    show = subparsers.add_parser(
        "show",
        parents=[common],
        help="print rows of a table",
        epilog="examples:\n  spark-app show curated.tracks --limit 5 --columns track_id,track_name,tempo\n"
        "  spark-app show curated.rejects --where reason=ragged\n  spark-app show results/neighbours --json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    show.add_argument("table", metavar="TABLE", help="such as curated.tracks or curated/tracks")
    show.add_argument("--limit", type=_positive, default=20, metavar="N", help="rows at most (20)")
    show.add_argument("--columns", default="", metavar="A,B", help="only these columns")
    show.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="COLUMN=VALUE",
        help="only rows with this value; nothing after = means null; repeat for more",
    )
    show.set_defaults(command=show_command)


def list_command(args: argparse.Namespace, settings: Settings) -> int:
    """Print name, version, rows, files, size, time and run of each table."""
    from spark_app.tables.local import list_tables

    found = list_tables(settings.root)
    if not found:
        raise DataError(f"there are no tables below {settings.root}", "Run first: spark-app pipeline")
    if args.json:
        output.json_out({"root": settings.root, "tables": [asdict(info) for info in found]})
        return 0
    output.table(
        ("table", "version", "rows", "files", "size", "modified (UTC)", "run"),
        [
            (t.name, t.version, t.rows, t.files, output.file_size(t.bytes), f"{t.modified:%Y-%m-%d %H:%M:%S}", t.run_id)
            for t in found
        ],
    )
    output.line(f"{len(found)} tables below {settings.root}")
    return 0


def show_command(args: argparse.Namespace, settings: Settings) -> int:
    """Print rows of one table."""
    from spark_app.tables.local import read_rows, scan, table_name

    name = table_name(args.table)
    schema = scan(settings.root, name).schema
    columns = _chosen(args.columns, schema.names, name)
    rows = read_rows(settings.root, name, columns, _condition(args.where, schema), args.limit)
    if args.json:
        output.json_out(rows.to_pylist())
        return 0
    _print(rows, columns)
    output.line(f"{rows.num_rows} rows of {name}" + (f" (--limit {args.limit})" if rows.num_rows == args.limit else ""))
    return 0


def _print(rows: pa.Table, columns: Sequence[str]) -> None:
    listed = [tuple(row.values()) for row in rows.to_pylist()]  # at most --limit rows
    if len(columns) <= 8:
        output.table(columns, listed)
        return
    # A wide row stands on end, one line a column; null is left out.
    for number, row in enumerate(listed, start=1):
        output.line(f"── row {number}")
        output.table(("column", "value"), [(n, v) for n, v in zip(columns, row, strict=True) if v is not None])


def _chosen(text: str, known: Sequence[str], name: str) -> list[str]:
    wanted = [part.strip() for part in text.split(",") if part.strip()]
    unknown = [column for column in wanted if column not in known]
    if unknown:
        raise UsageError(f"{name} has no column {', '.join(unknown)}", f"It has: {', '.join(known)}")
    return wanted or list(known)


def _condition(assignments: Sequence[str], schema: pa.Schema) -> ds.Expression | None:
    condition = None
    for assignment in assignments:
        one = _comparison(assignment, schema)
        condition = one if condition is None else condition & one
    return condition


def _comparison(assignment: str, schema: pa.Schema) -> ds.Expression:
    import pyarrow as pa
    import pyarrow.dataset as ds

    column, equals, text = assignment.partition("=")
    if not equals or column not in schema.names:
        raise UsageError(f"--where {assignment}: write COLUMN=VALUE", f"Columns: {', '.join(schema.names)}")
    if not text:
        return ds.field(column).is_null()
    kind = schema.field(column).type
    try:
        return ds.field(column) == pa.scalar(text).cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise UsageError(f"--where {assignment}: {column} holds {kind}") from None


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no whole number above 0")
    return int(text)
