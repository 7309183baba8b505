"""``doctor``: is everything here that a run needs? Starts neither Spark nor a run, and leaves nothing behind."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from spark_app.cli import output
from spark_app.errors import DependencyError, ResourceError, UsageError
from spark_app.settings import Settings, conf_folder
from spark_app.stores import absolute, is_on_s3

PASS, WARN, FAIL = "PASS", "WARN", "FAIL"
_SET_UP = "Run: scripts/submit.sh local doctor"
_DEPENDENCY, _USAGE, _RESOURCE = DependencyError.exit_code, UsageError.exit_code, ResourceError.exit_code
_PAIRS = {"4.1": "4.2", "3.5": "3.3"}  # Spark line -> the Delta line tested with it
_DISK_NEEDED, _DISK_WISHED = 1e9, 5e9  # bytes


@dataclass(frozen=True)
class Check:
    """One line of the table.

    Attributes:
        name: What was looked at.
        status: PASS, WARN or FAIL.
        found: What was found.
        remedy: What to do, empty for PASS.
        exit_code: Of the command where this is the first FAIL.
    """

    name: str
    status: str
    found: str
    remedy: str = ""
    exit_code: int = _DEPENDENCY


def add_parser(subparsers: Any, common: argparse.ArgumentParser) -> None:
    """Add ``doctor``."""
    parser = subparsers.add_parser(
        "doctor",
        parents=[common],
        help="check Python, Java, Spark, Delta, the store, the disk and MLflow",
        epilog="examples:\n  spark-app doctor\n  spark-app doctor --set tables.root=s3://bucket/lake --json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(command=doctor_command)


def doctor_command(args: argparse.Namespace, settings: Settings) -> int:
    """Print the table; 0 unless something failed, then the code that a run would end with."""
    checks = [*check_machine(), *check_s3_jars(settings), check_store(settings.root), check_disk(settings)]
    checks.append(check_mlflow(settings))
    if args.json:
        output.json_out([asdict(check) for check in checks])
    else:
        for check in checks:
            output.line(f"{check.status}  {check.name:<12} {output.escape(check.found)}")
            if check.remedy:
                output.line(f"{'':19}{output.escape(check.remedy)}")
    failed = [check for check in checks if check.status == FAIL]
    return failed[0].exit_code if failed else 0


def check_machine() -> list[Check]:
    """Python, Java, packages and jars."""
    return [check_python(), check_java(), check_packages(), check_lock(), check_jars()]


def check_python() -> Check:
    """Spark 4.1 is tested with 3.11 to 3.13, Spark 3.5 with 3.11."""
    version = sys.version_info
    found = f"{version.major}.{version.minor}.{version.micro} at {sys.executable}"
    last = (3, 13) if _installed("pyspark").startswith("4.") else (3, 11)
    if (3, 11) <= version[:2] <= last:
        return Check("Python", PASS, found)
    return Check("Python", FAIL, found, f"Use Python 3.11 to {last[0]}.{last[1]}, then run scripts/submit.sh again.")


def check_java() -> Check:
    """The Java that Spark will start: of JAVA_HOME, else set-up's choice, else on the path."""
    from spark_app.session import java_home

    home = java_home()
    program = str(Path(home, "bin", "java")) if home else shutil.which("java")
    remedy = f"Install a full JDK 17 or 21 and set JAVA_HOME. {_SET_UP} (it finds or fetches one)."
    if program is None or not Path(program).exists():
        return Check("Java", FAIL, f"none at {program}" if program else "none on the path", remedy)
    try:
        told = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=20, check=False).stderr
    except (OSError, subprocess.TimeoutExpired):
        return Check("Java", FAIL, f"{program} does not run", remedy)
    version = re.search(r'version "(\d+)([^"]*)"', told)
    if version is None or version.group(1) not in ("17", "21"):
        return Check("Java", FAIL, f"{version.group(0) if version else 'no version'} at {program}", remedy)
    found = f"{version.group(1)}{version.group(2)} at {program}"
    modules = _java_modules(Path(program))
    if modules is None:
        return Check("Java", WARN, f"{found}; whether it is a full JDK is unknown", "Spark 4 needs a full JDK.")
    if "jdk.incubator.vector" not in modules:
        return Check("Java", FAIL, f"{found}, but without jdk.incubator.vector", remedy)
    return Check("Java", PASS, f"{found}, full JDK")


def check_packages() -> Check:
    """Spark and Delta as they were tested together."""
    spark, delta = _installed("pyspark"), _installed("delta-spark")
    found = f"Spark {spark or 'missing'}, Delta {delta or 'missing'}"
    wanted = _PAIRS.get(".".join(spark.split(".")[:2]))
    if wanted and delta.startswith(f"{wanted}."):
        return Check("Spark", PASS, found)
    pairs = " or ".join(f"Spark {a} with Delta {b}" for a, b in _PAIRS.items())
    return Check("Spark", FAIL, found, f"Install {pairs}. {_SET_UP}")


def check_lock() -> Check:
    """Every installed package at the version of the lock file; packages that are not installed do not matter."""
    from spark_app.session import spark_line

    lock = Path(str(conf_folder())) / "locks" / f"{spark_line()}.txt"
    if not lock.is_file():
        return Check("Lock file", WARN, f"no {lock.name} here, so versions are not compared")
    pinned = _pins(lock.read_text(encoding="utf-8"))
    other = [
        f"{name} {_installed(name)}, not {version}" for name, version in pinned if _installed(name) not in ("", version)
    ]
    if not other:
        return Check("Lock file", PASS, f"{len(pinned)} packages of {lock.name}")
    return Check("Lock file", WARN, f"{len(other)} packages differ: {'; '.join(other[:3])}", _SET_UP)


def _pins(lock: str) -> list[tuple[str, str]]:
    """Name and version of each line that holds for this Python."""
    from packaging.requirements import Requirement

    lines = (line.split("#", 1)[0].strip() for line in lock.splitlines())
    wanted = [Requirement(line) for line in lines if line]
    return [
        (one.name, str(one.specifier).removeprefix("==")) for one in wanted if not one.marker or one.marker.evaluate()
    ]


def check_jars() -> Check:
    """The jars of a local run in the cache; on a cluster the runner brings Delta's."""
    from spark_app.session import delta_jars, local_file_jar

    try:
        jars = delta_jars()
        local_file_jar()  # raises where it is missing
    except DependencyError as error:
        return Check("Delta jars", FAIL, error.what, error.remedy)
    return Check("Delta jars", PASS, f"{len(jars)} in {jars[0].parent}")


def check_s3_jars(settings: Settings) -> list[Check]:
    """The jars that Spark reaches S3 with; no line where a run needs none of ours."""
    from spark_app.session import needed_s3_jars

    try:
        jars = needed_s3_jars(settings.places)
    except DependencyError as error:
        return [Check("S3 jars", FAIL, error.what, error.remedy)]
    return [Check("S3 jars", PASS, f"{len(jars)} in {jars[0].parent}")] if jars else []


def check_store(root: str) -> Check:
    """Write, read and delete a small file below the root, or in the nearest folder above it that exists."""
    if is_on_s3(root):
        return _check_s3(root)
    folder = Path(absolute(root))
    above = next(path for path in (folder, *folder.parents) if path.exists())
    probe = above / f".spark_app-doctor-{os.getpid()}"
    try:
        probe.write_bytes(b"doctor")
        whole = probe.read_bytes() == b"doctor"
        probe.unlink()
    except OSError as error:
        # A file in place of a folder, a read-only disk, a missing right.
        return Check("Store", FAIL, f"{root}: {(error.strerror or '').lower()}", "Choose another tables.root.", _USAGE)
    if not whole:
        return Check("Store", FAIL, f"{root}: what was written reads back differently", "Check the disk.", _RESOURCE)
    return Check("Store", PASS, f"{root} is readable and writable" + ("" if above == folder else " (new)"))


def check_disk(settings: Settings) -> Check:
    """Free space where runs keep their files."""
    build = Path(settings.run.build).absolute()
    above = next(path for path in (build, *build.parents) if path.exists())
    free = shutil.disk_usage(above).free
    found = f"{output.file_size(free)} free at {settings.run.build}"
    if free < _DISK_NEEDED:
        return Check("Disk", FAIL, found, "Free at least 1 GB, or set run.build elsewhere.", _RESOURCE)
    return Check("Disk", PASS, found) if free >= _DISK_WISHED else Check("Disk", WARN, found, "5 GB are safe.")


def check_mlflow(settings: Settings) -> Check:
    """MLflow answers in time. Never FAIL: without it a run keeps its records on disk."""
    uri = settings.tracking_uri
    parts = urlsplit(uri)
    shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else uri
    remedy = "Runs go on without it and keep their records under the run's folder."
    try:
        if parts.scheme in ("http", "https"):
            return Check("MLflow", PASS, f"{shown} answers {_health(uri, settings.tracking.timeout_seconds)}")
        if parts.scheme == "sqlite":
            return Check("MLflow", PASS, f"{uri} {_sqlite_state(Path(uri.removeprefix('sqlite:///')))}")
        return Check("MLflow", WARN, f"{shown}: not looked at", "Only http(s) and sqlite URIs are checked.")
    except (OSError, sqlite3.Error, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        return Check("MLflow", WARN, f"{shown} is away ({type(reason).__name__})", remedy)


def _health(uri: str, seconds: float) -> str:
    parts = urlsplit(uri)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    socket.create_connection((parts.hostname or "", port), timeout=seconds).close()
    base = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"
    try:
        with urllib.request.urlopen(f"{base}/health", timeout=seconds) as answer:
            return str(answer.status)
    except urllib.error.HTTPError as error:  # it asks for a login, which a run will give
        return str(error.code)


def _sqlite_state(path: Path) -> str:
    if not path.exists():
        return "will be made by the first run"
    with closing(sqlite3.connect(f"file:{path.absolute()}?mode=ro", uri=True, timeout=2)) as database:
        (runs,) = database.execute("SELECT count(*) FROM runs").fetchone()
    return f"holds {runs:,} runs"


def _check_s3(root: str) -> Check:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, _, prefix = root.split("://", 1)[1].partition("/")
    key = "/".join(part for part in (prefix.strip("/"), f".spark_app-doctor-{os.getpid()}") if part)
    try:
        client = boto3.client("s3", config=Config(connect_timeout=3, read_timeout=5, retries={"max_attempts": 1}))
        client.put_object(Bucket=bucket, Key=key, Body=b"doctor")
        client.get_object(Bucket=bucket, Key=key)["Body"].read()
        client.delete_object(Bucket=bucket, Key=key)
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "unknown"))
        expired = "Expired" in code
        remedy = (
            "Renew the credentials." if expired else "Ask for s3:PutObject, GetObject, DeleteObject and ListBucket."
        )
        return Check("Store", FAIL, f"{root}: {code}", remedy, _DEPENDENCY if expired else _USAGE)
    except BotoCoreError as error:
        return Check("Store", FAIL, f"{root}: {type(error).__name__}", "Check network, credentials and region.")
    return Check("Store", PASS, f"{root} is readable and writable")


def _java_modules(program: Path) -> set[str] | None:
    """Modules by the release file of the Java home; None where there is no such list."""
    release = program.resolve().parent.parent / "release"
    if not release.is_file():
        return None
    found = re.search(r'^MODULES="([^"]*)"', release.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
    return set(found.group(1).split()) if found else None


def _installed(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
