"""The commands of the README, run as a reader would; what it shows of their output is compared with what they print."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.scripts.project import ROOT

pytestmark = pytest.mark.slow

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```\n(.*?)^```", README, flags=re.M | re.S)
LINES = [line.split("#")[0].strip() for block in BLOCKS for line in block.splitlines()]
COMMANDS = [line for line in LINES if line.startswith(("scripts/", ".venv/"))]
SHOWN = next(block for block in BLOCKS if "Done. OK=" in block).splitlines()


def words(command: str) -> list[str]:
    """The command with this environment's program in place of the relative one."""
    program, *arguments = shlex.split(command)
    return [str(Path(sys.executable).with_name(Path(program).name)), *arguments]


def without_times(line: str) -> str:
    """A line without seconds, run ids, and the blanks that they move."""
    line = re.sub(r"\[ *[\d.]+s\]|\b[\d.]+s\b", "<s>", line)
    return re.sub(r"\s+", " ", re.sub(r"\S*runs/\S+", "<run>", line)).strip()


def test_the_first_command_ends_as_the_readme_shows(readme_run):
    shown = [re.sub(r"sqlite:///\S+", "<db>", without_times(line)) for line in SHOWN]
    own = r" --set tables.root=\S+"  # the fixture's root is not where a command looks by itself
    ended = [re.sub(own, "", line) for line in readme_run.printed[-len(SHOWN) :]]
    printed = [re.sub(r"sqlite:///\S+", "<db>", without_times(line)) for line in ended]
    assert printed == shown
    assert COMMANDS[0] == "scripts/submit.sh local pipeline"  # what the fixture runs


def test_the_second_command_is_the_one_that_ci_runs():
    assert COMMANDS[1] == "scripts/test.sh"
    assert "scripts/test.sh" in (ROOT / ".ci/run").read_text()


@pytest.mark.parametrize("command", [c for c in COMMANDS if re.search(r"spark-app (similar|recommend|tables|show)", c)])
def test_looking_at_the_tables_works_as_written(readme_run, command):
    done = subprocess.run(words(command), cwd=readme_run.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(done.stdout.splitlines()) > 3


def test_the_ui_of_mlflow_answers_as_written(readme_run):
    (command,) = [c for c in COMMANDS if "mlflow ui" in c]
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    server = subprocess.Popen(
        [*words(command), "--port", str(port), "--workers", "1"],
        cwd=readme_run.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        assert "<title>MLflow</title>" in page_of(f"http://127.0.0.1:{port}/")
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def page_of(url: str) -> str:
    deadline = time.monotonic() + 90
    while True:
        try:
            return urllib.request.urlopen(url, timeout=5).read().decode()
        except OSError:
            assert time.monotonic() < deadline, "the UI did not start"
            time.sleep(0.5)


def test_the_users_own_files_are_inspected_as_written(catalogue_run):
    (inspect,) = [c for c in COMMANDS if " inspect " in c]
    done = subprocess.run(words(inspect), cwd=catalogue_run.folder, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "tracks_artists" in done.stdout


def test_the_users_own_files_go_through_the_pipeline_as_written(catalogue_run):
    (pipeline,) = [c for c in COMMANDS if "spark-app pipeline" in c]
    # What test_killed_runs.py runs is exactly this, with smaller models.
    ran = [part for one in catalogue_run.options(Path("data"), Path()) for part in one.split("=", 1)]
    assert set(words(pipeline)[2:]) <= set(ran)
