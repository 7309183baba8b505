"""A run that is killed anywhere and run again gives the tables of a run that was left alone."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys

import pytest

from spark_app import cli
from spark_app.jobs.results import unfinished_run
from tests.runs import spark_app

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("asked", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_asked_to_stop_ends_cleanly_and_says_how_to_go_on(tmp_path, asked, exit_code):
    settings = ("sample.tracks=300", f"tables.root={tmp_path}/lake", f"run.build={tmp_path}/build")
    process = subprocess.Popen(
        [sys.executable, "-m", "spark_app", "pipeline", *(f"--set={setting}" for setting in settings)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        while not (line := process.stdout.readline()).startswith(" 1 of "):
            assert line, process.stderr.read()
        process.send_signal(asked)
        _, told = process.communicate(timeout=120)
    finally:
        process.kill()

    assert process.returncode == exit_code
    assert "Go on with: spark-app retry" in told
    assert "Traceback" not in told
    (results,) = (tmp_path / "build/runs").glob("*/*/run_results.json")
    assert json.loads(results.read_text())["exit_code"] == exit_code
    (newest,) = unfinished_run(str(tmp_path / "build"), "")["steps"][-1:]
    assert newest["job"] != "recommend_tracks"


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
