"""Arguments of estimators."""

from __future__ import annotations

from typing import Any


def given(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments that are not None, since Spark ML counts a Param that was set to None as defined.

    >>> given({"trees": 5, "weightCol": None})
    {'trees': 5}
    """
    return {name: value for name, value in arguments.items() if value is not None}
