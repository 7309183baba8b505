"""What every benchmark writes down: figures with the commit and the machine they were measured on."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from spark_app.jobs.base import Context, Job, Outcome
from spark_app.jobs.input_size import largest_input
from spark_app.session import start_session
from spark_app.settings import load_settings
from spark_app.spark_conf import planned_for
from spark_app.tables import Tables
from spark_app.tracking import JobRun

PROJECT = Path(__file__).resolve().parent.parent
RESULTS = PROJECT / "benchmarks" / "results"


def real_data() -> Path:
    """The folder of real inputs: ``SPARK_APP_REAL_DATA``, else the one beside the project."""
    return Path(os.environ.get("SPARK_APP_REAL_DATA", PROJECT.parent / "shared" / "data"))


@contextmanager
def context_on_scratch(*assignments: str, spark_conf: dict[str, str] | None = None) -> Iterator[Context]:
    """A job's context on a lake that is removed afterwards; MLflow is left out."""
    with TemporaryDirectory() as folder:
        options = (f"tables.root={folder}/lake", f"run.build={folder}/build", *assignments)
        with context_on(*options, spark_conf=spark_conf) as context:
            yield context


@contextmanager
def context_on(*assignments: str, spark_conf: dict[str, str] | None = None) -> Iterator[Context]:
    """A job's context on the lake that the settings name, Spark's own settings above ``local.conf``; without MLflow."""
    settings = load_settings([], list(assignments))
    spark = start_session("spark-app benchmark", spark_conf)
    tables = Tables(
        spark,
        settings.root,
        run_id="benchmark",
        settings_hash=settings.fingerprint(),
        partitions=settings.tables.partitions,
    )
    yield Context(spark=spark, settings=settings, tables=tables, run=JobRun())
    spark.stop()


def run_jobs(context: Context, jobs: Iterable[Job]) -> dict[str, Outcome]:
    """Outcomes by name of the job, run in order, each planned as the command line would."""
    outcomes = {}
    for job in jobs:
        with planned_for(context.spark, largest_input(context.settings, job.reads)):
            outcomes[job.name] = job.run(context)
    return outcomes


def save(name: str, figures: dict[str, object]) -> Path:
    """Write ``benchmarks/results/<name>.json``."""
    path = RESULTS / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({**_surroundings(), **figures}, indent=2) + "\n")
    return path


def commit() -> str:
    """Of the working tree; ``-dirty`` where it holds more than that and results."""
    head = _git("rev-parse", "--short=12", "HEAD").stdout.strip()
    is_clean = _git("diff", "--quiet", "HEAD", "--", ".", ":!benchmarks/results").returncode == 0
    return head if is_clean else f"{head}-dirty"


def tree_of(path: str) -> str:
    """Git's hash of what a file or folder held at the last commit, ``-dirty`` where it holds something else."""
    is_clean = _git("diff", "--quiet", "HEAD", "--", path).returncode == 0
    return _git("rev-parse", f"HEAD:{path}").stdout.strip() + ("" if is_clean else "-dirty")


def _git(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *arguments], cwd=PROJECT, capture_output=True, text=True, check=False)


def _surroundings() -> dict[str, object]:
    import pyspark
    import sklearn

    return {
        "commit": commit(),
        "measured_at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end",
        "python": platform.python_version(),
        "spark": pyspark.__version__,
        "scikit_learn": sklearn.__version__,
    }
