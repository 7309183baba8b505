"""``doctor``: one line a check, and the exit code of the first that fails."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import time
from pathlib import Path

import pytest

from spark_app import cli, session
from spark_app.cli import doctor
from spark_app.errors import DependencyError
from spark_app.settings import load_settings
from tests.cli.commands import run


def settings(tmp_path, *assignments):
    return load_settings([], [f"run.build={tmp_path}", *assignments])


def fake_java(tmp_path, version, modules):
    home = tmp_path / "jdk"
    (home / "bin").mkdir(parents=True)
    program = home / "bin/java"
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    program.chmod(0o755)
    if modules is not None:
        (home / "release").write_text(f'MODULES="{modules}"\n')
    return home


@pytest.mark.parametrize(
    ("version", "modules", "status"),
    [
        ("17.0.15", "java.base jdk.incubator.vector", "PASS"),
        ("21", "java.base jdk.incubator.vector", "PASS"),
        ("17.0.15", "java.base", "FAIL"),  # a trimmed runtime
        ("17.0.15", None, "WARN"),
        ("11.0.2", "java.base jdk.incubator.vector", "FAIL"),
        ("1.8.0_412", None, "FAIL"),
    ],
)
def test_java_must_be_a_full_17_or_21(tmp_path, monkeypatch, version, modules, status):
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path, version, modules)))
    check = doctor.check_java()
    assert (check.status, check.exit_code) == (status, 4)
    assert bool(check.remedy) == (status != "PASS")


def test_a_java_home_without_java_fails(tmp_path, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert doctor.check_java().status == "FAIL"


@pytest.fixture
def chosen_java(tmp_path, monkeypatch):
    """A Java that set-up has chosen, where JAVA_HOME names none."""
    home = fake_java(tmp_path, "21.0.1", "java.base jdk.incubator.vector")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache/java-home").write_text(f"\n{home}\n")
    monkeypatch.setenv("SPARK_APP_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return home


def test_the_java_that_set_up_has_chosen_is_the_one_that_runs_start_and_doctor_tells(chosen_java, monkeypatch):
    monkeypatch.setenv("PYSPARK_PYTHON", "python")
    assert doctor.check_java() == doctor.Check("Java", "PASS", f"21.0.1 at {chosen_java}/bin/java, full JDK")
    session._name_programs()
    assert os.environ.pop("JAVA_HOME") == str(chosen_java)


def test_a_java_home_of_the_user_goes_before_the_choice_of_set_up(chosen_java, tmp_path, monkeypatch):
    own = fake_java(tmp_path / "own", "17.0.9", "java.base jdk.incubator.vector")
    monkeypatch.setenv("JAVA_HOME", str(own))
    assert f"at {own}/bin/java" in doctor.check_java().found


def test_a_choice_that_no_longer_holds_leaves_the_java_of_the_path(chosen_java, tmp_path, monkeypatch):
    on_path = fake_java(tmp_path / "path", "17.0.9", "java.base jdk.incubator.vector") / "bin"
    monkeypatch.setenv("PATH", f"{on_path}{os.pathsep}{os.environ['PATH']}")
    (chosen_java / "bin/java").unlink()
    assert f"at {on_path}/java" in doctor.check_java().found
    (tmp_path / "cache/java-home").write_text("")
    assert f"at {on_path}/java" in doctor.check_java().found


@pytest.mark.parametrize(
    ("spark", "delta", "status"),
    [("4.1.1", "4.2.0", "PASS"), ("3.5.8", "3.3.2", "PASS"), ("4.1.1", "3.3.2", "FAIL"), ("4.1.1", "", "FAIL")],
)
def test_spark_and_delta_must_be_a_tested_pair(monkeypatch, spark, delta, status):
    monkeypatch.setattr(doctor, "_installed", {"pyspark": spark, "delta-spark": delta}.get)
    assert doctor.check_packages().status == status


def test_packages_that_differ_from_the_lock_are_named(tmp_path, monkeypatch):
    from spark_app.session import spark_line

    (tmp_path / "locks").mkdir()
    lock = tmp_path / "locks" / f"{spark_line()}.txt"
    monkeypatch.setattr(doctor, "conf_folder", lambda: tmp_path)
    monkeypatch.setattr(doctor, "_installed", {"numpy": "2.4.4", "moto": "5.2.5"}.get)

    lock.write_text("# note\nnumpy==2.4.4\nmoto[s3]==5.2.5 ; python_version > '3'\nmoto==1 ; python_version < '3'\n")
    assert doctor.check_lock().found == f"2 packages of {lock.name}"
    lock.write_text("numpy==2.4.3\n")
    assert "numpy 2.4.4, not 2.4.3" in doctor.check_lock().found
    lock.unlink()
    assert doctor.check_lock().status == "WARN"


def test_a_store_that_is_not_there_yet_passes_and_nothing_is_left(tmp_path):
    assert doctor.check_store(f"{tmp_path}/lake/sample").status == "PASS"
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_place_of_the_root_fails_as_usage(tmp_path):
    (tmp_path / "lake").write_text("")
    check = doctor.check_store(f"{tmp_path}/lake")
    assert (check.status, check.exit_code) == ("FAIL", 2)


def test_a_folder_without_write_permission_fails_as_usage(tmp_path, monkeypatch):
    # Root may write anywhere, so the refusal is played by the call that would meet it.
    def refuse(_path, _content):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(doctor.Path, "write_bytes", refuse)
    check = doctor.check_store(f"{tmp_path}/lake")
    assert (check.status, check.exit_code) == ("FAIL", 2)
    assert "permission denied" in check.found


@pytest.mark.parametrize(("free", "status"), [(5e8, "FAIL"), (2e9, "WARN"), (9e9, "PASS")])
def test_disk_space_has_two_thresholds(tmp_path, monkeypatch, free, status):
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _path: type("Usage", (), {"free": int(free)}))
    check = doctor.check_disk(settings(tmp_path))
    assert check.status == status
    assert status != "FAIL" or check.exit_code == 6


def test_mlflow_that_never_answers_is_a_warning_in_time_without_the_password(tmp_path):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        uri = f"http://me:secret@127.0.0.1:{silent.getsockname()[1]}"
        started = time.monotonic()
        check = doctor.check_mlflow(settings(tmp_path, f"tracking.uri={uri}", "tracking.timeout_seconds=0.5"))
    assert time.monotonic() - started < 4
    assert check.status == "WARN"
    assert "secret" not in check.found


def test_an_mlflow_file_that_is_no_database_is_a_warning(tmp_path):
    assert doctor.check_mlflow(settings(tmp_path)).status == "PASS"
    (tmp_path / "mlflow.db").write_text("no database")
    assert doctor.check_mlflow(settings(tmp_path)).status == "WARN"


def test_the_exit_code_is_that_of_the_first_failure(tmp_path, monkeypatch, capsys):
    def no_jars():
        raise DependencyError("the Delta jars are not there", "Fetch them.")

    monkeypatch.setattr("spark_app.session.delta_jars", no_jars)
    assert run(doctor, tmp_path, "doctor", "--json") == 4
    told = {check["name"]: check["status"] for check in json.loads(capsys.readouterr().out)}
    assert (told["Delta jars"], told["Store"], told["MLflow"]) == ("FAIL", "PASS", "PASS")

    monkeypatch.setattr("spark_app.session.delta_jars", lambda: [Path("a/x.jar"), Path("a/y.jar")])
    assert run(doctor, tmp_path, "doctor") == 0
    assert capsys.readouterr().out.startswith("PASS  Python")


@pytest.fixture
def s3_folder(tmp_path, monkeypatch):
    """Where the S3 jars belong in a cache that has none, for a plain Python process."""
    monkeypatch.setenv("SPARK_APP_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("PYSPARK_GATEWAY_PORT", raising=False)
    folder = tmp_path / "cache/jars" / f"{session.spark_line()}-s3"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize(
    "place",
    [
        "tables.root=s3://songs/lake",
        "tables.root=s3a://songs/lake",
        "sources.tracks=s3://songs/tracks.csv",
        "sources.artists=s3://songs/artists.csv",
    ],
)
def test_a_place_on_s3_without_the_jars_fails_with_the_command_that_fetches_them(s3_folder, tmp_path, place):
    (s3_folder / "hadoop-aws.jar").touch()  # one of the two: a fetch that was cut off
    (check,) = doctor.check_s3_jars(settings(tmp_path, place))
    assert (check.status, check.exit_code) == ("FAIL", 4)
    assert check.found == f"{place} needs the S3 jars, which are not in {s3_folder}"
    assert check.remedy == f"Fetch them once (640 MB): scripts/submit.sh local doctor --set {place}"

    (s3_folder / "bundle.jar").touch()
    assert doctor.check_s3_jars(settings(tmp_path, place)) == [doctor.Check("S3 jars", "PASS", f"2 in {s3_folder}")]


def test_a_glob_on_s3_is_quoted_for_the_shell(s3_folder, tmp_path):
    (check,) = doctor.check_s3_jars(settings(tmp_path, "sources.tracks=s3://songs/my hits/*.csv"))
    assert check.remedy.endswith(" --set 'sources.tracks=s3://songs/my hits/*.csv'")


def test_s3_jars_are_not_asked_for_where_nothing_is_on_s3_or_the_runner_brings_them(s3_folder, tmp_path, monkeypatch):
    assert doctor.check_s3_jars(settings(tmp_path)) == []
    monkeypatch.setenv("PYSPARK_GATEWAY_PORT", "1")
    assert doctor.check_s3_jars(settings(tmp_path, "tables.root=s3://songs/lake")) == []


def test_doctor_tells_missing_s3_jars_beside_the_store(s3_folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(doctor, "check_machine", list)
    monkeypatch.setattr(doctor, "check_store", lambda root: doctor.Check("Store", "PASS", root))
    assert run(doctor, "s3://songs/lake", "doctor", "--set", f"run.build={tmp_path}") == 4
    assert capsys.readouterr().out.startswith("FAIL  S3 jars      tables.root=s3://songs/lake needs the S3 jars")


@pytest.mark.parametrize(
    "command",
    [
        ("curate_tracks", "--set", "tables.root=s3://songs/lake"),
        ("diff", "lake", "s3://songs/lake"),
    ],
)
def test_a_run_on_s3_without_the_jars_ends_before_spark_or_a_table_is_touched(
    s3_folder, tmp_path, monkeypatch, capsys, command
):
    def untouched(*_arguments, **_options):
        raise AssertionError("too late")

    monkeypatch.setattr("spark_app.session.start_session", untouched)
    monkeypatch.setattr("spark_app.tables.local.most_rows", untouched)
    monkeypatch.setattr("spark_app.tracking.Tracker", untouched)
    assert cli.main([*command, "--set", f"run.build={tmp_path}"]) == 4
    assert "scripts/submit.sh local doctor --set tables.root=s3://songs/lake" in capsys.readouterr().err


def test_no_java_but_its_version_is_started(tmp_path, monkeypatch):
    started = []
    real = subprocess.run
    monkeypatch.setattr(
        doctor.subprocess, "run", lambda command, **options: started.append(command) or real(command, **options)
    )
    doctor.check_machine()
    doctor.check_store(str(tmp_path))
    assert [command[1:] for command in started] == [["-version"]]
