"""Whole runs of the main job that several slow tests look at."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time

import pytest

from spark_app import cli
from tests.runs import CatalogueRun, ReadmeRun, submit, write_catalogue


@pytest.fixture(scope="session")
def readme_run(tmp_path_factory) -> ReadmeRun:
    """The README's first command, on 20,000 sample tracks, in a build folder of its own."""
    folder = tmp_path_factory.mktemp("readme")
    done = submit("local", "pipeline", f"--set=run.build={folder / 'build'}", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return ReadmeRun(folder, done.stdout.splitlines())


@pytest.fixture(scope="session")
def catalogue_run(_session, tmp_path_factory) -> CatalogueRun:
    """The main job on a user's own two files, 1,500 tracks with dirt: what other runs are compared with.

    It runs in the tests' own session, which is warm; the runs that are compared with it have their own processes.
    """
    folder = tmp_path_factory.mktemp("catalogue")
    write_catalogue(_session, folder / "data")
    assert cli.main(["pipeline", *CatalogueRun.options(folder / "data", folder)]) == 0
    return CatalogueRun(folder)


@pytest.fixture
def bucket(monkeypatch):
    """An S3 bucket of moto's server, which is a process of its own: deltalake waits for answers under Python's lock."""
    import boto3

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.2):
                break
            time.sleep(0.1)
        boto3.client("s3").create_bucket(Bucket="songs")
        yield "songs"
    finally:
        server.kill()
        server.wait()
