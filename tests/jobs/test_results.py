"""run_results.json and what retry finds in it."""

from __future__ import annotations

import os

import pytest

from spark_app.errors import UsageError
from spark_app.jobs.results import RunResults, StepResult, load_results, run_folder, unfinished_run


def results(run_id, status, pid=None):
    run = RunResults(run_id, "pipeline", ["a", "b"], {}, "now", status=status)
    run.pid = pid or 2**22 + 1  # above the largest process id of Linux: nobody runs under it
    return run


def save(build, run):
    return run.save(run_folder(str(build), run.run_id))


def test_results_read_back_as_saved(tmp_path):
    run = results("2026-11-20/pipeline-1", "DONE")
    run.steps.append(StepResult(1, "a", "OK", rows={"read": 2, "kept": 2, "rejected": 0, "merged": 0}))

    saved = load_results(save(tmp_path, run))

    assert saved["steps"][0]["rows"]["kept"] == 2
    assert saved["counts"] == {"OK": 1, "WARN": 0, "ERROR": 0, "SKIP": 0}


def test_a_killed_run_is_unfinished_because_its_process_is_gone(tmp_path):
    save(tmp_path, results("2026-11-20/pipeline-1", "RUNNING"))
    assert unfinished_run(str(tmp_path))["run_id"] == "2026-11-20/pipeline-1"


def test_a_run_whose_process_lives_cannot_be_retried(tmp_path):
    save(tmp_path, results("2026-11-20/pipeline-1", "RUNNING", pid=os.getpid()))
    with pytest.raises(UsageError, match="still running"):
        unfinished_run(str(tmp_path))


@pytest.mark.parametrize(("status", "message"), [("DONE", "nothing to retry"), (None, "there is no run")])
def test_retry_says_why_there_is_nothing_to_do(tmp_path, status, message):
    if status:
        save(tmp_path, results("2026-11-20/pipeline-1", status))
    with pytest.raises(UsageError, match=message):
        unfinished_run(str(tmp_path))
