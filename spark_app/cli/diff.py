"""``diff ROOT_A ROOT_B``: whether two roots hold the same."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from spark_app.cli import output
from spark_app.settings import Settings

if TYPE_CHECKING:
    from spark_app.tables.diff import TableDiff

_DIFFERENT = 3


def add_parser(subparsers: Any, common: argparse.ArgumentParser) -> None:
    """Add ``diff``."""
    parser = subparsers.add_parser(
        "diff",
        parents=[common],
        help="compare the tables of two roots",
        description="Compare the tables of two roots by key. Floats may differ by 1e-9 of their size; ops/*, seconds "
        "and identifiers of runs do not count. Exit code 0: equal, 3: different.",
        epilog="examples:\n  spark-app diff build/lake/monday build/lake/tuesday\n"
        "  spark-app diff build/lake/a s3://bucket/lake --tables curated.tracks results.neighbours --json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("root_a", metavar="ROOT_A")
    parser.add_argument("root_b", metavar="ROOT_B")
    parser.add_argument("--tables", nargs="+", default=None, metavar="TABLE", help="only these")
    parser.set_defaults(command=diff_command)


def diff_command(args: argparse.Namespace, settings: Settings) -> int:
    """Print a line a table and the keys of up to three rows that differ; 0 where all are equal, else 3."""
    from spark_app.session import needed_s3_jars, start_session
    from spark_app.spark_conf import planned_for
    from spark_app.tables.diff import compared_tables, diff_roots
    from spark_app.tables.local import most_rows, table_name

    for root in (args.root_a, args.root_b):
        needed_s3_jars({"tables.root": root})  # raises where they are missing
    names = [table_name(text) for text in args.tables] if args.tables else None
    sizes = [most_rows(root, names or compared_tables()) for root in (args.root_a, args.root_b)]
    spark = start_session("spark-app diff")
    with planned_for(spark, None if None in sizes else max(rows or 0 for rows in sizes)):
        found = diff_roots(spark, args.root_a, args.root_b, names)
    different = [diff for diff in found if not diff.equal]
    if args.json:
        output.json_out({"equal": not different, "tables": [{**asdict(d), "equal": d.equal} for d in found]})
    else:
        _print(found, different, args)
    return _DIFFERENT if different else 0


def _print(found: list[TableDiff], different: list[TableDiff], args: argparse.Namespace) -> None:
    output.line(f"A {args.root_a}\nB {args.root_b}")
    headings = ("table", "", "rows A", "rows B", "only in A", "only in B", "differing", "duplicate", "where")
    output.table(
        headings,
        [
            (
                d.name,
                "equal" if d.equal else "DIFFERENT",
                d.rows_a,
                d.rows_b,
                d.only_a,
                d.only_b,
                d.differing,
                d.duplicates,
                _where(d),
            )
            for d in found
        ],
    )
    for diff in different:
        for key in diff.examples:
            shown = ", ".join(f"{name}={value}" for name, value in key.items())
            output.line(f"{diff.name}: {output.escape(shown)}")
    output.line(
        f"{len(different)} of {len(found)} tables differ." if different else f"All {len(found)} tables are equal."
    )


def _where(diff: TableDiff) -> str:
    if diff.note or not diff.columns:
        return diff.note
    column, rows = next(iter(diff.columns.items()))
    gap = "" if diff.largest is None else f", by up to {diff.largest:.3g}"
    others = f" and {len(diff.columns) - 1} more columns" if len(diff.columns) > 1 else ""
    return f"{column} in {rows:,} rows{gap}{others}"
