"""Which model may become champion, and why the others may not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Contender:
    """A model as it was measured on artist-disjoint test rows.

    Attributes:
        name: Of the model.
        validation: The metric of the gate on validation rows, the greater the better: decides between contenders.
        value: The same metric on test rows.
        low: Lower bound of its interval.
        ece: Calibration error of its answers.
        ece_by_chance: What a perfectly calibrated model would show on as many rows.
        uses_outcome: True where a feature is known only after the fact, such as popularity.
    """

    name: str
    validation: float
    value: float
    low: float
    ece: float
    ece_by_chance: float = 0.0
    uses_outcome: bool = False


@dataclass(frozen=True)
class Gate:
    """What a champion has to reach.

    Attributes:
        bar: The value that the lower bound has to exceed: the champion's, or the better baseline's.
        bar_name: Whose value that is.
        max_ece: Largest calibration error beyond that of chance.
        max_bytes: Largest size of the saved model.
    """

    bar: float
    bar_name: str
    max_ece: float
    max_bytes: int


def objection(contender: Contender, gate: Gate) -> str:
    """Why a model may not become champion before its size is known; empty where nothing speaks against it."""
    if contender.uses_outcome:
        return "uses an outcome as a feature"
    if not contender.low > gate.bar:
        return f"its lower bound {contender.low:.3f} is not above {gate.bar:.3f} of {gate.bar_name}"
    if not contender.ece <= gate.max_ece + contender.ece_by_chance:
        chance = f"{contender.ece_by_chance:.3f}, which so few rows show by chance"
        return f"its calibration error {contender.ece:.3f} is above {gate.max_ece:g} + {chance}"
    return ""


def size_objection(n_bytes: int, gate: Gate) -> str:
    """Why a saved model may not become champion; empty where it may."""
    if n_bytes > gate.max_bytes:
        return f"it takes {n_bytes / 2**20:.1f} MiB, more than {gate.max_bytes / 2**20:g}"
    return ""


def ranked(contenders: Sequence[Contender]) -> list[Contender]:
    """The best on validation rows first, of equal ones the first in the alphabet: test rows choose nothing."""
    return sorted(contenders, key=lambda one: (-one.validation, one.name))
