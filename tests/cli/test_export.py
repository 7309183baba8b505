"""``export``: what a spreadsheet gets, and what Parquet holds."""

from __future__ import annotations

import csv
import json

import pyarrow.parquet as pq
import pytest

from spark_app.cli import export
from spark_app.errors import UsageError
from tests.cli.commands import run
from tests.tables.lakes import write_table

# Ed Sheeran named albums "+", "=" and "-"; loudness is negative in nearly every track.
TRACKS = [
    {"track_id": "t1", "track_name": "=", "artist_names": ["Ed, \"S\"", "-"], "loudness": -7.5, "popularity": -1},
    {"track_id": "t2", "track_name": '@a "b",\nc', "artist_names": [], "loudness": float("nan"), "explicit": True},
    {"track_id": "t3", "track_name": "\tx", "album_name": "\rx", "genre": "\0x"},
    {"track_id": "t4", "track_name": "Björk", "album_name": "+", "genre": ""},
]  # fmt: skip


def exported(tmp_path, *argv):
    write_table(tmp_path, "curated.tracks", TRACKS)
    target = tmp_path / "out.file"
    assert run(export, tmp_path, "export", "curated/tracks", "--out", target, *argv) == 0
    return target


def test_text_cells_are_neutralised_and_numbers_are_not(tmp_path):
    target = exported(tmp_path, "--format", "csv")
    with target.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["track_name"] for row in rows] == ["'=", '\'@a "b",\nc', "'\tx", "Björk"]
    assert (rows[2]["album_name"], rows[2]["genre"], rows[3]["album_name"]) == ("'\rx", "'\0x", "'+")
    assert (rows[0]["loudness"], rows[0]["popularity"], rows[1]["loudness"]) == ("-7.5", "-1", "nan")
    assert json.loads(rows[0]["artist_names"]) == ['Ed, "S"', "-"]
    assert (rows[1]["artist_names"], rows[2]["artist_names"], rows[1]["explicit"]) == ("[]", "", "True")


def test_parquet_holds_the_values_as_they_are(tmp_path):
    rows = pq.read_table(exported(tmp_path, "--format", "parquet")).to_pylist()
    assert [row["track_name"] for row in rows] == [row["track_name"] for row in TRACKS]
    assert rows[0]["artist_names"] == ['Ed, "S"', "-"]


def test_an_empty_table_gives_a_header(tmp_path):
    write_table(tmp_path, "curated.track_artists", [])
    run(export, tmp_path, "export", "curated.track_artists", "--format", "csv", "--out", tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_bytes() == b"track_id,artist_id,position\r\n"


def test_json_names_file_and_rows(tmp_path, capsys):
    target = exported(tmp_path, "--format", "csv", "--json")
    told = json.loads(capsys.readouterr().out)
    assert (told["file"], told["rows"], told["bytes"]) == (str(target), 4, target.stat().st_size)


def test_a_folder_that_is_not_there_is_a_usage_error_and_leaves_nothing(tmp_path):
    write_table(tmp_path, "curated.tracks", TRACKS)
    with pytest.raises(UsageError, match="cannot write"):
        run(export, tmp_path, "export", "curated.tracks", "--format", "csv", "--out", tmp_path / "no/x.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["curated"]
