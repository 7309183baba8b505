"""What people see while a run goes: a line per step, and on a terminal the stage that Spark is at."""

from __future__ import annotations

import shlex
import threading
from typing import TYPE_CHECKING

from spark_app.cli import output
from spark_app.errors import SparkAppError
from spark_app.jobs.results import RunResults, StepResult
from spark_app.settings import Settings, load_settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class LineReporter:
    """Writes one line per step.

    Args:
        total: Steps of the whole command.
        limit: Largest share of rejected rows that is allowed, shown beside the share found.
        spark: Asked for its stages while a step runs; None leaves that out.
        root: ``--set tables.root=…`` where a command has to name the root, else empty.
    """

    def __init__(self, total: int, limit: float, spark: SparkSession | None, root: str = "") -> None:
        self._total = total
        self._limit = limit
        self._root = root
        self._ticker = Ticker(spark) if spark is not None and output.is_terminal() else None

    def step_started(self, number: int, job: str) -> None:
        """Begin to show progress."""
        if self._ticker:
            self._ticker.start(f"{number:>2} of {self._total}       {job}")

    def step_ended(self, step: StepResult) -> None:
        """Print the step's line, then a line each for rejects and warnings."""
        self.stop()
        text = f"{step.number:>2} of {self._total} {step.status:<5} {step.job:<24} {self._middle(step)}"
        output.line(f"{text:<96} [{step.seconds:5.1f}s]")
        if step.reasons:
            listed = ", ".join(f"{name} {count:,}" for name, count in sorted(step.reasons.items(), key=_most_first))
            output.line(f"{'':14}rejected: {output.escape(listed)}   →  spark-app show curated.rejects{self._root}")
        for warning in step.warnings:
            output.line(f"{'':14}{output.escape(warning)}")

    def failed(self, step: StepResult, error: SparkAppError) -> None:
        """Print the line of the step that ended the run."""
        self.stop()
        text = f"{step.number:>2} of {self._total} ERROR {step.job:<24} exit {error.exit_code}"
        output.line(f"{text:<96} [{step.seconds:5.1f}s]")

    def stop(self) -> None:
        """End the live progress."""
        if self._ticker:
            self._ticker.stop()

    def _middle(self, step: StepResult) -> str:
        if step.status == "SKIP":
            return f"skipped: {output.escape(step.reason)}"
        kept, rejected, merged = (step.rows.get(name, 0) for name in ("kept", "rejected", "merged"))
        if not rejected and not merged:
            return f"{kept:>10,} rows   {output.escape(step.detail)}"
        share = 100 * rejected / max(1, step.rows["read"])
        parts = [f"{kept:>10,} kept", f"{rejected:,} rejected ({share:.1f} %, limit {100 * self._limit:g} %)"]
        return "   ".join([*parts, f"{merged:,} merged", *([output.escape(step.detail)] if step.detail else [])])


class Quiet:
    """Reports nothing; ``--json`` prints the results at the end."""

    def step_started(self, number: int, job: str) -> None:
        """Nothing."""

    def step_ended(self, step: StepResult) -> None:
        """Nothing."""


class Ticker:
    """A line on the terminal that is written over: the step and the tasks of the stage at work."""

    def __init__(self, spark: SparkSession, seconds: float = 0.5) -> None:
        self._tracker = spark.sparkContext.statusTracker()
        self._seconds = seconds
        self._halt = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, label: str) -> None:
        """Show ``label`` and the running stage until ``stop``."""
        self._halt.clear()
        self._thread = threading.Thread(target=self._tick, args=(label,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Wipe the line."""
        if self._thread:
            self._halt.set()
            self._thread.join()
            self._thread = None
            output.overwrite("")

    def _tick(self, label: str) -> None:
        while not self._halt.wait(self._seconds):
            output.overwrite(f"{label:<42} {self._stage()}")

    def _stage(self) -> str:
        for stage_id in self._tracker.getActiveStageIds():
            stage = self._tracker.getStageInfo(stage_id)
            if stage:
                return f"stage {stage_id}: {stage.numCompletedTasks} of {stage.numTasks} tasks"
        return "…"


def root_option(settings: Settings) -> str:
    """`` --set tables.root=…`` for a command to look at a run's tables; empty where it would look there anyway."""
    return "" if settings.root == load_settings().root else f" --set tables.root={shlex.quote(settings.root)}"


def closing_line(results: RunResults, path: str) -> str:
    """The last line of a run: steps by status, seconds, where the results lie."""
    counts = " ".join(f"{name}={count}" for name, count in results.counts.items())
    word = {"DONE": "Done.", "FAILED": "Failed.", "STOPPED": "Stopped."}.get(results.status, results.status)
    return f"{word} {counts}   {results.seconds:.1f}s   run {path}"


def _most_first(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]
