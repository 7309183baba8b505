"""Which Java Spark is started with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scripts.project import Project, java_home, path_of


@pytest.mark.parametrize(
    ("version", "modules", "fits"),
    [
        ("17", ("jdk.incubator.vector",), True),
        ("17.0.15", ("java.sql", "jdk.incubator.vector"), True),
        ("21.0.1", ("jdk.incubator.vector",), True),
        ("17.0.15", ("java.sql",), False),  # a trimmed runtime
        ("11.0.2", ("jdk.incubator.vector",), False),
        ("25", ("jdk.incubator.vector",), False),
        ("170", ("jdk.incubator.vector",), False),
    ],
)
def test_java_fits_when_it_is_a_full_17_or_21(project: Project, tmp_path: Path, version, modules, fits):
    home = java_home(tmp_path / "jdk", version, modules)

    assert (project.bash(f"java_fits {home}").returncode == 0) is fits


def test_java_home_wins_over_the_path(project: Project, tmp_path: Path):
    named, on_path = java_home(tmp_path / "named", "21.0.1"), java_home(tmp_path / "path", "17.0.9")

    found = project.bash("find_java", JAVA_HOME=str(named), PATH=path_of(project.bin, on_path / "bin"))

    assert found.stdout.strip() == str(named)


def test_what_does_not_fit_is_passed_over_down_to_the_next_java_on_the_path(project: Project, tmp_path: Path):
    old, new, right = (java_home(tmp_path / name, name) for name in ("11.0.2", "25", "17.0.9"))

    found = project.bash("find_java", JAVA_HOME=str(old), PATH=path_of(project.bin, new / "bin", right / "bin"))

    assert found.stdout.strip() == str(right)


def test_the_second_start_runs_no_java_and_a_changed_java_home_is_looked_at(ready_project: Project, tmp_path: Path):
    assert ready_project.bash("set_up; echo $JAVA_HOME").stdout.strip() == str(tmp_path / "jdk17")
    assert ready_project.calls("java ") == []

    other = java_home(tmp_path / "jdk21", "21.0.1")
    changed = ready_project.bash("set_up; echo $JAVA_HOME", JAVA_HOME=str(other))

    assert changed.stdout.strip() == str(other)


def test_a_remembered_java_that_was_removed_is_looked_for_again(ready_project: Project, tmp_path: Path):
    (tmp_path / "jdk17" / "bin" / "java").unlink()
    on_path = java_home(tmp_path / "path", "17.0.9")

    again = ready_project.bash("set_up; echo $JAVA_HOME", PATH=path_of(ready_project.bin, on_path / "bin"))

    assert again.stdout.strip() == str(on_path)


def test_where_there_is_no_java_one_is_fetched_into_the_cache_once(project: Project):
    project.add_python("python3.11")
    project.add_jars()
    java_home(project.state / "jdk", "17.0.1")  # what the download holds

    done = project.bash("set_up; echo $JAVA_HOME")

    assert done.stdout.strip() == str(project.cache / "jdk" / "jdk-17.0.1+1")
    assert len(project.calls("jdk.install")) == 1
    assert project.set_up().returncode == 0
    assert project.calls("jdk.install") == []


def test_where_no_java_can_be_fetched_one_message_says_what_to_install(project: Project):
    project.add_python("python3.11")
    project.add_jars()

    done = project.set_up()

    assert done.returncode == 4
    assert "ready" not in done.stdout
    last = done.stderr.splitlines()[-2:]
    assert last[0].startswith("ERROR  set-up: no full JDK 17 or 21 found")
    assert "apt-get install openjdk-17-jdk-headless" in last[1]
    assert "JAVA_HOME" in last[1]
