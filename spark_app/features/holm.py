"""Holm's correction of p-values that were tested together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

P = TypeVar("P", float, "float | None")


def holm(p: Sequence[P]) -> list[P]:
    """Holm's step-down correction (1979): in the order given, never below the raw value, at most 1.

    Null stays null and is no test.

    >>> [round(value, 2) for value in holm([0.05, 0.01])]
    [0.05, 0.02]
    """
    tested = sorted((value, position) for position, value in enumerate(p) if value is not None)
    corrected: list[Any] = [None] * len(p)
    highest = 0.0
    for step, (value, position) in enumerate(tested):  # one per test, not per track
        highest = max(highest, min(1.0, value * (len(tested) - step)))
        corrected[position] = highest
    return corrected
