"""Physical lines to records. Expected values of valid CSV come from Python's csv over the whole text."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spark_app.sources import lines
from spark_app.sources.lines import csv_records, decoded, json_records

# Any text that UTF-8 can hold, apart from NUL, which is a reject of its own.
CELL = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)) | st.sampled_from(",\"\n\r'\\;"))


def numbered(data):
    """What Spark's text reader hands over: the pieces between line feeds."""
    pieces = data.split(b"\n")
    return enumerate(pieces[:-1] if pieces[-1] == b"" else pieces, start=1)


def read_csv(data, *, encoding="utf-8", max_bytes=1000):
    lines_ = decoded(numbered(data), encoding=encoding, max_bytes=max_bytes)
    return [(r.line, r.values, r.problem) for r in csv_records(lines_, max_bytes=max_bytes)]


def read_json(data):
    return [
        (r.line, r.values, r.problem) for r in json_records(decoded(numbered(data), encoding="utf-8", max_bytes=1000))
    ]


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.lists(CELL, min_size=2, max_size=4), min_size=1, max_size=6), st.sampled_from(["\n", "\r\n"]))
def test_whatever_csv_can_write_is_read_back_exactly(rows, line_end):
    text = io.StringIO()
    csv.writer(text, lineterminator=line_end, quoting=csv.QUOTE_ALL).writerows(rows)

    found = read_csv(text.getvalue().encode(), max_bytes=1_000_000)

    assert [values for _, values, _ in found] == rows
    assert not any(problem for _, _, problem in found)


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.lists(CELL, min_size=2, max_size=3), min_size=1, max_size=6))
def test_minimal_quoting_gives_what_pythons_own_reader_gives(rows):
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    expected = [row for row in csv.reader(io.StringIO(text.getvalue(), newline="")) if row]

    assert [values for _, values, _ in read_csv(text.getvalue().encode(), max_bytes=1_000_000)] == expected


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.sampled_from([b'"', b",", b"a", b"\n", b"\r", b"\0", b"\xff", b"\xc3\xa9"]), max_size=40))
def test_no_bytes_make_the_reader_fail_and_no_line_is_lost(pieces):
    data = b"".join(pieces)
    found = read_csv(data, max_bytes=30)

    first_lines = [line for line, _, _ in found]
    assert first_lines == sorted(set(first_lines))  # a line begins at most one record
    filled = {number for number, line in numbered(data) if line.strip(b"\r")}
    covered = set()
    for (line, values, _), after in zip(found, [*first_lines[1:], 1 + data.count(b"\n") + 1], strict=False):
        covered |= set(range(line, after)) if values is not None else {line}
    assert filled <= covered  # every line with text belongs to a record or a reject


def test_line_is_the_first_physical_line_of_a_record_and_quotes_keep_line_ends():
    data = b'\xef\xbb\xbfid,name\r\n1,"two\r\nlines, ""quoted"""\r\n\r\n2,plain'
    assert read_csv(data) == [
        (1, ["id", "name"], ""),
        (2, ["1", 'two\r\nlines, "quoted"'], ""),
        (5, ["2", "plain"], ""),  # line 4 is blank: no record
    ]


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (b"1,\xe9t\xe9", "not UTF-8"),
        (b"1,a\0b", lines.NUL_BYTE),
        (b"1," + b"x" * 1000, lines.TOO_LONG),
        (b'1,"a"b', lines.BROKEN_QUOTES),
        (b"1,a\rb", lines.STRAY_CR),
    ],
)
def test_a_bad_line_is_rejected_alone(bad, problem):
    found = read_csv(b"id,name\n" + bad + b"\n2,good\n")
    assert [(line, reason) for line, _, reason in found] == [(1, ""), (2, problem), (3, "")]
    assert found[2][1] == ["2", "good"]


def test_a_quote_that_is_never_closed_costs_one_line_not_the_rest_of_the_file():
    rest = b"".join(b'%d,"name %d"\n' % (i, i) for i in range(3, 200))
    found = read_csv(b'id,name\n2,"open\n' + rest)
    assert found[1] == (2, None, lines.BROKEN_QUOTES)
    assert [values for _, values, _ in found[2:]] == [[str(i), f"name {i}"] for i in range(3, 200)]


@pytest.mark.parametrize("n_plain", [3, 500])  # the end of the file comes first, or the limit of a record
def test_an_open_quote_before_lines_without_quotes_costs_one_line(n_plain):
    found = read_csv(b'id,name\n2,"open\n' + b"7,plain\n" * n_plain, max_bytes=200)
    assert [problem for _, _, problem in found] == ["", lines.BROKEN_QUOTES] + [""] * n_plain


def test_a_file_full_of_open_quotes_is_read_in_linear_time_and_every_line_is_rejected():
    n = 20_000
    found = read_csv(b'1,"open\n' * n, max_bytes=100_000)
    # Two open quotes close each other where the text after the second is not allowed: all lines are broken.
    assert [line for line, _, _ in found] == list(range(1, n + 1))
    assert {problem for _, _, problem in found} == {lines.BROKEN_QUOTES}


def test_a_declared_encoding_is_used_and_named():
    assert read_csv("id,café".encode("cp1252"), encoding="cp1252") == [(1, ["id", "café"], "")]
    assert read_csv(b"id,\x81", encoding="cp1252")[0][2] == "not CP1252"  # 0x81 is not assigned


def test_json_numbers_stay_as_written_and_bad_lines_are_rejected_alone():
    data = b'{"id": "a", "tempo": 1.50, "n": 1e999, "l": ["x"]}\n\n'
    data += b'{"id": "b"\n[1]\n{"id": "\\ud800"}\n{"id": "\xff"}\n{"id": NaN}'
    assert read_json(data) == [
        (1, {"id": "a", "tempo": "1.50", "n": "1e999", "l": ["x"]}, ""),
        (3, None, lines.NOT_JSON),
        (4, None, lines.NOT_JSON),  # not an object
        (5, None, lines.NOT_JSON),  # half a surrogate pair is no text
        (6, None, "not UTF-8"),
        (7, {"id": "NaN"}, ""),  # curation judges it
    ]


def test_json_nested_beyond_all_measure_is_rejected():
    deep = b'{"a":' + b"[" * 100_000 + b"\n"
    found = list(json_records(decoded(numbered(deep), encoding="utf-8", max_bytes=10**6)))
    assert [record.problem for record in found] == [lines.NOT_JSON]
