"""The stamp: what a second start skips, and what a changed, killed, failed or moved set-up is repaired by."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.scripts.project import Project, java_home

STAMP = ".venv/.spark-app-stamp"


def installs(calls: list[str]) -> list[str]:
    return [call.split("--editable ")[1] for call in calls if "--editable" in call]


def test_the_second_start_runs_neither_python_nor_pip_and_says_nothing(ready_project: Project):
    done = ready_project.set_up()

    assert (done.returncode, done.stdout, done.stderr) == (0, "ready\n", "")
    assert ready_project.calls() == []


def test_the_first_start_says_one_line_a_stage_with_its_seconds(project: Project, tmp_path: Path):
    project.add_python("python3.11")
    project.add_maven({"io.delta:a:1": "a", "io.delta:b:2": "b"})

    done = project.set_up(JAVA_HOME=str(java_home(tmp_path / "jdk17", "17.0.9")))

    assert done.stdout == "ready\n"
    stages = [re.sub(r" +\[ +\d+\.\ds]$", " [s]", line) for line in done.stderr.splitlines()]
    assert stages == [
        "set-up: Python 3.11.9 into .venv [s]",
        "set-up: packages of conf/locks/spark41.txt [s]",
        f"set-up: Java at {tmp_path}/jdk17",
        "set-up: Delta jars into .cache/jars/spark41 [s]",
    ]


@pytest.mark.parametrize("name", ["conf/locks/spark41.txt", "pyproject.toml", "setup.py"])
def test_a_changed_lock_or_project_file_installs_into_the_same_environment(ready_project: Project, name: str):
    with (ready_project.home / name).open("a") as file:
        file.write("# changed\n")

    assert ready_project.set_up().returncode == 0

    calls = ready_project.calls()
    assert installs(calls) == [str(ready_project.home)]
    assert not any("venv" in call and "--clear" in call for call in calls)
    assert ready_project.set_up().stderr == ""


def test_extras_add_up_and_an_environment_that_has_more_serves_who_needs_less(ready_project: Project):
    assert ready_project.set_up("dev").returncode == 0
    assert installs(ready_project.calls()) == [f"{ready_project.home}[dev]"]

    assert ready_project.set_up().stderr == ""
    assert ready_project.set_up("boost").returncode == 0
    assert installs(ready_project.calls()) == [f"{ready_project.home}[boost,dev]"]


def test_packages_come_from_the_lock_file_and_nothing_is_built_in_isolation(ready_project: Project):
    (ready_project.home / STAMP).unlink()

    ready_project.set_up()

    for call in ready_project.calls("pip install"):
        assert f"--constraint {ready_project.home}/conf/locks/spark41.txt" in call
        assert "setuptools wheel" in call or "--no-build-isolation" in call


def test_a_set_up_killed_while_it_writes_packages_is_repaired_by_the_next(ready_project: Project):
    order = ready_project.order("pip-is-killed")
    killed = ready_project.set_up("dev")
    assert killed.returncode != 0
    assert not (ready_project.home / STAMP).exists()
    order.unlink()
    ready_project.calls()

    assert ready_project.set_up().returncode == 0

    calls = ready_project.calls()
    assert any("venv --clear" in call for call in calls)
    assert installs(calls) == [str(ready_project.home)]  # the jobs need no more; the next test run adds its own


def test_a_failed_download_leaves_the_environment_to_the_jobs(ready_project: Project):
    ready_project.order("pip-fails-at-once")

    tests = ready_project.set_up("dev")

    assert tests.returncode == 4
    assert "Could not find a version" in tests.stderr
    assert ready_project.set_up().returncode == 0
    assert not any("--clear" in call for call in ready_project.calls())


def test_a_full_disk_is_told_apart_and_the_half_written_environment_is_made_anew(ready_project: Project):
    order = ready_project.order("disk-is-full")
    assert ready_project.set_up("dev").returncode == 6
    order.unlink()
    ready_project.calls()

    assert ready_project.set_up("dev").returncode == 0
    assert any("venv --clear" in call for call in ready_project.calls())


def test_a_project_that_was_moved_gets_an_environment_of_its_own(ready_project: Project):
    moved = ready_project.home.with_name("moved")
    shutil.copytree(ready_project.home, moved, symlinks=True)
    ready_project.home = moved

    assert ready_project.set_up().returncode == 0

    assert any(f"venv --clear {moved}/.venv" in call for call in ready_project.calls())


def test_a_venv_that_is_not_ours_is_used_when_it_works_and_never_deleted(ready_project: Project):
    (ready_project.home / STAMP).unlink()
    keepsake = ready_project.home / ".venv/keepsake"
    keepsake.touch()

    assert ready_project.set_up().returncode == 0
    assert keepsake.exists()

    (ready_project.home / STAMP).unlink()
    (ready_project.home / ".venv/bin/python").unlink()
    refused = ready_project.set_up()
    assert refused.returncode == 2
    assert "Move it away" in refused.stderr
    assert keepsake.exists()


@pytest.mark.parametrize("without_flock", [False, True])
def test_two_set_ups_at_once_install_once(ready_project: Project, without_flock: bool):
    if without_flock:
        (ready_project.bin / "flock").unlink()
    (ready_project.home / STAMP).unlink()
    ready_project.order("pip-is-slow")
    command = ["bash", "-c", "set -euo pipefail; source scripts/lib/setup.sh; set_up; echo ready"]
    variables = {"PATH": str(ready_project.bin), "STATE": str(ready_project.state), **ready_project.variables}

    both = [
        subprocess.Popen(command, cwd=ready_project.home, env=variables, stdout=-1, stderr=-1, text=True)
        for _ in range(2)
    ]
    outputs = [one.communicate(timeout=60) for one in both]

    assert [one.returncode for one in both] == [0, 0]
    assert len(installs(ready_project.calls())) == 1
    assert sum("another set-up is at work" in stderr for _, stderr in outputs) == 1


def test_an_unknown_spark_line_is_refused(project: Project):
    done = project.set_up(SPARK_APP_SPARK_LINE="spark9")

    assert done.returncode == 2
    assert "spark41, spark35" in done.stderr
