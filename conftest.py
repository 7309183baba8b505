"""Fixtures for tests and doctests: one small Spark session, started when the first test asks for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from _pytest.doctest import DoctestItem
from pyspark.sql import SparkSession
from xdist.scheduler import LoadScopeScheduling

from spark_app.jobs.base import Context
from spark_app.session import start_session
from spark_app.settings import load_settings
from spark_app.tables import Tables
from spark_app.tracking import JobRun

PROJECT = Path(__file__).resolve().parent
# Files whose tests share whole runs of the main job.
_WHOLE_RUNS = (
    "tests/test_readme.py",
    "tests/test_notebooks.py",
    "tests/test_pipeline.py",
    "tests/test_killed_runs.py",
    "tests/scripts/test_cluster.py",
)


class _BySharedRuns(LoadScopeScheduling):
    """Tests of a file go to one process; those that share whole runs to the one that makes them."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return "whole runs" if file in _WHOLE_RUNS else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Where a test runs. (xdist's own groups are marks, which it does not see with pytest 9.2.)"""
    return _BySharedRuns(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole runs first: begun last, they would keep one process busy long after the other is done."""
    order = {file: place for place, file in enumerate(_WHOLE_RUNS)}
    items.sort(key=lambda item: order.get(item.nodeid.split("::", 1)[0], len(order)))


@pytest.fixture(scope="session")
def _session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    scratch = tmp_path_factory.mktemp("spark")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    session = start_session(
        "spark-app tests",
        {
            "spark.master": "local[2]",
            "spark.driver.memory": "2g",
            # Tiny frames: one task per shuffle, planned once and interpreted, keep a test at a fraction of a second.
            # Whole runs, in processes of their own, have the settings that users have.
            "spark.sql.shuffle.partitions": "1",
            "spark.sql.adaptive.enabled": "false",
            "spark.sql.codegen.wholeStage": "false",
            "spark.sql.codegen.factoryMode": "NO_CODEGEN",
            "spark.databricks.delta.snapshotPartitions": "1",
            "spark.sql.warehouse.dir": str(scratch / "warehouse"),
            "spark.local.dir": str(scratch / "local"),
        },
    )
    yield session
    session.stop()


@pytest.fixture
def spark(_session: SparkSession) -> Iterator[SparkSession]:
    """The session, without cached frames of earlier tests. (Nothing here makes temporary views; listing them to drop
    them would be a query a test.)
    """
    yield _session
    _session.catalog.clearCache()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real inputs; the test is skipped, with the reason, where there is none."""
    folder = Path(os.environ.get("SPARK_APP_REAL_DATA", PROJECT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set SPARK_APP_REAL_DATA")
    return folder


@pytest.fixture
def make_context(spark: SparkSession, tmp_path: Path) -> Callable[..., Context]:
    """Builds a job's context on a lake in ``tmp_path``: ``make_context("similar.k=3", ...)``; MLflow is left out."""

    def build(*assignments: str) -> Context:
        settings = load_settings(
            [],
            [
                f"tables.root={tmp_path / 'lake'}",
                f"run.build={tmp_path / 'build'}",
                "tables.partitions=1",
                *assignments,
            ],
        )
        tables = Tables(spark, settings.root, run_id="test", settings_hash=settings.fingerprint(), partitions=1)
        return Context(spark=spark, settings=settings, tables=tables, run=JobRun())

    return build


@pytest.fixture(autouse=True)
def _doctest_session(request: pytest.FixtureRequest, doctest_namespace: dict[str, object]) -> None:
    """Gives a doctest the session as ``spark`` where it uses it."""
    item = request.node
    if isinstance(item, DoctestItem) and any("spark." in example.source for example in item.dtest.examples):
        doctest_namespace["spark"] = request.getfixturevalue("spark")
