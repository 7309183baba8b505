"""``tables`` and ``show``."""

from __future__ import annotations

import json

import pytest

from spark_app.cli import show
from spark_app.errors import DataError, UsageError
from tests.cli.commands import run
from tests.tables.lakes import write_table

REJECTS = [
    {"job": "ingest_catalogue", "source": "s", "file": "a.csv", "line": 2, "reason": "ragged", "record": "x\n\x1b[31m"},
    {"job": "curate_tracks", "source": "s", "file": "a.csv", "line": 9, "reason": "out_of_range", "track_id": "t9"},
]


@pytest.fixture
def lake(tmp_path):
    write_table(tmp_path, "curated.rejects", REJECTS)
    write_table(tmp_path, "curated.track_artists", [{"track_id": "t1", "artist_id": "a1", "position": 1}])
    return tmp_path


def test_tables_lists_what_is_there(lake, capsys):
    assert run(show, lake, "tables") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:4] == ["table", "version", "rows", "files"]
    assert [line.split()[:3] for line in lines[1:3]] == [
        ["curated.track_artists", "0", "1"],
        ["curated.rejects", "0", "2"],
    ]


def test_tables_of_an_empty_root_says_what_to_run(tmp_path):
    with pytest.raises(DataError) as caught:
        run(show, tmp_path, "tables")
    assert caught.value.exit_code == 3
    assert caught.value.remedy == "Run first: spark-app pipeline"


def test_show_escapes_what_comes_from_data(lake, capsys):
    assert run(show, lake, "show", "curated/rejects", "--where", "line=2") == 0
    shown = capsys.readouterr().out
    assert r"x\n\x1b[31m" in shown
    assert "\x1b" not in shown
    assert shown.splitlines()[-1] == "1 rows of curated.rejects"


def test_show_gives_json_with_only_the_columns_and_rows_asked_for(lake, capsys):
    argv = ("show", "rejects", "--columns", "line,reason", "--where", "job=curate_tracks", "--json")
    assert run(show, lake, *argv) == 0
    assert json.loads(capsys.readouterr().out) == [{"line": 9, "reason": "out_of_range"}]


def test_nothing_after_the_equals_sign_means_null(lake, capsys):
    run(show, lake, "show", "rejects", "--where", "track_id=", "--columns", "line", "--json")
    assert json.loads(capsys.readouterr().out) == [{"line": 2}]


def test_a_wide_row_stands_on_end(tmp_path, capsys):
    write_table(tmp_path, "curated.tracks", [{"track_id": "t1", "track_name": "A", "tempo": 120.5}])
    run(show, tmp_path, "show", "curated.tracks")
    assert [line.split() for line in capsys.readouterr().out.splitlines()[2:5]] == [
        ["track_id", "t1"],
        ["track_name", "A"],
        ["tempo", "120.5"],
    ]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("curated.reject",), "no table"),
        (("rejects", "--columns", "lines"), "no column lines"),
        (("rejects", "--where", "line"), "write COLUMN=VALUE"),
        (("rejects", "--where", "line=two"), "line holds int64"),
    ],
)
def test_a_wrong_name_or_value_is_a_usage_error(lake, argv, message):
    with pytest.raises(UsageError, match=message):
        run(show, lake, "show", *argv)


def test_the_limit_is_kept_and_said(lake, capsys):
    run(show, lake, "show", "rejects", "--limit", "1")
    assert capsys.readouterr().out.splitlines()[-1] == "1 rows of curated.rejects (--limit 1)"
