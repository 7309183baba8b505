"""Small pieces of SQL text. The values of the sample catalogue are written as SQL, not as ``Column`` objects.

A ``Column`` operation is several calls into the JVM; the tracks alone took 26,000 calls and 2.4 s before the first
row. The same expressions as text are parsed at once. ``Sql`` marks text that is an expression over a row's columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

Sql = str


def text(value: str) -> Sql:
    r"""String literal.

    >>> print(text("O'B\\"))
    'O\'B\\'
    """
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{escaped}'"


def number(value: float) -> Sql:
    """Double literal; without the suffix, SQL would read a decimal.

    >>> number(0.5), number(-3)
    ('0.5D', '-3.0D')
    """
    return f"{float(value)!r}D"


def item_at(values: Sequence[str], position: Sql) -> Sql:
    """The text at a 0-based position, which must lie inside; ``values`` hold no vertical bar."""
    # One literal, which the optimiser splits once and for all.
    return f"split({text('|'.join(values))}, '[|]')[int({position})]"


def number_at(values: Sequence[float], position: Sql) -> Sql:
    """The double at a 0-based position, which must lie inside."""
    return f"array({', '.join(number(value) for value in values)})[int({position})]"


def by_kind(kind: Sql, values: Mapping[str, Sql], otherwise: Sql) -> Sql:
    """The expression that belongs to a text, ``otherwise`` where none does.

    >>> by_kind("mark", {"live": "1"}, "0")
    "CASE mark WHEN 'live' THEN 1 ELSE 0 END"
    """
    if not values:
        return otherwise
    cases = " ".join(f"WHEN {text(name)} THEN {value}" for name, value in values.items())
    return f"CASE {kind} {cases} ELSE {otherwise} END"


def let(name: str, value: Sql, body: Sql) -> Sql:
    """``body``, in which ``name`` stands for ``value``: computed once, however often the body reads it.

    >>> spark.range(1).selectExpr(let("x", "1 + 1", "x * x") + " AS four").collect()
    [Row(four=4)]
    """
    return f"transform(array({value}), {name} -> {body})[0]"


def within(value: Sql, least: float, most: float) -> Sql:
    """A double kept inside bounds."""
    return f"least(greatest({value}, {number(least)}), {number(most)})"


def add(frame: DataFrame, columns: Mapping[str, Sql]) -> DataFrame:
    """The frame with further columns, none of which reads another one of the same call."""
    return frame.withColumns({name: F.expr(expression) for name, expression in columns.items()})
