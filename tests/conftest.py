"""Whole runs of the main job that several slow tests look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runs import CatalogueRun, ReadmeRun, spark_app, submit, write_catalogue


@pytest.fixture(scope="session")
def readme_run(tmp_path_factory) -> ReadmeRun:
    """The README's first command, on 20,000 sample tracks, in a build folder of its own."""
    folder = tmp_path_factory.mktemp("readme")
    done = submit("local", "pipeline", f"--set=run.build={folder / 'build'}", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return ReadmeRun(folder, done.stdout.splitlines())


@pytest.fixture(scope="session")
def catalogue_run(_session, tmp_path_factory) -> CatalogueRun:
    """The main job on a user's own two files, 1,500 tracks with dirt: what other runs are compared with."""
    folder = tmp_path_factory.mktemp("catalogue")
    write_catalogue(_session, folder / "data")
    done = spark_app("pipeline", *CatalogueRun.options(Path("data"), folder), cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return CatalogueRun(folder)
