"""Fetching the Java libraries: whole and with the locked checksum, or not at all."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.scripts.project import Project, java_home

JARS = {"io.delta:delta-spark_4.1_2.13:4.2.0": "engine", "io.delta:delta-storage:4.2.0": "storage"}


@pytest.fixture
def without_jars(project: Project, tmp_path: Path) -> Project:
    project.add_python("python3.11")
    project.add_maven(JARS)
    project.variables["JAVA_HOME"] = str(java_home(tmp_path / "jdk17", "17.0.9"))
    return project


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_only_the_locked_jars_are_kept_and_they_are_fetched_once(without_jars: Project):
    assert without_jars.set_up().returncode == 0

    folder = without_jars.cache / "jars" / "spark41"
    assert names(folder) == ["io.delta_delta-spark_4.1_2.13-4.2.0.jar", "io.delta_delta-storage-4.2.0.jar"]
    assert names(folder.parent) == ["spark41"]  # nothing of the work is left
    assert len(without_jars.calls("spark-submit")) == 1
    assert without_jars.set_up().returncode == 0
    assert without_jars.calls("spark-submit") == []


def test_a_jar_with_another_checksum_is_refused_and_no_jar_is_kept(without_jars: Project):
    (without_jars.state / "maven" / "io.delta_delta-storage-4.2.0.jar").write_text("something else")

    done = without_jars.set_up()

    assert done.returncode == 4
    assert "The checksum of io.delta_delta-storage-4.2.0.jar is" in done.stderr
    assert "SPARK_APP_IVY_SETTINGS" in done.stderr
    assert names(without_jars.cache / "jars" / "spark41") == []


def test_a_missing_or_empty_jar_is_fetched_again(without_jars: Project):
    without_jars.set_up()
    without_jars.calls()
    jar = without_jars.cache / "jars" / "spark41" / "io.delta_delta-storage-4.2.0.jar"

    for damage in (jar.unlink, lambda: jar.write_text("")):
        damage()
        assert without_jars.set_up().returncode == 0
        assert jar.read_text() == "storage"
        assert len(without_jars.calls("spark-submit")) == 1


def test_every_spark_line_has_its_jars_with_checksums(project: Project):
    lines = (project.home / "conf/locks/jars.txt").read_text().splitlines()
    rows = [line.split() for line in lines if not line.startswith("#")]

    assert Counter((line, group) for line, group, _, _ in rows) == {
        (line, group): n for line in ("spark41", "spark35") for group, n in (("delta", 2), ("local", 1), ("s3", 2))
    }
    assert all(coordinate.count(":") == 2 and len(checksum) == 64 for _, _, coordinate, checksum in rows)


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        ("pipeline", False),
        ("pipeline --set tables.root=s3://bucket/lake", True),
        ("pipeline --set sources.tracks=s3a://bucket/tracks.csv", True),
        ("pipeline --conf remote.yaml", True),
        ("pipeline --conf=remote.yaml", True),
        ("pipeline --conf local.yaml", False),
        ("pipeline --conf missing.yaml", False),
        ("similar title --set tables.root=s3://bucket/lake", False),  # starts no Spark
        ("--help s3://", False),
    ],
)
def test_the_s3_jars_are_needed_where_a_run_of_spark_names_s3(project: Project, arguments: str, needed: bool):
    (project.home / "remote.yaml").write_text("tables:\n  root: s3://bucket/lake\n")
    (project.home / "local.yaml").write_text("similar:\n  k: 3\n")

    assert (project.bash(f"names_s3 {arguments}").returncode == 0) is needed
