"""Glue's map of options and the command line it becomes."""

from __future__ import annotations

import pytest

from spark_app.entrypoints import glue
from spark_app.errors import DataError, SparkAppError, UsageError

SETTINGS = ["--settings", "s3://bucket/glue.yaml"]


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["--job", "curate_tracks", *SETTINGS], ["curate_tracks", "--conf", "s3://bucket/glue.yaml"]),
        (["--job=curate_tracks"], ["curate_tracks"]),
        (["--job", "job_curate_tracks"], ["curate_tracks"]),  # the alias
        (["--job", "pipeline"], ["pipeline"]),
        (["--job", "no_such_job"], ["no_such_job"]),  # the command line names the nearest
        # Without --job, the longest suffix of Glue's own name decides ...
        (["--JOB_NAME", "curate_tracks"], ["curate_tracks"]),
        (["--JOB_NAME", "music-dev-job_curate_tracks"], ["curate_tracks"]),
        (["--JOB_NAME", "job_curate_tracks_by_genre"], ["curate_tracks_by_genre"]),
        (["--JOB_NAME", "nightly_pipeline"], ["pipeline"]),
        # ... and --job wins over it.
        (["--JOB_NAME", "curate_tracks", "--job", "recommend_tracks"], ["recommend_tracks"]),
        (
            ["--job", "pipeline", "--overrides", "similar.k=5; run.seed=7;"],
            ["pipeline", "--set", "similar.k=5", "--set", "run.seed=7"],
        ),
        (["--job", "pipeline", "--overrides", "", "--settings", ""], ["pipeline"]),
        (["--job", "pipeline", "--run-date", "2026-11-20"], ["pipeline", "--run-date", "2026-11-20"]),
        (["--job", "pipeline", "--run_date", "2026-11-20"], ["pipeline", "--run-date", "2026-11-20"]),
        (["--job", "pipeline", "--job", "recommend_tracks"], ["recommend_tracks"]),
        (["--job", "pipeline", "--set", "x", "--run", "5"], ["pipeline"]),  # no abbreviations of ours
        # Glue's own options are ignored, above all those whose names begin or sound like ours.
        (
            [
                "--job-bookmark-option",
                "job-bookmark-disable",
                "--job",
                "pipeline",
                "--TempDir",
                "s3://t",
                "--JOB_RUN_ID",
            ],
            ["pipeline"],
        ),
        (["--conf", "spark.x=y --conf spark.z=1", "--job", "pipeline", "--enable-metrics", "true"], ["pipeline"]),
    ],
)
def test_options_become_the_shared_command_line(arguments: list[str], command: list[str]):
    assert glue.own_arguments(["script.py", *arguments]) == command


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--JOB_NAME", "something_else"],
        ["--JOB_NAME", "curate_tracks_v2"],  # a prefix is no suffix
        ["--job"],  # no value
        ["--job", "pipeline", "--settings"],
    ],
)
def test_without_a_job_or_a_value_the_run_is_refused_with_the_code_of_a_wrong_option(arguments: list[str]):
    with pytest.raises(UsageError) as raised:
        glue.own_arguments(["script.py", *arguments])

    assert raised.value.exit_code == 2


@pytest.mark.parametrize(("code", "kind"), [(2, UsageError), (3, DataError), (7, SparkAppError), (130, SparkAppError)])
def test_a_failed_run_raises_since_glue_takes_an_exit_for_a_success(monkeypatch, code: int, kind: type[Exception]):
    monkeypatch.setattr(glue, "run_command_line", lambda command: code)

    with pytest.raises(kind, match=f"pipeline ended with exit code {code}") as raised:
        glue.main(["script.py", "--job", "pipeline"])

    assert type(raised.value) is kind


def test_a_run_that_is_done_returns_and_ran_the_translated_command(monkeypatch):
    ran = []
    monkeypatch.setattr(glue, "run_command_line", lambda command: ran.append(command) or 0)

    assert glue.main(["script.py", "--JOB_NAME", "job_recommend_tracks", *SETTINGS]) is None

    assert ran == [["recommend_tracks", "--conf", "s3://bucket/glue.yaml"]]
