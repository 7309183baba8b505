"""What retry takes over from a run that did not end."""

from __future__ import annotations

import json
from argparse import Namespace

import pytest

from spark_app.cli import run
from spark_app.cli.progress import root_option
from spark_app.cli.resume import resumed_settings
from spark_app.errors import UsageError
from spark_app.jobs import PIPELINES
from spark_app.jobs.results import StepResult, run_folder
from spark_app.settings import load_settings

SOURCES = "sources.tracks=data/tracks.csv"


@pytest.fixture
def rerun(tmp_path, monkeypatch):
    """Starts ``pipeline`` or ``retry``, whose steps end as given: all but the last OK; returns the steps begun."""
    build = f"run.build={tmp_path}"
    asked = {}

    def execute(results, steps, settings, *_):
        numbers = [number for number, _ in steps]
        until = asked["until"]
        for number, job in steps:
            if number <= until:
                results.steps.append(StepResult(number, job.name, "ERROR" if number == until else "OK"))
        results.status = "FAILED"
        results.save(run_folder(str(tmp_path), results.run_id))
        asked["numbers"] = numbers
        return 3

    monkeypatch.setattr(run, "_execute", execute)

    def start(command, until, *assignments):
        asked["until"] = until
        settings = load_settings([], [build, *assignments])
        args = Namespace(job="pipeline", run_date=None, dry_run=False, json=False, run_id="")
        (run.run_command if command == "pipeline" else run.retry_command)(args, settings)
        return asked["numbers"]

    return start


def test_a_retry_of_a_retry_goes_on_with_the_step_that_failed_last(rerun):
    n = len(PIPELINES["pipeline"])
    assert rerun("pipeline", 5) == list(range(1, n + 1))
    assert rerun("retry", 7) == list(range(5, n + 1))
    assert rerun("retry", 9) == list(range(7, n + 1))


def test_another_value_than_the_run_had_is_refused_and_the_same_is_not(rerun):
    rerun("pipeline", 2, SOURCES)
    assert rerun("retry", 3, SOURCES)[0] == 2
    with pytest.raises(UsageError, match=r"it had another sources\.allow_partial") as raised:
        rerun("retry", 3, "sources.allow_partial=true")
    assert raised.value.remedy.startswith("Begin anew with what you want: spark-app pipeline --set sources.allow_part")


def test_a_password_is_not_kept_with_the_run_and_comes_from_the_retry(rerun, tmp_path):
    uri = "tracking.uri=https://me:secret@mlflow.example"
    rerun("pipeline", 2, uri)
    (path,) = tmp_path.glob("runs/*/*/run_results.json")
    assert "secret" not in path.read_text()
    earlier = json.loads(path.read_text())
    assert resumed_settings(earlier, load_settings([], [uri])).tracking.uri == "https://me:secret@mlflow.example"


def test_commands_name_the_root_where_they_would_look_elsewhere():
    assert root_option(load_settings()) == ""
    assert root_option(load_settings([], ["run.build=/b"])) == " --set tables.root=/b/lake/sample"
    assert root_option(load_settings([], ["sources.name=my songs"])) == " --set tables.root='build/lake/my songs'"
