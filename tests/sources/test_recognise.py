"""Layouts by header, list dialects by cells, source sets. No Spark."""

from __future__ import annotations

import pytest

from spark_app.columns import AUDIO12
from spark_app.errors import DataError, UsageError
from spark_app.schemas import TABLES
from spark_app.sources.dialects import dialect_of
from spark_app.sources.layouts import CUSTOM, DIALECTS, LAYOUTS, dialects_by_layout, list_dialect, row_layout
from spark_app.sources.options import checked_encoding
from spark_app.sources.recognise import COLUMNS, check_own, check_own_headers, recognise
from spark_app.sources.source_set import check_source_set, source_set

AUDIO = ",".join(AUDIO12)
HEADERS = {
    "tracks_artists": f"id,name,album,album_id,artists,artist_ids,track_number,explicit,{AUDIO},year,release_date",
    "tracks_artists_python": f",id,name,popularity,explicit,artists,id_artists,release_date,{AUDIO},time_signature",
    "playlist_songs": f"track_id,track_name,track_artist,track_popularity,playlist_genre,playlist_subgenre,{AUDIO}",
    "genre_114": f"Unnamed: 0,track_id,artists,album_name,track_name,popularity,explicit,{AUDIO},track_genre",
    "hit_predictor": f"track,artist,uri,{AUDIO},time_signature,chorus_hit,sections,target,decade",
    "music_genre": f"instance_id,artist_name,track_name,popularity,{AUDIO},obtained_date,music_genre",
    "artists": "name,popularity,genres,followers,id",
}


@pytest.mark.parametrize("layout", HEADERS)
def test_each_layout_is_recognised_by_its_names_in_any_order_and_case(layout):
    header = HEADERS[layout].split(",")
    shuffled = [f" {name.upper()} " for name in reversed(header)]

    match = recognise(header, place="f.csv")
    assert (match.layout.name, match.extra) == (layout, ())
    swapped = recognise(shuffled, place="f.csv")
    assert swapped.layout.name == layout
    assert {c: shuffled[i] for c, i in swapped.columns.items()} == {
        c: f" {header[i].upper()} " for c, i in match.columns.items()
    }


def test_every_column_of_a_layout_is_a_column_of_its_raw_table():
    for layout in LAYOUTS.values():
        assert set(layout.required) <= set(layout.columns) <= set(TABLES[f"raw.{layout.kind}"].columns)


def test_unknown_columns_are_named_and_missing_ones_listed():
    match = recognise([*HEADERS["hit_predictor"].split(","), "Colour"], place="f.csv", kind="tracks")
    assert match.extra == ("Colour",)
    assert "genre" in match.missing
    assert "tempo" not in match.missing


def test_no_layout_says_the_nearest_what_is_missing_and_a_mapping_that_then_works():
    header = ["track_name", "Performer", "BPM", "playlist_genre", "Key Of Song", "energy"]
    with pytest.raises(DataError) as caught:
        recognise(header, place="mine.csv", kind="tracks")
    assert caught.value.what == (
        "mine.csv matches no layout; the nearest is playlist_songs, which lacks track_id (track_id), "
        "artist_names (track_artist)"
    )
    assert caught.value.remedy == (
        "Name your headers: --set 'sources.columns="
        '{"<your header>": "track_id", "Performer": "artist_names", "BPM": "tempo", "playlist_genre": "genre"}\''
    )

    own = {"Key Of Song": "track_id", "Performer": "artist_names", "BPM": "tempo", "playlist_genre": "genre"}
    match = recognise(header, place="mine.csv", kind="tracks", own=own)
    assert match.layout.name == CUSTOM
    assert dict(match.columns) == {
        "track_id": 4,
        "track_name": 0,
        "artist_names": 1,
        "energy": 5,
        "tempo": 2,
        "genre": 3,
    }


def test_a_header_that_the_user_gives_another_meaning_loses_its_own():
    header = HEADERS["hit_predictor"].split(",")
    match = recognise(header, place="f.csv", own={"energy": "valence", "valence": "energy"})
    assert {c: header[match.columns[c]] for c in ("energy", "valence")} == {"energy": "valence", "valence": "energy"}


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (["id", "name", "ID "], "columns 1, 3 share a name"),
        (["6f80", "0.748", "122.0"], "the first line holds numbers"),
        (["name", "genres", "id"], "is a file of artists"),
    ],
)
def test_a_header_that_cannot_be_used_is_refused_without_showing_cells(header, message):
    with pytest.raises(DataError, match=message) as caught:
        recognise(header, place="f.csv", kind="tracks")
    assert "6f80" not in str(caught.value) + caught.value.remedy


def test_semicolons_between_columns_are_named():
    with pytest.raises(DataError) as caught:
        recognise(["id;name;artists"], place="f.csv", kind="tracks")
    assert caught.value.remedy == "The header is one single column: separate the columns by commas."


def test_a_mapping_to_an_unknown_column_or_from_an_unknown_header_is_refused():
    with pytest.raises(UsageError, match="no column trak_name") as caught:
        check_own({"Song": "trak_name"})
    assert "track_name" in caught.value.remedy
    with pytest.raises(UsageError, match="no file has a header 'Sonk'"):
        check_own_headers({"Sonk": "track_name"}, [["Song", "Artist"]])
    with pytest.raises(UsageError, match="two headers of one file are to fill tempo"):
        check_own_headers({"BPM": "tempo", "Speed": "tempo"}, [["bpm", "speed"]])


@pytest.mark.parametrize(
    ("cells", "layout", "expected"),
    [
        (["{'a'}", "{\"O'Brien\", 'x'}", ""], "tracks_artists", "braces"),
        (["[]", "['pop']", "[]"], "artists", "python"),
        (['["pop"]', "[]"], "artists", "json"),
        ([["pop"], []], "artists", "json"),  # arrays of JSON lines and Parquet
        (["{'a'}", "{'b'}", "dirt"], "tracks_artists", "braces"),  # most cells decide
        (["Adele", "Blur"], "tracks_artists", "single"),
        (["[re]"], "playlist_songs", "single"),  # a name, not a list
        (["a;b"], "genre_114", "semicolon"),
        ([], "artists", "braces"),
    ],
)
def test_the_list_dialect_is_seen_from_the_cells(cells, layout, expected):
    assert dialect_of(cells, LAYOUTS[layout]) == expected
    assert list_dialect(row_layout(LAYOUTS[layout], expected)) == expected


def test_every_value_of_the_layout_column_has_a_dialect():
    table = dialects_by_layout()
    assert {name: table[name] for name in LAYOUTS} == {name: layout.lists for name, layout in LAYOUTS.items()}
    assert all(table[f"{name}:{dialect}"] == dialect for name in [*LAYOUTS, CUSTOM] for dialect in DIALECTS)
    assert COLUMNS["artists"][0] == LAYOUTS["artists"].required[0] == "artist_id"


def test_the_same_source_set_passes_and_another_is_refused_with_both_names():
    ours = source_set("a", tracks="hit_predictor")
    check_source_set("", ours, replace=False)
    check_source_set(ours, ours, replace=False)
    other = source_set("b", tracks="tracks_artists", artists="artists")
    check_source_set(ours, other, replace=True)
    with pytest.raises(UsageError) as caught:
        check_source_set(ours, other, replace=False)
    assert "a (tracks: hit_predictor, artists: none)" in caught.value.what
    assert "b (tracks: tracks_artists, artists: artists)" in caught.value.what
    assert "sources.replace=true" in caught.value.remedy


@pytest.mark.parametrize("name", ["utf-16", "utf-32", "utf-7", "punycode", "no-such", "rot13", "cp037"])
def test_encodings_whose_lines_cannot_be_told_apart_are_refused(name):
    with pytest.raises(UsageError, match=r"sources\.encoding"):
        checked_encoding(name)
