"""The code zip that a cluster runs."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from spark_app import __version__
from tests.scripts.project import ROOT


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, so that a test run builds nothing in it."""
    folder = tmp_path_factory.mktemp("package") / "project"
    for name in ("scripts", "conf", "spark_app"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def package(tree: Path) -> tuple[str, Path]:
    """Checksum and path as the script prints them."""
    environment = {**os.environ, "SPARK_APP_PYTHON": sys.executable}
    done = subprocess.run(
        ["bash", str(tree / "scripts/package.sh")],
        cwd=tree.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    checksum, path = done.stdout.strip().split("  ")
    return checksum, Path(path)


def test_the_zip_holds_the_code_and_the_settings_and_nothing_else(tree: Path):
    (tree / "spark_app/__pycache__").mkdir(exist_ok=True)
    (tree / "spark_app/__pycache__/stale.cpython-311.pyc").touch()
    (tree / "spark_app/.hidden").touch()

    checksum, path = package(tree)

    names = set(ZipFile(path).namelist())
    code = {file.relative_to(tree).as_posix() for file in (tree / "spark_app").rglob("*.py")}
    assert path == tree / f"dist/spark_app-{__version__}.zip"
    assert {name for name in names if name.endswith(".py")} == code
    assert {"conf/base.yaml", "conf/spark/common.conf", "conf/locks/spark41.txt"} <= names
    assert not any("__pycache__" in name or "/." in name for name in names)
    assert checksum == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_same_tree_gives_the_same_bytes_and_a_change_gives_others(tree: Path, tmp_path: Path):
    first, _ = package(tree)
    again = tmp_path / "again"
    shutil.copytree(tree, again, copy_function=shutil.copy)  # new dates, another order in the folders
    (again / "spark_app/__init__.py").chmod(0o600)

    assert package(again)[0] == first

    with (again / "conf/base.yaml").open("a") as file:
        file.write("# changed\n")
    assert package(again)[0] != first


def test_the_program_runs_from_the_zip_alone_with_the_zips_settings(tree: Path, tmp_path: Path):
    _, path = package(tree)
    code = (
        "import spark_app; from spark_app.settings import load_settings, conf_folder;"
        "from spark_app.session import read_properties;"
        "print(spark_app.__file__); print(load_settings([], ['similar.k=7']).similar.k);"
        "print(read_properties(conf_folder() / 'spark' / 'common.conf')['spark.sql.session.timeZone'])"
    )

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.splitlines() == [f"{path}/spark_app/__init__.py", "7", "UTC"]


def test_the_entry_for_spark_submit_runs_the_zips_command_line_and_exits_with_its_code(tree: Path, tmp_path: Path):
    _, path = package(tree)
    entry = shutil.copy(ROOT / "spark_app/entrypoints/spark_submit.py", tmp_path)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(path)}
        command = [sys.executable, str(entry), *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    assert run("config", "--set", "similar.k=7").returncode == 0
    assert run("config", "--set", "similar.none=7").returncode == 2
