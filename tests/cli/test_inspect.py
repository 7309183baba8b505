"""``inspect``: what a file is, and what ingestion and curation would keep out of it."""

from __future__ import annotations

import json

import pytest

from spark_app.cli import inspect
from spark_app.errors import DataError, UsageError
from tests.cli.commands import run

HEADER = (
    "track_id,track_name,artists,album_name,popularity,danceability,energy,key,loudness,mode,speechiness,"
    "acousticness,instrumentalness,liveness,valence,tempo,duration_ms,time_signature,explicit,track_genre"
)
ROW = "{id},{name},A;B,Album,50,{dance},0.5,1,-5,1,0.1,0.1,0,0.1,0.5,120,200000,4,False,rock"


@pytest.fixture
def songs(spark, tmp_path):
    rows = [
        ROW.format(id="a", name="One", dance="0.5"),
        ROW.format(id="a", name="One", dance="0.6"),  # the same id with another value: merged in conflict
        ROW.format(id="b", name="Two", dance="7.5"),  # out of range
        ROW.format(id="c", name="", dance="0.5"),  # no name
        "d,too,few",  # ragged
        ROW.format(id="e", name="Five", dance="loud"),  # text in a number
    ]
    path = tmp_path / "songs.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    return path


def test_unreadable_records_and_broken_rules_are_both_counted(songs, tmp_path, capsys):
    assert run(inspect, tmp_path / "lake", "inspect", songs, "--json") == 0

    found = json.loads(capsys.readouterr().out)
    assert (found["layout"], found["rows"], found["rejected"]) == ("genre_114", 6, {"ragged": 1})
    judged = found["curation"]
    assert (judged["kept"], judged["merged"]) == (1, 1)
    assert judged["rejected"] == {"no_track_name": 1, "not_a_number": 1, "out_of_range": 1}
    assert {"reason": "out_of_range", "file": "songs.csv", "line": 4} in judged["first_rejects"]
    assert not (tmp_path / "lake").exists()


def test_people_see_the_place_of_the_first_reject_of_each_rule(songs, tmp_path, capsys):
    assert run(inspect, tmp_path / "lake", "inspect", songs) == 0

    told = capsys.readouterr().out
    assert "1, and 1 merged into another row of the same id" in told
    assert "out_of_range" in told
    assert "Nothing was written." in told


def test_the_users_own_rules_are_the_ones_that_are_applied(songs, tmp_path, capsys):
    run(inspect, tmp_path / "lake", "inspect", songs, "--json", "--set=curate.rules.out_of_range=warn")

    judged = json.loads(capsys.readouterr().out)["curation"]
    assert "out_of_range" not in judged["rejected"]
    assert judged["kept"] == 2
    assert any("out_of_range" in warning for warning in judged["warnings"])


def test_rows_that_would_stop_the_run_are_shown_with_the_place_of_the_first(songs, tmp_path, capsys):
    stops = "--set=curate.rules.out_of_range=fail"
    assert run(inspect, tmp_path / "lake", "inspect", songs, "--json", stops) == 0
    judged = json.loads(capsys.readouterr().out)["curation"]
    assert judged["failed"] == [{"reason": "out_of_range", "rows": 1, "file": "songs.csv", "line": 4}]

    assert run(inspect, tmp_path / "lake", "inspect", songs, stops) == 0
    assert "out_of_range 1, the first in songs.csv, line 4   (would stop the run)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("columns", "what", "remedy"),
    [
        ("{track_name: trak_name}", "there is no column trak_name", "track_name"),
        ("{trak_name: track_name}", "no file has a header 'trak_name'", "track_name"),
    ],
)
def test_a_mapping_that_names_what_is_not_there_is_refused_as_ingestion_would(songs, tmp_path, columns, what, remedy):
    with pytest.raises(UsageError, match=what) as caught:
        run(inspect, tmp_path / "lake", "inspect", songs, f"--set=sources.columns={columns}")
    assert remedy in caught.value.remedy


def test_a_mapping_for_the_artists_file_does_not_stand_in_the_way_of_inspecting_tracks(songs, tmp_path):
    assert run(inspect, tmp_path / "lake", "inspect", songs, "--set=sources.columns={Code: artist_id}") == 0


def test_a_slice_of_playlists_is_inspected_where_it_is_called_so(spark, tmp_path, capsys):
    tracks = [{"pos": 0, "track_uri": "spotify:track:a"}, {"pos": -1, "track_uri": "spotify:track:b"}, None]
    path = tmp_path / "mpd.slice.0-999.json"
    path.write_text(json.dumps({"playlists": [{"pid": 1, "tracks": tracks}]}, indent=4))

    assert run(inspect, tmp_path / "lake", "inspect", path, "--kind=playlists", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["kind"], found["form"], found["rows"], found["rejected"]) == (
        "playlists",
        "slices",
        3,
        {"not JSON": 1},
    )
    assert (found["curation"]["kept"], found["curation"]["rejected"]) == (1, {"no_position": 1})

    with pytest.raises(DataError, match="holds no JSON lines") as caught:
        run(inspect, tmp_path / "lake", "inspect", path)
    assert "--kind playlists" in caught.value.remedy
