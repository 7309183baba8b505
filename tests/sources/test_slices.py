"""Slices of playlists to records. Expected values come from Python's json over the whole document."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spark_app.sources.lines import NOT_JSON, TOO_LONG
from spark_app.sources.slices import NOT_WHOLE, slice_records

TEXT = st.text(st.characters(exclude_categories=("Cs",)) | st.sampled_from('}{]["\\,:\n'), max_size=6)
TRACK = st.fixed_dictionaries(
    {"pos": st.integers(0, 9), "track_name": TEXT}, optional={"track_uri": TEXT, "more": st.lists(st.just({"a": "}"}))}
)
PLAYLIST = st.fixed_dictionaries({"pid": st.integers(0, 99), "name": TEXT, "tracks": st.lists(TRACK, max_size=4)})


def pieces(data):
    """What Spark's text reader hands over: what stands between closing braces."""
    parts = data.split(b"}")
    return iter(parts[:-1] if parts[-1] == b"" else parts)


def read(data, max_bytes=10_000):
    return list(slice_records(pieces(data), max_bytes=max_bytes))


def written(value):
    """Numbers as they are written, since raw tables hold text."""
    return json.loads(json.dumps(value), parse_int=str)


@settings(deadline=None)  # the machine may be busy
@given(
    st.lists(PLAYLIST, max_size=4),
    st.sampled_from([None, 0, 4]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([b"", b"\n", b"\xef\xbb\xbf"]),
)
def test_whatever_json_can_write_is_read_back_exactly(playlists, indent, pid_last, is_ascii, around):
    ordered = [dict(reversed(one.items())) for one in playlists] if pid_last else playlists
    document = {"info": {"slice": "0-999", "x": [{}]}, "playlists": ordered, "more": {"}": 1}}
    data = json.dumps(document, indent=indent, ensure_ascii=is_ascii).encode()
    data = around + data if around.startswith(b"\xef") else data + around

    found = read(data)

    expected = [{**track, "pid": str(one["pid"])} for one in playlists for track in written(one["tracks"])]
    assert [record.values for record in found] == expected
    assert not any(record.problem for record in found)
    assert len({record.line for record in found}) == len(found)


def test_a_record_stands_on_the_line_that_it_begins_on_or_counts_on_where_that_is_taken():
    document = {"playlists": [{"pid": 7, "tracks": [{"pos": 0}, {"pos": 1}]}]}
    pretty = json.dumps(document, indent=1)
    begins = [number for number, line in enumerate(pretty.split("\n"), start=1) if line == "    {"]
    assert [record.line for record in read(pretty.encode())] == begins == [6, 9]
    assert [record.line for record in read(json.dumps(document).encode())] == [1, 2]


@pytest.mark.parametrize("indent", [None, 1])
def test_wherever_a_slice_breaks_off_what_stands_before_is_kept_and_the_break_is_told(indent):
    playlists = [{"pid": n, "tracks": [{"pos": m, "track_name": 'a"}'} for m in range(2)]} for n in range(2)]
    data = json.dumps({"playlists": playlists}, indent=indent).encode()
    whole = read(data)
    end_of_tracks = data.rindex(b"]") + 1
    for end in range(1, end_of_tracks):
        found = read(data[:end])
        assert found[-1].problem == NOT_WHOLE, data[:end]
        assert found[:-1] == whole[: len(found) - 1]
    assert read(data[:end_of_tracks]) == whole  # nobody can tell that its last brace is gone


def test_text_that_is_no_json_ends_a_slice_with_its_line():
    data = b'{"playlists": [\n{"pid": 1, "tracks": [{"pos": 0}]},\n{"pid": 2, "tracks": [{"pos": 1,}]}]}'
    assert [(record.line, record.problem) for record in read(data)] == [(2, ""), (3, NOT_WHOLE)]
    assert [record.problem for record in read(b'{"playlists": [{"pid": 1, "tracks": [] ]}')] == [NOT_WHOLE]
    assert [record.problem for record in read(b"track,artist\n1,2\n")] == [NOT_WHOLE]
    assert [record.problem for record in read(b'{"playlists": []} and more')] == [NOT_WHOLE]
    assert [record.problem for record in read(b'{"info": ' + b"[" * 100_000, max_bytes=1_000_000)] == [NOT_WHOLE]
    assert read(b"") == read(b" \n") == read(b'{"info": {}}') == []


def test_slices_one_behind_the_other_are_all_read():
    one, other = (json.dumps({"playlists": [{"pid": n, "tracks": [{"pos": 0}]}]}).encode() for n in (1, 2))
    assert [record.values["pid"] for record in read(one + b"\n" + other)] == ["1", "2"]


def test_a_bad_track_is_rejected_alone_and_no_name_of_a_playlist_gets_into_its_text():
    tracks = [b'{"pos": 0}', b"null", b'{"pos": 2, "track_name": "caf\xe9"}', rb'{"pos": 3, "track_name": "\ud800"}']
    long = b",".join([b'{"x": "%s"}' % (b"y" * 40)] * 3)
    tracks += [b'{"pos": 4, "more": [%s]}' % long, '{"pos": 5, "track_name": "é"}'.encode()]
    data = b'{"playlists": [7, {"name": "for Ann", "tracks": [%s], "pid": 1}]}' % b",".join(tracks)
    found = read(data, max_bytes=100)
    assert [(record.problem, record.text[:18]) for record in found] == [
        (NOT_JSON, ""),
        ("", '{"pos": 0}'),
        (NOT_JSON, "null"),
        ("not UTF-8", '{"pos": 2, "track_'),
        ("not UTF-8", '{"pos": 3, "track_'),
        (TOO_LONG, '{"pos": 4, "more":'),
        ("", '{"pos": 5, "track_'),
    ]
    assert found[3].text == r'{"pos": 2, "track_name": "caf\xe9"}'
    assert not any("Ann" in record.text for record in found)


def test_a_piece_that_is_too_long_ends_the_slice():
    data = b'{"playlists": [{"pid": 1, "tracks": [{"pos": 0}]}], "%s": 1}' % (b"x" * 200)
    assert [record.problem for record in read(data, max_bytes=100)] == ["", NOT_WHOLE]


def test_a_playlist_without_pid_keeps_its_tracks_for_curation_to_judge():
    assert [record.values for record in read(b'{"playlists": [{"tracks": [{"pos": 0}], "pid": null}]}')] == [
        {"pos": "0", "pid": None}
    ]


@pytest.mark.real_data
def test_a_real_slice_is_read_as_python_reads_it_and_one_that_was_cut_off_up_to_the_cut(real_data):
    data = (real_data / "mpd" / "mpd.slice.0-999.salvaged.json").read_bytes()
    playlists = json.loads(data, parse_int=str)["playlists"]
    expected = [{**track, "pid": one["pid"]} for one in playlists for track in one["tracks"]]
    found = read(data)
    assert len(found) == len(expected) == 2023
    assert [record.values for record in found] == expected
    lines = data.decode().split("\n")
    assert all(lines[record.line - 1].strip() == "{" for record in found)

    cut_off = read((real_data / "mpd" / "mpd.slice.0-999.TRUNCATED_1MiB.json").read_bytes())
    assert [record.values["track_uri"] for record in cut_off[:2023]] == [track["track_uri"] for track in expected]
    assert cut_off[-1].problem == NOT_WHOLE
