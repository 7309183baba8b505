"""``inspect FILE``: layout, rows and what ingestion would reject; nothing is written."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from spark_app.cli import output
from spark_app.settings import Settings

if TYPE_CHECKING:
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
    parser.add_argument("--kind", choices=("tracks", "artists"), default=None, help="default: whichever matches")
    parser.set_defaults(command=inspect_command)


def inspect_command(args: argparse.Namespace, settings: Settings) -> int:
    """Read the file as ingestion would and print what was found."""
    from spark_app.jobs.ingest_catalogue import read_options
    from spark_app.session import start_session
    from spark_app.sources.inspect import inspect

    spark = start_session("spark-app inspect")
    found = inspect(spark, args.path, kind=args.kind, options=read_options(settings.sources))
    if args.json:
        output.json_out(asdict(found))
    else:
        _show(found)
    return 0


def _show(found: Inspection) -> None:
    facts = {
        "path": f"{found.path}   ({found.files:,} file{'s' if found.files != 1 else ''}, {found.form})",
        "layout": f"{found.layout}   ({found.kind}; lists written as: {found.lists})",
        "rows": f"{found.rows:,}",
        "rejected": ", ".join(f"{reason} {count:,}" for reason, count in found.rejected.items()) or "none",
        "not there": ", ".join(found.missing) or "nothing",
        "not used": ", ".join(found.extra) or "nothing",
    }
    for name, value in facts.items():
        output.line(f"{name:<10} {output.escape(value)}")
    if found.first_rejects:
        output.line()
        output.table(
            ("file", "line", "reason", "text"), [(r.file, r.line, r.reason, r.text) for r in found.first_rejects]
        )
    for warning in found.warnings:
        output.line(f"warning    {output.escape(warning)}")
    output.line("Nothing was written. Rules for values apply later: spark-app curate_tracks")
