"""The command line as a whole: what it accepts, and what it answers to mistakes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from spark_app import __version__, cli
from spark_app.jobs import JOBS
from spark_app.schemas import TABLES
from tests.runs import TABLES_ON_REQUEST


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["pipelin"], ["there is no command pipelin", "Did you mean pipeline"]),
        (["curate_track"], ["there is no command", "curate_tracks"]),
        (["jobs", "--set", "similar.kk=3"], ["there is no setting similar.kk", "similar.k"]),
        (["jobs", "--set", "similar.k=0"], ["similar.k", "greater than or equal to 1"]),
        (["jobs", "--conf", "nowhere.yaml"], ["cannot read the settings file nowhere.yaml"]),
        (["pipeline", "--run-date", "2026-13-01"], ["2026-13-01 is no date", "YYYY-MM-DD"]),
    ],
)
def test_a_mistake_is_answered_with_exit_2_and_the_nearest_names(capsys, argv, told):
    assert cli.main(argv) == 2
    said = capsys.readouterr()
    assert said.out == ""
    for words in told:
        assert words in said.err


def test_a_dry_run_lists_every_table_of_the_contract_and_starts_nothing(capsys):
    assert cli.main(["pipeline", "--dry-run", "--json"]) == 0
    listed = {row["table"] for row in json.loads(capsys.readouterr().out)}
    assert listed == set(TABLES) - TABLES_ON_REQUEST


def test_jobs_lists_what_each_job_reads_and_writes(capsys):
    assert cli.main(["jobs", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [job["job"] for job in listed["jobs"]] == list(JOBS)
    owners = {table: job["job"] for job in listed["jobs"] for table in job["writes"]}
    assert owners == {name: schema.job for name, schema in TABLES.items() if schema.job != "*"}


def test_config_shows_resolved_settings(capsys):
    assert cli.main(["config", "--json", "--set", "sources.tracks=data/tracks_69k/tracks.csv"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["settings"]["sources"]["tracks"] == "data/tracks_69k/tracks.csv"
    assert shown["resolved"]["tables.root"] == "build/lake/tracks_69k"


@pytest.mark.parametrize("name", [*JOBS, "pipeline", "retry", *cli._READERS])
def test_every_command_has_help_with_lines_to_copy(capsys, name):
    with pytest.raises(SystemExit) as left:
        cli.main([name, "--help"])
    assert left.value.code == 0
    assert f"spark-app {name}" in capsys.readouterr().out.split("examples:")[1]


def test_the_version_is_printed():
    done = subprocess.run([sys.executable, "-m", "spark_app", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"spark-app {__version__}"
