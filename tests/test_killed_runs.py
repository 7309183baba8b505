"""A run that is killed anywhere and run again gives the tables of a run that was left alone."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys

import pytest

from spark_app import cli
from tests.runs import spark_app

pytestmark = pytest.mark.slow


def run_and_kill(options: list[str], seconds: float) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "spark_app", "pipeline", *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        pass
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # Python, the JVM and the workers at once
        process.wait()


def test_a_run_killed_at_three_random_moments_and_run_again_gives_the_same_tables(catalogue_run, tmp_path):
    options = catalogue_run.options(catalogue_run.data, tmp_path)
    moments = [round(random.uniform(0.2, 0.9) * catalogue_run.seconds, 1) for _ in range(3)]
    print(f"killed after {moments} of {catalogue_run.seconds:.1f} s")  # noqa: T201 - pytest shows it on failure

    for moment in moments:
        run_and_kill(options, moment)
    done = spark_app("pipeline", *options, cwd=tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert cli.main(["diff", catalogue_run.lake, str(tmp_path / "lake")]) == 0
