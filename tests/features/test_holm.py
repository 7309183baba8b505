"""Holm's correction."""

from __future__ import annotations

import pytest

from spark_app.features.holm import holm


def test_it_steps_down_and_never_reverses_the_order():
    # By hand: 0.01 x 4, 0.02 x 3, 0.03 x 2 (0.06 as well), 0.05 x 1 raised to the one before.
    assert holm([0.05, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_null_is_no_test():
    corrected = holm([0.03, None, 0.01, 0.9, 0.02])
    assert corrected[1] is None
    assert [corrected[i] for i in (0, 2, 3, 4)] == pytest.approx([0.06, 0.04, 0.9, 0.06])
