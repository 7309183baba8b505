"""``runs``: what was run, newest first."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spark_app.cli import output
from spark_app.errors import DataError
from spark_app.settings import Settings


def add_parser(subparsers: Any, common: argparse.ArgumentParser) -> None:
    """Add ``runs``."""
    parser = subparsers.add_parser(
        "runs",
        parents=[common],
        help="list earlier runs, newest first",
        epilog="examples:\n  spark-app runs\n  spark-app runs --limit 1 --json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="runs at most (20)")
    parser.set_defaults(command=runs_command)


def runs_command(args: argparse.Namespace, settings: Settings) -> int:
    """Print a line a run; a file that is not readable is listed as such."""
    folder = Path(settings.run.build) / "runs"
    runs = sorted((_read(path) for path in folder.glob("*/*/run_results.json")), key=_age, reverse=True)
    shown = runs[: max(1, args.limit)]
    if not shown:
        raise DataError(f"there are no runs below {folder}", "Run first: spark-app pipeline")
    if args.json:
        output.json_out(shown)
        return 0
    headings = ("run", "started", "status", "exit", "OK", "WARN", "ERROR", "SKIP", "seconds", "note")
    output.table(headings, [_line(run) for run in shown])
    return 0


def _read(path: Path) -> dict[str, Any]:
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        run = None
    if not isinstance(run, dict):
        run = {"status": "UNREADABLE"}
    return {"run_id": "/".join(path.parent.parts[-2:]), "started_at": "", **run}


def _age(run: Mapping[str, Any]) -> tuple[str, str]:
    return str(run["started_at"]), str(run["run_id"])


def _line(run: Mapping[str, Any]) -> tuple[object, ...]:
    counts = run.get("counts") or {}
    exit_code, seconds = run.get("exit_code"), run.get("seconds")
    return (
        run["run_id"],
        str(run["started_at"])[:19].replace("T", " "),
        run.get("status", ""),
        "" if exit_code is None else str(exit_code),
        *(counts.get(name) for name in ("OK", "WARN", "ERROR", "SKIP")),
        "" if seconds is None else f"{float(seconds):.1f}",
        _note(run),
    )


def _note(run: Mapping[str, Any]) -> str:
    """The step that failed with its reason, or the run that this one resumed."""
    failed = [step for step in run.get("steps") or [] if step.get("status") == "ERROR"]
    if failed:
        return f"{failed[-1].get('job')}: {failed[-1].get('reason')}"
    return f"resumes {run['resumed_from']}" if run.get("resumed_from") else ""
