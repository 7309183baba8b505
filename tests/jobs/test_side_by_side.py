"""Two parts of a job at the same time."""

from __future__ import annotations

import threading

import pytest

from spark_app.jobs.side_by_side import side_by_side


def test_both_run_at_once_and_their_results_come_in_order():
    met = threading.Barrier(2, timeout=10)  # breaks unless both parts stand at it together

    def part(name):
        met.wait()
        return name

    assert side_by_side(lambda: part("one"), lambda: part("other")) == ("one", "other")


def test_an_error_is_raised_after_the_other_part_has_ended():
    failed, ended = threading.Event(), []

    def fails():
        failed.set()
        raise ValueError("one")

    def goes_on():
        assert failed.wait(10)
        ended.append(True)

    with pytest.raises(ValueError, match="one"):
        side_by_side(fails, goes_on)
    assert ended == [True]


def test_of_two_errors_the_first_parts_is_raised():
    def fails(name):
        raise ValueError(name)

    with pytest.raises(ValueError, match="one"):
        side_by_side(lambda: fails("one"), lambda: fails("other"))
