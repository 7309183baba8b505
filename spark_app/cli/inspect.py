"""``inspect FILE``: layout, rows, and what ingestion and curation would reject; nothing is written."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from spark_app.cli import output
from spark_app.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from spark_app.curate.accounts import Account
    from spark_app.sources.inspect import Inspection


def add_parser(subparsers: Any, common: argparse.ArgumentParser) -> None:
    """Add ``inspect``."""
    parser = subparsers.add_parser(
        "inspect",
        parents=[common],
        help="show the layout and rows of a file and what would be rejected; writes nothing",
        epilog="examples:\n  spark-app inspect data/tracks.csv\n  spark-app inspect 'data/hits/*.csv'\n"
        "  spark-app inspect songs.csv --set 'sources.columns={Song: track_name, BPM: tempo}'",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("path", metavar="FILE", help="a file, folder or glob")
    parser.add_argument(
        "--kind",
        choices=("tracks", "artists", "playlists"),
        default=None,
        help="default: whichever matches; slices of playlists (.json) have to be called so",
    )
    parser.set_defaults(command=inspect_command)


def inspect_command(args: argparse.Namespace, settings: Settings) -> int:
    """Read the file as ingestion would, judge its rows as curation would, and print what was found."""
    from spark_app.jobs.input_size import file_rows
    from spark_app.session import needed_s3_jars, start_session
    from spark_app.spark_conf import planned_for

    needed_s3_jars({"sources.tracks": args.path})  # raises where they are missing
    spark = start_session("spark-app inspect")
    with planned_for(spark, file_rows(args.path)):
        found, account = _inspected(spark, args, settings)
    if args.json:
        output.json_out({**asdict(found), "curation": _judged(account)})
    else:
        _show(found, _judged(account))
    return 0


def _inspected(spark: SparkSession, args: argparse.Namespace, settings: Settings) -> tuple[Inspection, Account]:
    from spark_app.jobs import curate_tracks, ingest_playlists
    from spark_app.jobs.deliveries import Delivery, raw_rows, read_options
    from spark_app.sources.inspect import described
    from spark_app.sources.probe import open_source
    from spark_app.sources.read import load
    from spark_app.sources.recognise import COLUMNS, check_own, check_own_headers

    options = read_options(settings.sources, with_columns=args.kind != "playlists")
    check_own(options.columns)
    opened = open_source(spark, args.path, kind=args.kind, options=options)
    # Headers for columns that only the other kind has stand in the other file, which is not read here.
    own = {theirs: ours for theirs, ours in options.columns.items() if ours in COLUMNS[opened.layout.kind]}
    check_own_headers(own, opened.headers)
    loaded = load(spark, opened, options)
    try:
        found = described(args.path, opened, loaded)
        rows = raw_rows(Delivery(loaded, opened.row_layout), kind=found.kind, settings=settings)
        if found.kind == "playlists":
            return found, ingest_playlists.account_of(rows, curate=settings.curate)
        return found, curate_tracks.account_of(rows, kind=found.kind, curate=settings.curate)
    finally:
        loaded.rows.unpersist()


def _judged(account: Account) -> dict[str, Any]:
    return {
        "kept": account.kept(),
        "merged": account.merged(),
        "rejected": account.reasons(),
        "first_rejects": [
            {"reason": reason, "file": file, "line": line} for reason, file, line in account.first_rejects()
        ],
        "failed": [
            {"reason": failure.rule, "rows": failure.rows, "file": failure.file, "line": failure.line}
            for failure in account.failures()
        ],
        "warnings": list(account.warnings()),
    }


def _numbered(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{reason} {count:,}" for reason, count in counts.items()) or "none"


def _stopping(failed: Sequence[Mapping[str, Any]]) -> str:
    rules = [f"{one['reason']} {one['rows']:,}, the first in {one['file']}, line {one['line']:,}" for one in failed]
    return "; ".join(rules) + "   (would stop the run)"


def _show(found: Inspection, judged: Mapping[str, Any]) -> None:
    facts = {
        "path": f"{found.path}   ({found.files:,} file{'s' if found.files != 1 else ''}, {found.form})",
        "layout": f"{found.layout}   ({found.kind}; lists written as: {found.lists})",
        "rows": f"{found.rows:,}",
        "unreadable": _numbered(found.rejected),
        "kept": f"{judged['kept']:,}, and {judged['merged']:,} merged into another row of the same id",
        "rejected": _numbered(judged["rejected"]),
        **({"failed": _stopping(judged["failed"])} if judged["failed"] else {}),
        "not there": ", ".join(found.missing) or "nothing",
        "not used": ", ".join(found.extra) or "nothing",
    }
    for name, value in facts.items():
        output.line(f"{name:<11}{output.escape(value)}")
    if found.first_rejects:
        output.line()
        output.table(
            ("file", "line", "reason", "text"), [(r.file, r.line, r.reason, r.text) for r in found.first_rejects]
        )
    if judged["first_rejects"]:
        output.line()
        output.table(("first of", "file", "line"), [tuple(first.values()) for first in judged["first_rejects"]])
    for warning in (*found.warnings, *judged["warnings"]):
        output.line(f"warning    {output.escape(warning)}")
    unasked = {"playlists": "Which tracks the catalogue has"}.get(found.kind, "Whether the artists of tracks are known")
    output.line(f"Nothing was written. {unasked} takes both files.")
