"""Run jobs in order: time them, tell the reporter, keep the ledger and ``run_results.json``."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from spark_app import __version__
from spark_app.errors import SkipStep
from spark_app.jobs.base import Context, Job, Outcome
from spark_app.jobs.input_size import largest_input
from spark_app.jobs.results import DONE, FAILED, STOPPED, RunResults, StepResult
from spark_app.spark_conf import planned_for

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from spark_app.settings import Settings
    from spark_app.tables import Tables
    from spark_app.tracking import Tracker

log = logging.getLogger(__name__)


class Reporter(Protocol):
    """Shows people how a run goes."""

    def step_started(self, number: int, job: str) -> None:
        """A step begins."""

    def step_ended(self, step: StepResult) -> None:
        """A step is over, whatever its status."""


@dataclass
class Run:
    """Everything that the steps of one run share."""

    spark: SparkSession
    settings: Settings
    tables: Tables
    tracker: Tracker
    results: RunResults
    folder: Path
    run_date: date
    reporter: Reporter

    def steps(self, steps: Sequence[tuple[int, Job]]) -> None:
        """Run the steps in order; the first failure ends the run and is raised after it has been recorded."""
        started = time.monotonic()
        try:
            for number, job in steps:
                self.step(number, job)
            self.results.status = DONE
        except KeyboardInterrupt:
            self.results.status = STOPPED
            raise
        except BaseException:
            self.results.status = FAILED
            raise
        finally:
            self.results.seconds = round(time.monotonic() - started, 2)
            self.results.save(self.folder)

    def step(self, number: int, job: Job) -> None:
        """Run one job and record what became of it."""
        self.reporter.step_started(number, job.name)
        begun, started = datetime.now(UTC), time.monotonic()
        source_set = ""
        try:
            outcome = self._run(job)
            source_set = outcome.source_set
            step = _described(number, job, outcome)
        except SkipStep as skipped:
            step = StepResult(number, job.name, "SKIP", reason=self._emptied(job, skipped))
        except BaseException as error:
            step = StepResult(number, job.name, "ERROR", reason=type(error).__name__)
            step.seconds = round(time.monotonic() - started, 2)
            step.tables = self.tables.take_written()
            self.results.steps.append(step)
            raise
        step.seconds = round(time.monotonic() - started, 2)
        step.tables = self.tables.take_written()
        self.tables.append_ledger(self._ledger_row(step, begun, source_set))
        self.results.steps.append(step)
        self.results.save(self.folder)
        self.reporter.step_ended(step)

    def _run(self, job: Job) -> Outcome:
        record = self.tracker.job(job.name)
        context = Context(spark=self.spark, settings=self.settings, tables=self.tables, run=record)
        started = time.monotonic()
        try:
            job.check_input(context)
            for name in job.reads:
                if self.tables.exists(name):
                    record.input_table(name, self.tables.path(name), self.tables.version(name))
            with planned_for(self.spark, largest_input(self.settings, job.reads, job.files)):
                outcome = job.run(context)
        except SkipStep:
            record.finish("FINISHED", {})
            raise
        except BaseException:
            record.finish("FAILED", {"seconds": time.monotonic() - started})
            raise
        rows = {f"rows_{name}": float(getattr(outcome, name)) for name in ("read", "kept", "rejected", "merged")}
        record.finish("FINISHED", {**rows, "seconds": time.monotonic() - started})
        return outcome

    def _emptied(self, job: Job, skipped: SkipStep) -> str:
        stale = [] if skipped.keep_tables else [name for name in job.writes if name not in skipped.keep]
        emptied = [name for name in stale if self.tables.clear(name)]
        return f"{skipped}; emptied {', '.join(emptied)}" if emptied else str(skipped)

    def _ledger_row(self, step: StepResult, begun: datetime, source_set: str) -> dict[str, object]:
        return {
            "run_id": self.results.run_id,
            "step": step.number,
            "job": step.job,
            "status": step.status,
            "reason": step.reason,
            "run_date": self.run_date,
            "started_at": begun,
            "seconds": step.seconds,
            **{f"rows_{name}": step.rows.get(name) for name in ("read", "kept", "rejected", "merged")},
            "table_versions": json.dumps(step.tables, sort_keys=True),
            "source_set": source_set,
            "settings_hash": self.settings.fingerprint(),
            "app_version": __version__,
        }


def _described(number: int, job: Job, outcome: Outcome) -> StepResult:
    return StepResult(
        number,
        job.name,
        outcome.status,
        detail=outcome.detail,
        rows={name: getattr(outcome, name) for name in ("read", "kept", "rejected", "merged")},
        reasons=dict(outcome.reasons),
        warnings=list(outcome.warnings),
    )
