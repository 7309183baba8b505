"""A run that is killed anywhere and run again gives the tables of a run that was left alone."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

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
        assert process.stdout.readline().startswith("spark_app "), process.stderr.read()
        time.sleep(random.uniform(1, 10))  # in the first step or the second
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


def steps_told(line: str) -> int:
    """Number of the step that a line tells; 0 for the header, -1 for other lines."""
    found = re.match(r" ?(\d+) of ", line)
    return int(found[1]) if found else 0 if line.startswith("spark_app ") else -1


def kill_after(finished: int, within: float, *command: str, cwd: Path) -> None:
    """Start the command; kill it and its processes at a random moment of the seconds after a step (0: the start)."""
    with subprocess.Popen(
        [sys.executable, "-m", "spark_app", *command],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            is_there = any(steps_told(line) >= finished for line in process.stdout)
            assert is_there, f"{command} ended by itself"
            time.sleep(random.uniform(0, within))
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # Python, the JVM and the workers at once


def test_a_run_killed_at_three_random_moments_and_run_again_gives_the_same_tables(catalogue_run, tmp_path):
    shutil.copytree(catalogue_run.data, tmp_path / "data")
    # The README's command for a user's own files, as it stands there, with smaller models.
    options = catalogue_run.options(Path("data"), tmp_path)
    retry = ("retry", f"--set=run.build={tmp_path}/build")
    seconds = catalogue_run.seconds
    # One in each third of the steps; before the last step, which could end before it is killed.
    n = len(seconds) - 1
    moments = [random.randrange(n * part // 3, n * (part + 1) // 3) for part in range(3)]
    print(f"killed after {moments} steps")  # noqa: T201 - pytest shows it on failure

    # From the beginning over what a killed run left, then from the step in which one was killed.
    for finished, command in zip(moments, [("pipeline", *options), ("pipeline", *options), retry], strict=True):
        kill_after(finished, seconds[finished], *command, cwd=tmp_path)
    done = spark_app(*retry, cwd=tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert cli.main(["diff", catalogue_run.lake, str(tmp_path / "lake")]) == 0
