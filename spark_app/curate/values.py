"""Typed values out of text: numbers with their limits and sentinels, keys, modes, truth values, dates.

ANSI mode is on, so text is only ever cast by ``try_cast`` after its shape has been checked: Java alone would also
read ``1d`` and ``0x1p3`` as numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_app.columns import KEY, MODE
from spark_app.curate.rules import NOT_A_NUMBER, NOT_FINITE, OUT_OF_RANGE, problem
from spark_app.curate.text import is_blank, tidy

_NUMBER = r"(?i)^\s*[+-]?(?:\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?|nan|inf|infinity)\s*$"
_DATE = r"^\d{4}(-\d{2}(-\d{2})?)?$"
_PRECISION = {4: "year", 7: "month", 10: "day"}
_MODES = {"minor": 0.0, "min": 0.0, "major": 1.0, "maj": 1.0}
_PITCHES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_SIGNS = {"": 0, "#": 1, "♯": 1, "B": -1, "♭": -1}
KEYS = {
    f"{name}{sign}": float((pitch + step) % 12) for name, pitch in _PITCHES.items() for sign, step in _SIGNS.items()
}
_WHOLE = (KEY, MODE)

PARSED = "_parsed_"  # prefix: the number in the text, with NaN and infinities
PROBLEM = "_problem_"  # prefix: what is wrong with it


def with_numbers(
    frame: DataFrame,
    columns: Sequence[str],
    *,
    limits: Mapping[str, tuple[float, float]],
    sentinels: Mapping[str, Sequence[str]],
) -> DataFrame:
    """Add for each text column ``c`` its number ``_parsed_c`` and its problem ``_problem_c``.

    ``_problem_c`` is ``not_a_number:c``, ``not_finite:c`` (also for what overflows, as ``1e999``), ``out_of_range:c``
    (limits are inclusive; key and mode have to be whole) or null. Null and blank text is a null number without a
    problem. ``key`` may be a pitch name (``A#``), ``mode`` ``Major`` or ``Minor``.
    """
    parsed = frame.withColumns({PARSED + name: _parsed(name) for name in columns})
    return parsed.withColumns(
        {PROBLEM + name: _problem(name, limits.get(name), sentinels.get(name, ())) for name in columns}
    )


def measured(name: str, sentinels: Mapping[str, Sequence[str]]) -> Column:
    """The typed value of a column after ``with_numbers``: null for blank, sentinel, unreadable and not finite."""
    value = F.col(PARSED + name)
    return F.when(_is_finite(value) & ~is_sentinel(name, sentinels.get(name, ())), value)


def is_sentinel(name: str, sentinels: Sequence[str]) -> Column:
    """True where the text says "no value": equal to a sentinel, or the same number; never null."""
    text, number = _sentinels(name, sentinels)
    return text | number


def _sentinels(name: str, sentinels: Sequence[str]) -> tuple[Column, Column]:
    numbers = [float(sentinel) for sentinel in sentinels if _is_number(sentinel)]
    texts = [sentinel for sentinel in sentinels if not _is_number(sentinel)]
    return _among(tidy(F.col(name)), texts), _among(F.col(PARSED + name), numbers)


def _is_number(sentinel: str) -> bool:
    try:
        float(sentinel)
    except ValueError:
        return False
    return True


def _among(value: Column, values: Sequence[object]) -> Column:
    return F.coalesce(value.isin(list(values)), F.lit(False)) if values else F.lit(False)


def truth(name: str) -> Column:
    """``True``/``False``, ``1``/``0``, ``yes``/``no`` in any case as boolean; anything else null."""
    text = F.lower(tidy(F.col(name)))
    return F.when(text.isin("true", "1", "1.0", "yes"), F.lit(True)).when(
        text.isin("false", "0", "0.0", "no"), F.lit(False)
    )


def release(name: str, years: tuple[float, float]) -> dict[str, Column]:
    """First day, precision and year of a date written ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``.

    Args:
        name: Text column, without blanks around it.
        years: First and last year that counts as a date, inclusive.

    Returns:
        ``release_date``, ``release_date_precision`` (year, month or day) and ``release_year``; all null for null
        and for anything else, such as ``4-Apr``, month 13 or year 0.
    """
    shaped = F.when(F.col(name).rlike(_DATE), F.expr(f"try_cast(`{name}` as date)"))
    day = F.when(F.year(shaped).between(int(years[0]), int(years[1])), shaped)
    precision = F.when(day.isNull(), F.lit(None))
    for length, word in _PRECISION.items():
        precision = precision.when(F.length(name) == length, F.lit(word))
    return {"release_date": day, "release_date_precision": precision, "release_year": F.year(day)}


def _parsed(name: str) -> Column:
    number = F.when(F.col(name).rlike(_NUMBER), F.expr(f"try_cast(`{name}` as double)"))
    if name == KEY:
        return F.coalesce(_named(F.upper(tidy(F.col(name))), KEYS), number)
    if name == MODE:
        return F.coalesce(_named(F.lower(tidy(F.col(name))), _MODES), number)
    return number


def _named(text: Column, values: Mapping[str, float]) -> Column:
    pairs = [F.lit(part) for pair in values.items() for part in pair]
    return F.element_at(F.create_map(*pairs), text)


def _problem(name: str, limits: tuple[float, float] | None, sentinels: Sequence[str]) -> Column:
    value = F.col(PARSED + name)
    says_nothing, is_no_value = _sentinels(name, sentinels)
    outside = F.lit(False) if limits is None else ~value.between(float(limits[0]), float(limits[1]))
    if name in _WHOLE:
        outside = outside | (value != F.floor(value))
    return (
        F.when(value.isNull(), problem(NOT_A_NUMBER, name, ~is_blank(F.col(name)) & ~says_nothing))
        .when(~_is_finite(value), F.lit(f"{NOT_FINITE}:{name}"))
        .otherwise(problem(OUT_OF_RANGE, name, outside & ~is_no_value))
    )


def _is_finite(value: Column) -> Column:
    # NaN is the largest double in Spark, so one comparison on each side leaves it out too.
    return (value > float("-inf")) & (value < float("inf"))
