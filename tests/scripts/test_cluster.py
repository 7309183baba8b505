"""A job on a standalone cluster of separate processes, started and submitted as docs/setup.md says."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from spark_app import cli
from tests.runs import CatalogueRun, submit
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


@dataclass(frozen=True)
class Cluster:
    """The URL of a master with two workers of one core and 1 GB each, and the folder of what they write."""

    url: str
    folder: Path


@pytest.fixture(scope="module")
def cluster(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Its processes end with the tests of this file."""
    folder = tmp_path_factory.mktemp("cluster")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    url = f"spark://127.0.0.1:{port}"
    own = ["--host", "127.0.0.1", "--webui-port", "0"]
    variables = {**environment, "SPARK_MASTER_OPTS": "-Dspark.master.rest.enabled=false"}
    processes: list[subprocess.Popen[bytes]] = []

    def start(name: str, *arguments: str) -> None:
        command = [f"{environment['SPARK_HOME']}/bin/spark-class", f"org.apache.spark.deploy.{name}", *own, *arguments]
        log = (folder / f"{len(processes)}.log").open("wb")
        processes.append(subprocess.Popen(command, env=variables, stdout=log, stderr=log))

    try:
        start("master.Master", "--port", str(port))
        wait_until(lambda: answers(port))
        for number in (1, 2):
            work = str(folder / f"worker{number}")
            start("worker.Worker", "--cores", "1", "--memory", "1g", "--work-dir", work, url)
        wait_until(lambda: (folder / "0.log").read_text().count("Registering worker") == 2)
        yield Cluster(url, folder)
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


def test_the_pipeline_on_two_workers_gives_the_tables_of_a_local_run(
    catalogue_run: CatalogueRun, cluster: Cluster, environment: dict[str, str], tmp_path: Path
):
    options = catalogue_run.options(catalogue_run.data, tmp_path)
    done = submit("cluster", "pipeline", "--master", cluster.url, *options, cwd=tmp_path, environment=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert cluster.url in done.stdout
    for worker in ("worker1", "worker2"):
        assert list((cluster.folder / worker).glob("app-*/*/spark_app-*.zip")), f"{worker} was not sent the code"

    assert cli.main(["diff", catalogue_run.lake, f"{tmp_path}/lake"]) == 0


def test_a_failure_on_the_cluster_hands_its_exit_code_back(
    cluster: Cluster, environment: dict[str, str], tmp_path: Path
):
    # A folder without a file is answered before any worker is asked: exit 3.
    missing = ("--set=sources.tracks=missing.csv", f"--set=run.build={tmp_path}/build")
    refused = submit(
        "cluster", "ingest_catalogue", "--master", cluster.url, *missing, cwd=tmp_path, environment=environment
    )
    assert refused.returncode == 3, refused.stdout + refused.stderr
    assert not (tmp_path / "build/lake").exists()
