"""``diff``: what it prints and its exit code."""

from __future__ import annotations

import json

import pytest

from spark_app.cli import diff
from tests.cli.commands import run
from tests.tables.lakes import write_table

LINK = "curated.track_artists"


@pytest.fixture
def roots(spark, tmp_path, monkeypatch):
    monkeypatch.setattr("spark_app.session.start_session", lambda name: spark)
    for name, position in (("a", 1), ("b", 1), ("c", 2)):
        rows = [{"track_id": "t\x1b1", "artist_id": "a1", "position": position}]
        write_table(tmp_path / name, LINK, rows)
    return tmp_path


def test_equal_roots_end_with_0(roots, capsys):
    assert run(diff, roots, "diff", roots / "a", roots / "b") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "All 1 tables are equal."


def test_different_roots_end_with_3_and_name_column_and_key(roots, capsys):
    assert run(diff, roots, "diff", roots / "a", roots / "c", "--tables", "curated/track_artists") == 3
    shown = capsys.readouterr().out
    assert "DIFFERENT" in shown
    assert "position in 1 rows" in shown
    assert "curated.track_artists: track_id=t\\x1b1, artist_id=a1" in shown
    assert shown.splitlines()[-1] == "1 of 1 tables differ."


def test_json_says_what_differs(roots, capsys):
    assert run(diff, roots, "diff", roots / "a", roots / "c", "--json") == 3
    told = json.loads(capsys.readouterr().out)
    assert (told["equal"], told["tables"][0]["columns"]) == (False, {"position": 1})
