"""``explain-row``: the tables it reads; the sentences themselves are tested with ``curate``."""

from __future__ import annotations

import json

import pytest

from spark_app.cli import explain
from spark_app.errors import DataError
from tests.cli.commands import run
from tests.tables.lakes import write_table

PLACE = {"source": "s", "file": "a.csv"}


@pytest.fixture
def lake(tmp_path):
    raw = [{**PLACE, "line": 2, "track_id": "t1"}, {**PLACE, "line": 3, "track_id": "spotify:track:t1"}]
    numbered = {**PLACE, "line": 5, "track_id": "32894.0"}
    write_table(tmp_path, "raw.tracks", [*raw, {**PLACE, "line": 4, "track_id": "t2"}, numbered])
    reject = {**PLACE, "job": "curate_tracks", "line": 4, "reason": "out_of_range", "track_id": "t2", "record": "{}"}
    write_table(tmp_path, "curated.rejects", [reject])
    curated = [{"line": 2, "track_id": "t1", "track_name": "A"}, {"line": 5, "track_id": "32894", "track_name": "B"}]
    write_table(tmp_path, "curated.tracks", [{**PLACE, **row} for row in curated])
    return tmp_path


@pytest.mark.parametrize("text", ["t1", " spotify:track:t1"])
def test_a_kept_track_is_told_from_all_its_lines(lake, capsys, text):
    assert run(explain, lake, "explain-row", text, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert sorted(row["line"] for row in told["raw"]) == [2, 3]
    assert (told["curated"]["track_name"], told["rejects"], told["variant"]) == ("A", [], None)
    assert told["explanation"]


@pytest.mark.parametrize("text", ["32894.0", "32894"])
def test_an_id_that_the_source_writes_as_a_float_is_found_in_raw_and_curated_tables(lake, capsys, text):
    assert run(explain, lake, "explain-row", text, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["track_id"], told["curated"]["track_name"]) == ("32894", "B")
    assert [row["line"] for row in told["raw"]] == [5]


def test_a_rejected_track_is_told_in_sentences_with_its_reason(lake, capsys):
    assert run(explain, lake, "explain-row", "t2") == 0
    shown = capsys.readouterr().out
    assert "a.csv" in shown
    assert "line 4" in shown


def test_an_unknown_id_and_an_empty_root_end_with_3(lake, tmp_path):
    with pytest.raises(DataError, match="has this track_id"):
        run(explain, lake, "explain-row", "t9")
    with pytest.raises(DataError) as caught:
        run(explain, tmp_path / "none", "explain-row", "t1")
    assert caught.value.remedy == "Run first: spark-app pipeline"
