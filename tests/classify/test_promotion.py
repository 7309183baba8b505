"""The gate in front of the champion."""

from __future__ import annotations

import pytest

from spark_app.classify.promotion import Contender, Gate, objection, ranked, size_objection

GATE = Gate(bar=0.5, bar_name="the majority", max_ece=0.05, max_bytes=2**20)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, ""),
        ({"low": 0.5}, "lower bound 0.500 is not above 0.500 of the majority"),
        ({"low": float("nan")}, "is not above"),
        ({"ece": 0.051}, "calibration error 0.051 is above 0.05 + 0.000"),
        ({"ece": 0.07, "ece_by_chance": 0.02}, ""),
        ({"ece": 0.071, "ece_by_chance": 0.02}, "calibration error 0.071 is above 0.05 + 0.020"),
        ({"ece": float("nan")}, "calibration error"),
        ({"uses_outcome": True}, "uses an outcome"),
    ],
)
def test_each_requirement_is_named_where_it_fails(change, reason):
    contender = Contender(**{"name": "forest", "validation": 0.6, "value": 0.6, "low": 0.55, "ece": 0.02, **change})
    found = objection(contender, GATE)
    assert (found == "") == (reason == "")
    assert reason in found


def test_size_is_judged_in_mebibytes():
    assert size_objection(2**20, GATE) == ""
    assert size_objection(3 * 2**19, GATE) == "it takes 1.5 MiB, more than 1"


def test_validation_rows_decide_who_comes_first_whatever_the_test_rows_say():
    a, b, c = (
        Contender("a", 0.6, 0.9, 0.5, 0.01),
        Contender("b", 0.6, 0.5, 0.5, 0.1),
        Contender("c", 0.7, 0.5, 0.5, 0.1),
    )
    assert ranked([b, a, c]) == [c, a, b]
