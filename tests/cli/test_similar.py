"""``similar``: which track a title means, and what is said of its neighbours."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from spark_app.cli import similar
from spark_app.errors import DataError, UsageError
from tests.cli.commands import run
from tests.tables.lakes import write_table


def track(track_id, name, artists, popularity=50):
    return {"track_id": track_id, "track_name": name, "artist_names": artists, "popularity": popularity}


TRACKS = [
    track("t1", "Déjà Vu", ["Beyoncé", "JAY-Z"], 60),
    track("t2", "Hello", ["Adele"], 70),
    track("t3", "Hello - Live", ["Adele"], 90),
    track("t4", "Hello", ["Lionel Richie"], 65),
    track("t5", "Bohemian Rhapsody - Remastered 2011", ["Queen"], 80),
    track("t6", "Bohemian Rhapsody (Live)", ["Queen"], None),
    track("t7", "Bohemian Rhapsody - Demo", ["Queen"], 80),
    track("t8", "???", ["Nobody"], 1),
    track("t9", "안녕", None, None),
]
VARIANTS = [("t2", "t2"), ("t3", "t2"), ("t5", "t5"), ("t6", "t5"), ("t7", "t5")]


@pytest.fixture
def lake(tmp_path):
    write_table(tmp_path, "curated.tracks", TRACKS)
    write_table(tmp_path, "curated.variants", [{"track_id": t, "variant_group": g} for t, g in VARIANTS])
    neighbours = [
        {"track_id": one["track_id"], "genre_group": group, "rank": rank, "neighbour_id": other, "distance": rank / 8}
        for one in TRACKS[:8]
        for group in ("pop", "rock")
        for rank, other in ((1, "t1"), (2, "t9"))
    ]
    write_table(tmp_path, "results.neighbours", neighbours)
    reason = {"seed_id": "t1", "rank": 1, "track_id": "t9", "reason": "tempo 128 vs 126"}
    write_table(tmp_path, "results.recommendations", [reason])
    return tmp_path


def found(lake, capsys, *argv):
    assert run(similar, lake, "similar", *argv, "--json") == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("argv", "track_id"),
    [
        (("Déjà Vu",), "t1"),
        (("deja vu",), "t1"),
        (("DEJA  VU!",), "t1"),
        (("Deja Vue",), "t1"),  # a letter too many
        (("Dejá Uv",), "t1"),  # two letters swapped
        (("bohemian rapsody",), "t5"),  # t5 and t7 are as popular: the smaller id
        (("Bohemian Rhapsody",), "t5"),  # no title is just that; the twins resolve to the most popular
        (("Bohemian Rhapsody (Karaoke)",), "t5"),
        (("Bohemian Rhapsody (Live)",), "t5"),  # whichever of the twins is named
        (("hello live",), "t3"),
        (("hello", "--artist", "adele"), "t3"),  # t3 is the more popular near-twin of t2
        (("helo", "--artist", "Adelle"), "t3"),
        (("hello", "--artist", "richie"), "t4"),
        (("deja vu", "--artist", "jay z"), "t1"),  # not the first artist
        (("???",), "t8"),
        (("--track-id", "t4"), "t4"),
    ],
)
def test_a_title_finds_its_track(lake, capsys, argv, track_id):
    assert found(lake, capsys, *argv)["track"]["track_id"] == track_id


def test_the_neighbours_come_by_group_and_rank_with_title_and_reason(lake, capsys):
    told = found(lake, capsys, "deja vu", "--k", "2")
    assert [(n["genre_group"], n["rank"], n["neighbour_id"], n["distance"]) for n in told["neighbours"]] == [
        ("pop", 1, "t1", 0.125),
        ("pop", 2, "t9", 0.25),
        ("rock", 1, "t1", 0.125),
        ("rock", 2, "t9", 0.25),
    ]
    assert [n["reason"] for n in told["neighbours"][:2]] == [None, "tempo 128 vs 126"]
    assert told["neighbours"][1]["track_name"] == "안녕"
    assert len(found(lake, capsys, "deja vu", "--k", "1")["neighbours"]) == 2


def test_people_see_track_groups_and_a_table_and_are_told_of_too_few(lake, capsys):
    assert run(similar, lake, "similar", "Bohemian Rhapsody", "--k", "5") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Bohemian Rhapsody - Remastered 2011 — Queen   [t5]   pop, rock"
    assert lines[1] == "The most popular of 3 near-twins; for another: --track-id."
    assert lines[3] == "Nearest in pop (only 2 are stored)"
    assert lines[5].split() == ["1", "0.125", "Déjà", "Vu", "Beyoncé,", "JAY-Z"]


def test_a_title_of_several_artists_lists_the_most_popular_of_each_and_ends_with_3(lake, capsys):
    with pytest.raises(DataError) as caught:
        run(similar, lake, "similar", "hello", "--json")
    assert caught.value.exit_code == 3
    assert "--artist" in caught.value.remedy
    candidates = json.loads(capsys.readouterr().out)["candidates"]
    assert [row["track_id"] for row in candidates] == ["t3", "t4"]


def test_an_artist_who_has_no_such_title_gets_those_who_have(lake, capsys):
    with pytest.raises(DataError, match="no track 'hello' by 'Queen'"):
        run(similar, lake, "similar", "hello", "--artist", "Queen")
    assert "Lionel Richie" in capsys.readouterr().out


def test_an_unknown_title_lists_the_nearest_and_ends_with_3(lake, capsys):
    with pytest.raises(DataError, match="no track") as caught:
        run(similar, lake, "similar", "rhapsody in blue")
    assert caught.value.exit_code == 3
    assert "Bohemian Rhapsody" in capsys.readouterr().out


def test_a_track_without_neighbours_says_why(lake):
    with pytest.raises(DataError, match="no neighbours"):
        run(similar, lake, "similar", "안녕")


def test_without_variants_and_recommendations_a_title_is_still_found(tmp_path, capsys):
    write_table(tmp_path, "curated.tracks", TRACKS)
    write_table(tmp_path, "results.neighbours", [{"track_id": "t1", "genre_group": "pop", "rank": 1}])
    assert found(tmp_path, capsys, "deja vu")["track"]["track_id"] == "t1"


@pytest.mark.parametrize("argv", [(), ("hello", "--track-id", "t1"), (" ",), ("hello", "--k", "-1")])
def test_a_wrong_call_is_a_usage_error(lake, argv):
    with pytest.raises(UsageError):
        run(similar, lake, "similar", *argv)


def test_an_empty_catalogue_has_no_titles(tmp_path):
    write_table(tmp_path, "curated.tracks", [])
    with pytest.raises(DataError, match="no track"):
        run(similar, tmp_path, "similar", "hello")


def test_looking_a_track_up_imports_no_heavy_library():
    code = (
        "import sys, spark_app.cli.similar, spark_app.cli.titles, spark_app.tables.local\n"
        "sys.exit(str([m for m in ('mlflow', 'sklearn', 'matplotlib', 'faiss') if m in sys.modules] or ''))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.stderr.strip() == ""
