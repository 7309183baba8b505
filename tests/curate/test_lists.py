"""Reading lists out of cells."""

from __future__ import annotations

import ast
import json
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spark_app.curate.lists import MAX_CHARACTERS, parse_list

# Surrogates cannot be stored as UTF-8, and Python's repr writes names apart that NFC makes equal.
ITEMS = st.lists(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12).map(lambda t: unicodedata.normalize("NFC", t))
)


@pytest.mark.parametrize(
    ("cell", "dialect", "items"),
    [
        ("{'Rage Against The Machine'}", "braces", ["Rage Against The Machine"]),
        ("""{"O'Brien", 'x'}""", "braces", ["O'Brien", "x"]),
        ("""['a', "b'c"]""", "python", ["a", "b'c"]),
        (r"""['it\'s "so"', 'back\\slash']""", "python", ['it\'s "so"', "back\\slash"]),
        ("['a, b', 'c; d', 'e\nf', '[g]']", "python", ["a, b", "c; d", "e\nf", "[g]"]),
        (r"['caf\xe9', 'tab\t', '\u65e5', '\U0001F600', '\101']", "python", ["café", "tab\t", "日", "😀", "A"]),
        ('["a", "\\ud83d\\ude00", "b\\/c"]', "json", ["a", "😀", "b/c"]),
        ("['a', None, 'b',]", "python", ["a", None, "b"]),
        ('{""}', "braces", [""]),
        ("[]", "python", []),
        ("{}", "braces", []),
        ("set()", "braces", []),
        ("Ann;Bob ; O'Neil", "semicolon", ["Ann", "Bob ", " O'Neil"]),  # blanks fall later
        ("Ann; Bob", "single", ["Ann; Bob"]),
        ("[spunge]", "single", ["[spunge]"]),
        ('["Ann", "Bob"]', "single", ["Ann", "Bob"]),  # as JSON lines deliver a list
        ("['Cafe\u0301']", "python", ["Caf\u00e9"]),  # e + combining accent becomes one letter
    ],
)
def test_reads_each_way_of_writing_a_list(cell, dialect, items):
    assert parse_list(cell, dialect) == items


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "  ",
        None,
        "Ann",
        "['a'",
        "'a']",
        "['a}",
        "['a' 'b']",
        "['a',, 'b']",
        "[,]",
        "[a]",
        "['a', 1]",
        "['a', ['b']]",
        r"['\x4']",
        r"['\ud83d']",
        "['a'] + ['b']",
        "__import__('os').getcwd()",
        "[" + "'a'," * (MAX_CHARACTERS // 4) + "]",
    ],
)
def test_anything_else_is_no_list(cell):
    assert parse_list(cell, "python") is None


@settings(max_examples=300, deadline=None)
@given(ITEMS)
def test_agrees_with_literal_eval_on_what_python_writes(items):
    assert parse_list(repr(items), "python") == ast.literal_eval(repr(items)) == items


@settings(max_examples=300, deadline=None)
@given(ITEMS, st.booleans())
def test_reads_what_json_writes(items, as_ascii):
    assert parse_list(json.dumps(items, ensure_ascii=as_ascii), "json") == items


@settings(max_examples=300, deadline=None)
@given(ITEMS)
def test_reads_braces_in_the_order_they_are_written(items):
    assert parse_list("{" + ", ".join(map(repr, items)) + "}", "braces") == items


@settings(max_examples=500, deadline=None)
@given(
    st.text(alphabet="[]{}'\",\\ abx\n;Nu", max_size=25),
    st.sampled_from(["braces", "python", "json", "semicolon", "single"]),
)
def test_damaged_text_gives_text_items_or_nothing_and_never_fails(text, dialect):
    items = parse_list(text, dialect)
    assert items is None or all(item is None or isinstance(item, str) for item in items)


def test_a_long_list_takes_time_in_proportion():
    items = [f"artist {n}" for n in range(5000)]
    assert parse_list(repr(items), "python") == items
