"""The commands that run jobs: every job by its name, ``pipeline``, and ``retry``."""

from __future__ import annotations

import argparse
import traceback
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spark_app.cli import output
from spark_app.cli.failures import explain_failure
from spark_app.cli.progress import LineReporter, closing_line, root_option
from spark_app.cli.resume import finished_steps, resumed_settings
from spark_app.cli.signals import INTERRUPTED, StopSignal
from spark_app.cli.start import close_run, open_run
from spark_app.jobs import JOBS, PIPELINES, jobs_of
from spark_app.jobs.base import Job
from spark_app.jobs.results import (
    STOPPED,
    RunResults,
    new_run_id,
    remaining_steps,
    run_folder,
    unfinished_run,
)
from spark_app.settings import Settings

if TYPE_CHECKING:
    from spark_app.jobs.runner import Run


def add_parser(subparsers: Any, common: argparse.ArgumentParser) -> None:
    """Add a command per job and pipeline, and ``retry``."""
    for name, summary in [(n, job.summary) for n, job in JOBS.items()] + [(n, _summary(n)) for n in PIPELINES]:
        parser = subparsers.add_parser(
            name,
            parents=[common],
            help=summary,
            description=summary,
            epilog=_examples(name),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        parser.add_argument("--run-date", type=_date, default=None, metavar="D", help="logical date, YYYY-MM-DD")
        parser.add_argument("--dry-run", action="store_true", help="list the tables that would be written")
        parser.set_defaults(command=run_command, job=name)
    retry = subparsers.add_parser(
        "retry",
        parents=[common],
        help="resume the newest failed run from its first failed step",
        epilog="examples:\n  spark-app retry\n  spark-app retry 2026-11-20/pipeline-3f9c",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    retry.add_argument("run_id", nargs="?", default="", help="a run as 'spark-app runs' lists it; default: the newest")
    retry.set_defaults(command=retry_command)


def run_command(args: argparse.Namespace, settings: Settings) -> int:
    """Run a job or a pipeline; returns the exit code."""
    jobs = jobs_of(args.job)
    if args.dry_run:
        return _dry_run(jobs, settings, as_json=args.json)
    run_date = args.run_date or datetime.now(UTC).date()
    results = _new_results(args.job, [job.name for job in jobs], settings, run_date)
    return _execute(results, list(enumerate(jobs, start=1)), settings, run_date, args)


def retry_command(args: argparse.Namespace, settings: Settings) -> int:
    """Resume a run that failed, was stopped or was killed, with the settings it had."""
    earlier = unfinished_run(settings.run.build, args.run_id)
    own = resumed_settings(earlier, settings)
    run_date = date.fromisoformat(earlier["run_id"].split("/")[0])
    results = _new_results(earlier["command"], earlier["jobs"], own, run_date)
    results.resumed_from, results.steps = earlier["run_id"], finished_steps(earlier)
    steps = [(number, JOBS[name]) for number, name in remaining_steps(earlier)]
    return _execute(results, steps, own, run_date, args)


def _execute(
    results: RunResults, steps: Sequence[tuple[int, Job]], settings: Settings, run_date: date, args: argparse.Namespace
) -> int:
    folder = run_folder(settings.run.build, results.run_id)
    run: Run | None = None
    with StopSignal() as stop:
        try:
            run = open_run(results, settings, folder, run_date, quiet=args.json)
            stop.listen()
            run.steps(steps)
            results.exit_code = 0
        except (KeyboardInterrupt, Exception) as error:
            # A signal in the middle of a call to the JVM surfaces as a broken connection: the signal is what counts.
            if stop.exit_code or isinstance(error, KeyboardInterrupt):
                results.status, results.exit_code = STOPPED, stop.exit_code or INTERRUPTED
                _report_stop(results, run)
            else:
                results.exit_code = _report_failure(error, results, run, debug=args.debug)
    path = close_run(results, run, folder)
    if args.json:
        output.json_out(results.as_dict())
    else:
        _say_goodbye(results, path, settings)
    return results.exit_code


def _report_stop(results: RunResults, run: Run | None) -> None:
    if run is not None and isinstance(run.reporter, LineReporter):
        run.reporter.stop()
    for step in results.steps:
        if step.status == "ERROR":
            step.reason, step.exit_code = "stopped", results.exit_code or INTERRUPTED
    output.error_line("Stopped. Every table is as its last whole commit left it. Go on with: spark-app retry")


def _report_failure(error: Exception, results: RunResults, run: Run | None, *, debug: bool) -> int:
    shown = explain_failure(error)
    step = results.steps[-1] if results.steps and results.steps[-1].status == "ERROR" else None
    if step is not None:
        step.exit_code, step.reason = shown.exit_code, shown.what
        if isinstance(run and run.reporter, LineReporter):
            run.reporter.failed(step, shown)  # type: ignore[union-attr]
    results.status = "FAILED"
    if debug:
        output.error_line("".join(traceback.format_exception(error)))
    output.show_error(shown, step.job if step else results.command)
    return shown.exit_code


def _say_goodbye(results: RunResults, path: Path, settings: Settings) -> None:
    for warning in results.warnings:
        output.line(f"{'':14}{output.escape(warning)}")
    output.line(closing_line(results, str(path)))
    if results.exit_code == 0:
        from spark_app.tracking import without_password

        uri = without_password(settings.tracking_uri)
        output.line(f'Next: spark-app similar "…"{root_option(settings)}   |   mlflow ui --backend-store-uri {uri}')


def _dry_run(jobs: Sequence[Job], settings: Settings, *, as_json: bool) -> int:
    rows = [(job.name, name, f"{settings.root}/{name.replace('.', '/')}") for job in jobs for name in job.writes]
    rows += [
        ("every job", name, f"{settings.root}/{name.replace('.', '/')}") for name in ("curated.rejects", "ops.ledger")
    ]
    if as_json:
        output.json_out([dict(zip(("job", "table", "path"), row, strict=True)) for row in rows])
    else:
        output.table(("job", "table", "path"), rows)
        output.line("Nothing was run: --dry-run.")
    return 0


def _new_results(command: str, jobs: list[str], settings: Settings, run_date: date) -> RunResults:
    from spark_app.tracking import without_password

    started = datetime.now(UTC).isoformat(timespec="seconds")
    values = settings.model_dump(mode="json")
    values["tracking"]["uri"] = without_password(settings.tracking.uri)
    return RunResults(new_run_id(command, run_date), command, jobs, values, started_at=started)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no date; write YYYY-MM-DD") from None


def _summary(pipeline: str) -> str:
    return f"the main job: {' → '.join(PIPELINES[pipeline])}"


def _examples(name: str) -> str:
    return (
        f"examples:\n  spark-app {name}\n  spark-app {name} --set sources.tracks=data/tracks.csv "
        f"--set sources.artists=data/artists.csv\n  spark-app {name} --dry-run"
    )
