"""A job on a standalone cluster of separate processes, started and submitted as docs/setup.md says."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scripts.project import ROOT

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """Variables with which set-up starts Spark; the test is skipped where set-up has not run."""
    shown = subprocess.run(
        ["bash", "-c", "source scripts/lib/setup.sh; is_ready && export_environment && env -0"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if shown.returncode != 0:
        pytest.skip("the project is not set up; run scripts/test.sh once")
    return dict(line.split("=", 1) for line in shown.stdout.split("\0") if line)


@pytest.fixture
def master(environment: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """The URL of a master with two workers of one core and 1 GB each; they end with the test."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    url = f"spark://127.0.0.1:{port}"
    own = ["--host", "127.0.0.1", "--webui-port", "0"]
    variables = {**environment, "SPARK_MASTER_OPTS": "-Dspark.master.rest.enabled=false"}
    processes: list[subprocess.Popen[bytes]] = []

    def start(name: str, *arguments: str) -> None:
        command = [f"{environment['SPARK_HOME']}/bin/spark-class", f"org.apache.spark.deploy.{name}", *own, *arguments]
        log = (tmp_path / f"{len(processes)}.log").open("wb")
        processes.append(subprocess.Popen(command, env=variables, stdout=log, stderr=log))

    try:
        start("master.Master", "--port", str(port))
        wait_until(lambda: answers(port))
        for number in (1, 2):
            folder = str(tmp_path / f"worker{number}")
            start("worker.Worker", "--cores", "1", "--memory", "1g", "--work-dir", folder, url)
        wait_until(lambda: (tmp_path / "0.log").read_text().count("Registering worker") == 2)
        yield url
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=60)


def wait_until(holds) -> None:
    deadline = time.monotonic() + 90
    while not holds():
        assert time.monotonic() < deadline, "the cluster did not start"
        time.sleep(0.2)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def submit(runner: str, environment: dict[str, str], *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [str(ROOT / "scripts/submit.sh"), runner, *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=900, check=False)


def options(folder: Path) -> list[str]:
    small = ["sample.tracks=1500", "classify.forest.trees=3", "classify.forest.depth=4", "similar.lsh_sample=40"]
    return [f"--set={one}" for one in (*small, f"tables.root={folder}/lake", f"run.build={folder}/build")]


def test_the_pipeline_on_two_workers_gives_the_tables_of_a_local_run(
    master: str, environment: dict[str, str], tmp_path: Path
):
    here, there = tmp_path / "local", tmp_path / "cluster"

    done = submit("cluster", environment, "pipeline", "--master", master, *options(there), cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert master in done.stdout
    for worker in ("worker1", "worker2"):
        assert list((tmp_path / worker).glob("app-*/*/spark_app-*.zip")), f"{worker} was not sent the code"
    done = submit("local", environment, "pipeline", *options(here), cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr

    compared = submit("local", environment, "diff", f"{here}/lake", f"{there}/lake", cwd=tmp_path)
    assert compared.returncode == 0, compared.stdout + compared.stderr


def test_a_failure_on_the_cluster_hands_its_exit_code_back(master: str, environment: dict[str, str], tmp_path: Path):
    # A folder without a file is answered before any worker is asked: exit 3.
    refused = submit(
        "cluster", environment, "ingest_catalogue", "--master", master, "--set=sources.tracks=missing.csv",
        *options(tmp_path), cwd=tmp_path,
    )  # fmt: skip
    assert refused.returncode == 3, refused.stdout + refused.stderr
    assert not (tmp_path / "lake").exists()
