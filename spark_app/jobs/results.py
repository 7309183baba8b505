"""What a run leaves for machines: ``<build>/runs/<date>/<command>-<id>/run_results.json``.

The file is written anew, atomically, when the run starts and after every step, so that a killed run can be resumed.
"""

from __future__ import annotations

import json
import os
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from spark_app.errors import UsageError

RUNNING, DONE, FAILED, STOPPED = "RUNNING", "DONE", "FAILED", "STOPPED"


@dataclass
class StepResult:
    """One step of a run, as ``run_results.json`` holds it."""

    number: int
    job: str
    status: str  # OK, WARN, SKIP or ERROR
    reason: str = ""
    detail: str = ""
    rows: dict[str, int] = field(default_factory=dict)  # read, kept, rejected, merged
    reasons: dict[str, int] = field(default_factory=dict)  # rejected rows by reason
    warnings: list[str] = field(default_factory=list)
    seconds: float = 0.0
    tables: dict[str, int] = field(default_factory=dict)  # table -> Delta version written
    exit_code: int = 0


@dataclass
class RunResults:
    """One run of one command."""

    run_id: str
    command: str
    jobs: list[str]
    settings: dict[str, Any]
    started_at: str
    status: str = RUNNING
    exit_code: int | None = None
    seconds: float = 0.0
    pid: int = field(default_factory=os.getpid)
    resumed_from: str = ""
    warnings: list[str] = field(default_factory=list)
    steps: list[StepResult] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """Steps by status."""
        found = Counter(step.status for step in self.steps)
        return {status: found[status] for status in ("OK", "WARN", "ERROR", "SKIP")}

    def as_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        return {**asdict(self), "counts": self.counts}

    def save(self, folder: Path) -> Path:
        """Write ``run_results.json`` in one rename; returns its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "run_results.json"
        unfinished = path.with_suffix(".json.new")
        unfinished.write_text(json.dumps(self.as_dict(), indent=2, default=str) + "\n")
        unfinished.replace(path)
        return path


def new_run_id(command: str, run_date: date) -> str:
    """``<date>/<command>-<8 hex digits>``: Delta takes a second commit under the same id for one it already has."""
    return f"{run_date.isoformat()}/{command}-{uuid.uuid4().hex[:8]}"


def run_folder(build: str, run_id: str) -> Path:
    """Where a run keeps its results."""
    return Path(build) / "runs" / run_id


def load_results(path: Path) -> dict[str, Any]:
    """A ``run_results.json`` as it stands."""
    return dict(json.loads(path.read_text()))


def unfinished_run(build: str, run_id: str = "") -> dict[str, Any]:
    """The newest run that failed, was stopped or was killed, or the one named.

    Raises:
        UsageError: There is none, or it is still running, or it was done.
    """
    paths = sorted(Path(build, "runs").glob("*/*/run_results.json"), key=lambda path: path.stat().st_mtime)
    runs = [load_results(path) for path in paths]
    named = [run for run in runs if run_id in ("", run["run_id"])]
    if not named:
        raise UsageError(f"there is no run {run_id} below {build}/runs".replace("  ", " "), "See: spark-app runs")
    newest = named[-1]
    if newest["status"] == DONE:
        raise UsageError(f"run {newest['run_id']} is done; nothing to retry", "See: spark-app runs")
    if newest["status"] == RUNNING and _is_alive(newest["pid"]):
        raise UsageError(f"run {newest['run_id']} is still running as process {newest['pid']}")
    return newest


def remaining_steps(run: Mapping[str, Any]) -> list[tuple[int, str]]:
    """Numbers and jobs of the steps that a run has not finished."""
    finished = {step["number"] for step in run["steps"] if step["status"] != "ERROR"}
    return [(number, job) for number, job in enumerate(run["jobs"], start=1) if number not in finished]


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
