"""How a file writes its lists, seen from its first cells."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from spark_app.sources.layouts import CUSTOM, Layout
from spark_app.sources.layouts.base import BRACES, JSON, PYTHON, SEMICOLON, SINGLE

_LISTS = ("artist_names", "genres")  # the one list column of each kind that decides


def list_column(layout: Layout) -> str:
    """The column whose cells show how a file of this layout writes lists."""
    return _LISTS[layout.kind == "artists"]


def dialect_of(cells: Sequence[object], layout: Layout) -> str:
    """The list dialect that most cells show.

    Only layouts with lists in brackets, users' own files, and arrays are looked at; in the others a name such as
    ``[re]`` is a name. Cells that decide nothing leave the layout's usual dialect.

    Args:
        cells: Values of the list column as delivered: text, or a list where the format has arrays.
        layout: The layout, whose usual dialect stands where the cells do not decide.
    """
    if any(isinstance(cell, list) for cell in cells):
        return JSON
    texts = [cell.strip() for cell in cells if isinstance(cell, str) and cell.strip()]
    is_custom = layout.name == CUSTOM
    if not texts or (layout.lists in (SINGLE, SEMICOLON) and not is_custom):
        return SINGLE if is_custom and layout.lists != SEMICOLON else layout.lists
    shapes = Counter(_shape(text) for text in texts)
    shape, _ = shapes.most_common(1)[0]
    if shape == PYTHON:
        return _bracketed([text for text in texts if _shape(text) == PYTHON])
    if shape == SINGLE and layout.lists == SEMICOLON and any(";" in text for text in texts):
        return SEMICOLON
    return shape


def _shape(text: str) -> str:
    ends = text[0] + text[-1] if len(text) > 1 else ""
    return {"{}": BRACES, "[]": PYTHON}.get(ends, SINGLE)


def _bracketed(texts: Sequence[str]) -> str:
    filled = [text for text in texts if text.strip("[] ")]
    return JSON if filled and all(map(_is_json, filled)) else PYTHON


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
