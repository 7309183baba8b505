"""``recommend``: several seeds, filters, and what people are told."""

from __future__ import annotations

import json

import pytest

from spark_app.cli import recommend
from spark_app.columns import AUDIO12_Z
from spark_app.errors import DataError, UsageError
from tests.cli.commands import run
from tests.similarity.catalogues import vector
from tests.tables.lakes import write_table

# id, title, place on a line, artists, genre groups
ROWS = [
    ("s1", "Low", -10.0, ["Ann"], ["rock"]),
    ("s2", "High", 10.0, ["Bob"], ["rock", "pop"]),
    ("s2live", "High - Live", 10.0, ["Bob"], ["rock"]),
    ("a", "By Low", -9.0, ["Ann", "Cy"], ["rock"]),
    ("b", "By High", 9.0, ["Cy"], ["rock"]),
    ("c", "Between", 0.0, ["Cy"], ["rock"]),
    ("d", "Pop Song", 8.0, None, ["pop"]),
    ("lost", "No Features", None, ["Ann"], ["rock"]),
]


@pytest.fixture
def lake(tmp_path):
    tracks = [
        {"track_id": t, "track_name": name, "artist_names": artists, "artist_ids": artists, "popularity": 50}
        for t, name, _, artists, _ in ROWS
    ]
    write_table(tmp_path, "curated.tracks", tracks)
    audio = [
        {"track_id": t, "tempo": 100.0, **({} if at is None else dict(zip(AUDIO12_Z, vector(at), strict=True)))}
        for t, _, at, *_ in ROWS
    ]
    write_table(tmp_path, "features.audio", audio)
    genres = [{"track_id": t, "genre": g, "genre_group": g} for t, *_, groups in ROWS for g in groups]
    write_table(tmp_path, "curated.track_genres", genres)
    twins = [{"track_id": t, "variant_group": "s2"} for t in ("s2", "s2live")]
    write_table(tmp_path, "curated.variants", twins)
    return tmp_path


def found(lake, capsys, *argv):
    assert run(recommend, lake, "recommend", *argv, "--json") == 0
    return json.loads(capsys.readouterr().out)["recommendations"]


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (("low",), ["a", "c", "b", "s2"]),  # one of the two versions of "High"
        (("high",), ["b", "d", "c", "a", "s1"]),  # over both its groups, without its live version
        (("high", "--k", "2"), ["b", "d"]),
        (("high", "--group", "pop"), ["d"]),
        (("high", "--without-artist", "cy"), ["d", "s1"]),
        (("high", "--only-artist", "ann"), ["a", "s1"]),
        (("high", "--without-track", "b", "--without-track", "d"), ["c", "a", "s1"]),
        (("high", "--set", "recommend.exclude.tracks=[b]", "--set", "recommend.exclude.artists=[ANN]"), ["d", "c"]),
        (("--track-id", "s1", "--track-id", "s1"), ["a", "c", "b", "s2"]),  # a seed counts once
    ],
)
def test_a_list_for_a_seed(lake, capsys, argv, expected):
    told = found(lake, capsys, *argv, "--set", "recommend.relevance=1")
    assert [row["track_id"] for row in told] == expected
    assert [row["rank"] for row in told] == [*range(1, len(expected) + 1)]


def test_several_seeds_say_which_one_a_track_lies_near_to(lake, capsys):
    told = found(lake, capsys, "low", "high", "--artist", "ann", "--set", "recommend.pool=2", "--k", "2")
    # The two nearest of "high" are in rock b and c, in pop d; those of "low" a and c: they agree on c.
    assert [(row["track_id"], row["n_seeds"], row["nearest_seed"]) for row in told] == [
        ("c", 2, "s1"),
        ("a", 1, "s1"),
    ]


def test_people_see_the_seeds_and_a_table(lake, capsys):
    assert run(recommend, lake, "recommend", "low", "--track-id", "s2") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["After Low — Ann   [s1]", "  and High — Bob   [s2]"]
    assert lines[3] == "Only 4 of 10 tracks can be recommended."
    assert lines[4].split() == ["rank", "score", "title", "artist", "group", "seeds", "why"]
    assert "tempo 100 vs 100" in lines[5]


@pytest.mark.parametrize(
    ("argv", "error", "message"),
    [
        ((), UsageError, "name a title"),
        (("low", "--k", "-1"), UsageError, "--k -1"),
        (("low", "--artist", "ann", "--artist", "bob"), UsageError, "more --artist than titles"),
        (("low", "--group", "polka"), UsageError, "no genre group 'polka'"),
        (("low", "--years", "x"), UsageError, "write a range"),
        (("high", "--only-artist", "nobody"), DataError, "no track passes"),
        (("no features",), DataError, "has no neighbours"),
        (("what is this",), DataError, "no track 'what is this'"),
        (("--track-id", "nope"), DataError, "no track has this id"),
    ],
)
def test_what_cannot_be_recommended_is_told(lake, argv, error, message):
    with pytest.raises(error, match=message):
        run(recommend, lake, "recommend", *argv)
