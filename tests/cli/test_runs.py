"""``runs``."""

from __future__ import annotations

import json

import pytest

from spark_app.cli import runs
from spark_app.errors import DataError
from spark_app.jobs.results import RunResults, StepResult, run_folder
from tests.cli.commands import run


def save(root, run_id, started_at, status="DONE", **fields):
    results = RunResults(run_id, "pipeline", ["curate_tracks"], {}, started_at, status=status, **fields)
    if status == "FAILED":
        results.steps.append(StepResult(1, "curate_tracks", "ERROR", reason="the disk is full", exit_code=6))
    results.save(run_folder(f"{root}/build", run_id))


@pytest.fixture
def build(tmp_path):
    save(tmp_path, "2026-11-19/pipeline-aaaa", "2026-11-20T10:00:00+00:00", exit_code=0, seconds=37.25)
    save(tmp_path, "2026-11-20/pipeline-bbbb", "2026-11-20T09:00:00+00:00", status="FAILED", exit_code=6)
    broken = tmp_path / "build/runs/2026-11-18/pipeline-cccc"
    broken.mkdir(parents=True)
    (broken / "run_results.json").write_text('{"run_id": ')
    return tmp_path


def test_runs_are_listed_newest_first_with_the_step_that_failed(build, capsys):
    assert run(runs, build, "runs") == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[0] for line in lines] == [
        "run",
        "2026-11-19/pipeline-aaaa",
        "2026-11-20/pipeline-bbbb",
        "2026-11-18/pipeline-cccc",
    ]
    assert lines[1][1:] == ["2026-11-20", "10:00:00", "DONE", "0", "0", "0", "0", "0", "37.2"]
    assert lines[2][3:6] == ["FAILED", "6", "0"]
    assert lines[2][-5:] == ["curate_tracks:", "the", "disk", "is", "full"]
    assert lines[3][1] == "UNREADABLE"


def test_json_holds_whole_results(build, capsys):
    run(runs, build, "runs", "--limit", "1", "--json")
    (only,) = json.loads(capsys.readouterr().out)
    assert (only["run_id"], only["seconds"]) == ("2026-11-19/pipeline-aaaa", 37.25)


def test_no_runs_is_said(tmp_path):
    with pytest.raises(DataError, match="no runs"):
        run(runs, tmp_path, "runs")
