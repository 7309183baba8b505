"""What each runner starts, told by stand-ins for spark-app and spark-submit that print their command line."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator

import pytest

from tests.scripts.project import Project, executable

ECHO = '#!/bin/bash\nprintf "%s\\n" "$@"\nexit 3\n'


@pytest.fixture
def runnable(ready_project: Project) -> Project:
    executable(ready_project.home / ".venv/bin/spark-app", ECHO)
    executable(ready_project.home / ".venv/lib/python3.11/site-packages/pyspark/bin/spark-submit", ECHO)
    executable(ready_project.home / "scripts/package.sh", '#!/bin/bash\necho "00ff  /dist/spark_app-1.zip"\n')
    return ready_project


@pytest.fixture
def master() -> Iterator[str]:
    """The URL of a port that accepts connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"spark://127.0.0.1:{server.getsockname()[1]}"


def submit(project: Project, *arguments: str, **options: str):
    return project.run("bash", f"{project.home}/scripts/submit.sh", *arguments, **options)


def test_local_hands_its_arguments_and_exit_code_through(runnable: Project):
    done = submit(runnable, "local", "similar", "a title's", "--set", "similar.k=3")

    assert done.stdout.splitlines() == ["similar", "a title's", "--set", "similar.k=3"]
    assert done.returncode == 3


def test_called_from_elsewhere_results_land_in_the_project_unless_the_user_says_otherwise(runnable: Project):
    done = submit(runnable, "local", "pipeline", "--set", "run.build=mine", cwd=str(runnable.state))

    # The last --set of a key holds.
    built = ["--set", f"run.build={runnable.home}/build"]
    assert done.stdout.splitlines() == ["pipeline", *built, "--set", "run.build=mine"]
    assert submit(runnable, "local", "--version", cwd=str(runnable.state)).stdout.splitlines() == ["--version"]


def test_set_up_says_nothing_on_standard_output(project: Project):
    done = submit(project, "local", "jobs", "--json")

    assert (done.returncode, done.stdout) == (4, "")  # no Python here


@pytest.mark.parametrize("how", ["--master {0}", "--master={0}", "variable"])
def test_cluster_submits_the_zip_in_client_mode_to_the_named_master(runnable: Project, master: str, how: str):
    options = {"SPARK_APP_MASTER": master} if how == "variable" else {}
    named = [] if options else how.format(master).split()

    done = submit(runnable, "cluster", "pipeline", *named, "--set", "similar.k=3", **options)

    said = done.stdout.splitlines()
    assert done.returncode == 3
    assert said[:4] == ["--master", master, "--deploy-mode", "client"]
    entry = f"{runnable.home}/spark_app/entrypoints/spark_submit.py"
    assert said[said.index(entry) :] == [entry, "pipeline", "--set", "similar.k=3"]
    assert said[said.index("--py-files") + 1] == "/dist/spark_app-1.zip"
    jars = said[said.index("--jars") + 1].split(",")
    assert [jar.rsplit("/", 1)[1] for jar in jars] == [
        "io.delta_delta-spark_4.1_2.13-4.2.0.jar",
        "io.delta_delta-storage-4.2.0.jar",
    ]
    # One setting of each file, and no comment taken for one.
    assert "spark.sql.ansi.enabled=true" in said
    assert "spark.executor.memory=1g" in said
    assert not any("#" in line for line in said)


@pytest.mark.parametrize("arguments", [[], ["pipeline"], ["start"], ["pipeline", "--master", "start"]])
def test_cluster_without_a_master_says_how_to_start_one(runnable: Project, arguments: list[str]):
    done = submit(runnable, "cluster", *(arguments or ["pipeline", "--master", ""]))

    assert done.returncode == 2
    assert "org.apache.spark.deploy.master.Master" in done.stderr
    assert "--master spark://127.0.0.1:7077" in done.stderr.splitlines()[-1]


def test_a_master_that_does_not_answer_is_named_before_spark_starts(runnable: Project):
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = f"spark://127.0.0.1:{server.getsockname()[1]}"

    done = submit(runnable, "cluster", "pipeline", "--master", closed)

    assert done.returncode == 4
    assert done.stdout == ""
    assert f"no Spark master answers at {closed}" in done.stderr


@pytest.mark.parametrize("runner", ["emr", "emr-serverless", "glue"])
def test_runners_of_a_later_version_are_refused_and_set_nothing_up(project: Project, runner: str):
    done = submit(project, runner, "pipeline")

    assert done.returncode == 2
    assert done.stderr.startswith(f"ERROR  submit: this version cannot submit to {runner} yet")
    assert not project.cache.exists()


@pytest.mark.parametrize(("arguments", "code"), [([], 2), (["moon"], 2), (["local"], 2), (["--help"], 0)])
def test_a_wrong_command_line_is_answered_without_set_up(project: Project, arguments: list[str], code: int):
    done = submit(project, *arguments)

    assert done.returncode == code
    assert "local, cluster" in done.stderr or "usage:" in done.stderr + done.stdout
    assert not project.cache.exists()


def test_scripts_are_valid_shell(project: Project):
    assert shutil.which("bash")
    for script in sorted((project.home / "scripts").rglob("*.sh")):
        assert project.run("bash", "-n", str(script)).returncode == 0, script
