"""Whole runs of the main job that several slow tests look at."""

from __future__ import annotations

import pytest

from spark_app import cli
from tests.runs import CatalogueRun, ReadmeRun, submit, write_catalogue


@pytest.fixture(scope="session")
def readme_run(tmp_path_factory) -> ReadmeRun:
    """The README's first command, on 20,000 sample tracks, in a build folder of its own."""
    folder = tmp_path_factory.mktemp("readme")
    done = submit("local", "pipeline", f"--set=run.build={folder / 'build'}", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return ReadmeRun(folder, done.stdout.splitlines())


@pytest.fixture(scope="session")
def catalogue_run(_session, tmp_path_factory) -> CatalogueRun:
    """The main job on a user's own two files, 1,500 tracks with dirt: what other runs are compared with.

    It runs in the tests' own session, which is warm; the runs that are compared with it have their own processes.
    """
    folder = tmp_path_factory.mktemp("catalogue")
    write_catalogue(_session, folder / "data")
    assert cli.main(["pipeline", *CatalogueRun.options(folder / "data", folder)]) == 0
    return CatalogueRun(folder)
