"""What a run needs before its first step: Spark, tables, MLflow, and the header that names them."""

from __future__ import annotations

import subprocess
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spark_app import __version__
from spark_app.cli import output
from spark_app.cli.progress import LineReporter, Quiet, root_option
from spark_app.jobs.results import RunResults
from spark_app.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from spark_app.jobs.runner import Run


def open_run(results: RunResults, settings: Settings, folder: Path, run_date: date, *, quiet: bool) -> Run:
    """Start MLflow, which opens in the background, then Spark; print the header."""
    results.save(folder)
    from spark_app.jobs.runner import Run
    from spark_app.session import needed_s3_jars, start_session
    from spark_app.tables import Tables
    from spark_app.tracking import Tracker

    needed_s3_jars(settings.places)  # raises where they are missing
    tracker = Tracker(
        settings.tracking_uri,
        settings.tracking.experiment,
        timeout_seconds=settings.tracking.timeout_seconds,
        spool_folder=folder / "mlflow-spool",
        run_name=results.run_id,
        tags=_tags(results, settings),
    )
    tracker.open(_flat(settings.model_dump(mode="json")))
    try:
        spark = start_session(f"spark-app {results.command}")
    except BaseException:
        tracker.finish("FAILED", {})
        raise
    tables = Tables(
        spark,
        settings.root,
        run_id=results.run_id,
        settings_hash=settings.fingerprint(),
        partitions=settings.tables.partitions,
    )
    if not quiet:
        output.line(_header(results, spark, settings))
    limit, root = settings.curate.max_rejected_share, root_option(settings)
    reporter = Quiet() if quiet else LineReporter(len(results.jobs), limit, spark, root)
    return Run(spark, settings, tables, tracker, results, folder, run_date, reporter)


def close_run(results: RunResults, run: Run | None, folder: Path) -> Path:
    """End the parent run, take over MLflow's warning, write the results; returns their path."""
    if run is not None:
        run.tracker.finish("FINISHED" if results.exit_code == 0 else "FAILED", {"seconds": results.seconds})
        if run.tracker.warning:
            results.warnings.append(run.tracker.warning)
    return results.save(folder)


def _header(results: RunResults, spark: SparkSession, settings: Settings) -> str:
    master = (spark.sparkContext.master or "").replace("local[*]", f"local[{spark.sparkContext.defaultParallelism}]")
    return (
        f"spark_app {__version__}  run {results.run_id}  spark {spark.version} {master}  "
        f"delta {version('delta-spark')}  tables {settings.root}"
    )


def _tags(results: RunResults, settings: Settings) -> dict[str, str]:
    return {
        "spark_app.version": __version__,
        "spark_app.run_id": results.run_id,
        "spark_app.settings_hash": settings.fingerprint(),
        "spark_app.tables_root": settings.root,
        "mlflow.source.git.commit": _git_commit(),
    }


def _git_commit() -> str:
    folder = Path(__file__).resolve().parent
    try:
        shown = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, timeout=2, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return shown.stdout.strip() or "unknown"


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, dict) and value:
            flat.update(_flat(value, f"{prefix}{name}."))
        else:
            flat[f"{prefix}{name}"] = str(value)
    return flat
