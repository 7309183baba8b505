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

from spark_app.sources import sample
from tests.scripts.project import ROOT

pytestmark = pytest.mark.slow

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```\n(.*?)^```", README, flags=re.M | re.S)
LINES = [line.split("#")[0].strip() for block in BLOCKS for line in block.splitlines()]
COMMANDS = [line for line in LINES if line.startswith(("scripts/", ".venv/"))]
SHOWN = next(block for block in BLOCKS if "Done. OK=" in block).splitlines()

SMALL = "--set classify.trees=3 --set classify.depth=4 --set similar.lsh_sample=40"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Stands in for the project's folder: the readers' ``build`` lies below it."""
    return tmp_path_factory.mktemp("readme")


def words(command: str, folder: Path) -> list[str]:
    """The command with the project's own scripts and programs in place of the relative ones."""
    program, *arguments = shlex.split(command)
    if program.startswith(".venv/bin/"):
        return [str(Path(sys.executable).with_name(Path(program).name)), *arguments]
    return [str(ROOT / program), *arguments, f"--set=run.build={folder / 'build'}"]


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words(command, folder), cwd=folder, capture_output=True, text=True, timeout=900, check=False)


@pytest.fixture(scope="module")
def first(folder) -> list[str]:
    """The last lines of the first command."""
    done = run(COMMANDS[0], folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()[-len(SHOWN) :]


def without_times(line: str) -> str:
    """A line without seconds, run ids, and the blanks that they move."""
    line = re.sub(r"\[ *[\d.]+s\]|\b[\d.]+s\b", "<s>", line)
    return re.sub(r"\s+", " ", re.sub(r"\S*runs/\S+", "<run>", line)).strip()


def test_the_first_command_ends_as_the_readme_shows(first):
    shown = [re.sub(r"sqlite:///\S+", "<db>", without_times(line)) for line in SHOWN]
    printed = [re.sub(r"sqlite:///\S+", "<db>", without_times(line)) for line in first]
    assert printed == shown


def test_the_second_command_is_the_one_that_ci_runs():
    assert COMMANDS[1] == "scripts/test.sh"
    assert "scripts/test.sh" in (ROOT / ".ci/run").read_text()


@pytest.mark.parametrize("command", [c for c in COMMANDS if re.search(r"spark-app (similar|tables|show)", c)])
def test_looking_at_the_tables_works_as_written(first, folder, command):
    done = run(command, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(done.stdout.splitlines()) > 3


def test_the_ui_of_mlflow_answers_as_written(first, folder):
    (command,) = [c for c in COMMANDS if "mlflow ui" in c]
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    server = subprocess.Popen(
        [*words(command, folder), "--port", str(port)],
        cwd=folder,
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


def test_the_users_own_files_go_through_the_commands_as_written(spark, folder):
    write_catalogue(spark, folder / "data")
    for command in [c for c in COMMANDS if "data/tracks.csv" in c]:
        done = run(f"{command} {SMALL if 'pipeline' in command else ''}", folder)
        assert done.returncode == 0, done.stdout + done.stderr


def write_catalogue(spark, folder: Path) -> None:
    """A tracks file and an artists file: those of the sample catalogue, written down."""
    folder.mkdir()
    lines = {
        "tracks": (sample.TRACKS_HEADER, sample.track_lines(spark, tracks=1500, seed=7, dirty_share=0.0)),
        "artists": (sample.ARTISTS_HEADER, sample.artist_lines(spark, tracks=1500, seed=7, dirty_share=0.0)),
    }
    for name, (header, rows) in lines.items():
        records = [bytes(row["value"]) for row in rows.orderBy("line").collect()]  # 1,500 at most
        (folder / f"{name}.csv").write_bytes(b"\n".join([",".join(header).encode(), *records]) + b"\n")
