"""A run that is killed anywhere and run again gives the tables of a run that was left alone."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from spark_app import cli

pytestmark = pytest.mark.slow

OPTIONS = (
    "sample.tracks=1500",
    "classify.forest.trees=3",
    "classify.forest.depth=4",
    "similar.lsh_sample=40",
    "run.seed=7",
)


def command(folder: Path) -> list[str]:
    settings = [*OPTIONS, f"tables.root={folder / 'lake'}", f"run.build={folder / 'build'}"]
    return [sys.executable, "-m", "spark_app", "pipeline", *(f"--set={setting}" for setting in settings)]


def run_whole(folder: Path) -> float:
    started = time.monotonic()
    done = subprocess.run(command(folder), capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return time.monotonic() - started


def run_and_kill(folder: Path, seconds: float) -> None:
    process = subprocess.Popen(
        command(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        pass
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # Python, the JVM and the workers at once
        process.wait()


def test_a_run_killed_at_three_random_moments_and_run_again_gives_the_same_tables(tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    seconds = run_whole(whole)
    moments = [round(random.uniform(0.25, 0.95) * seconds, 1) for _ in range(3)]
    print(f"killed after {moments} of {seconds:.1f} s")  # noqa: T201 - pytest shows it when the test fails

    for moment in moments:
        run_and_kill(killed, moment)
    run_whole(killed)

    assert cli.main(["diff", str(whole / "lake"), str(killed / "lake")]) == 0
