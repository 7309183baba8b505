"""Features beside the twelve of the audio: optional, and one of them for ablations only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_app.columns import EXPLICIT, POPULARITY, RELEASE_YEAR, TEMPO
from spark_app.errors import UsageError

TEMPO_FOLDED = "tempo_folded"
EXTRA_PREFIX = "extra_"

_SLOWEST = 80.0  # beats per minute, the lower end of the octave that tempo is folded into


@dataclass(frozen=True)
class Extra:
    """One extra feature.

    Attributes:
        value: The column as a double; null where the track does not say.
        uses_outcome: Known only after release, so a model that sees it is an ablation and never a champion.
    """

    value: Callable[[], Column]
    uses_outcome: bool = False


def folded_tempo(tempo: Column) -> Column:
    """The tempo an octave (a factor of 2) or more up or down, in [80, 160) beats per minute.

    Beat trackers often report half or twice the tempo. Null, and what is not above 0, gives null.

    >>> spark.createDataFrame([(60.0,), (160.0,), (128.0,), (0.0,)], "t double").select(
    ...     folded_tempo(F.col("t")).alias("t")).collect()
    [Row(t=120.0), Row(t=80.0), Row(t=128.0), Row(t=None)]
    """
    usable = F.when(tempo > 0, tempo.cast("double"))
    folded = usable / F.pow(F.lit(2.0), F.floor(F.log2(usable / _SLOWEST)))
    # The logarithm of a number next to a power of 2 may be rounded across it.
    return F.when(folded >= 2 * _SLOWEST, folded / 2).when(folded < _SLOWEST, folded * 2).otherwise(folded)


EXTRAS: dict[str, Extra] = {
    RELEASE_YEAR: Extra(lambda: F.col(RELEASE_YEAR).cast("double")),
    EXPLICIT: Extra(lambda: F.col(EXPLICIT).cast("double")),
    TEMPO_FOLDED: Extra(lambda: folded_tempo(F.col(TEMPO))),
    POPULARITY: Extra(lambda: F.col(POPULARITY).cast("double"), uses_outcome=True),
}


def with_extras(tracks: DataFrame, *, names: Sequence[str]) -> DataFrame:
    """Adds a column ``extra_<name>`` for each asked feature.

    Args:
        tracks: One row per track ``[release_year, explicit, tempo, popularity]``, or as many of them as are asked for.
        names: Of ``EXTRAS``.

    Raises:
        UsageError: A name is unknown.
    """
    return tracks.withColumns({EXTRA_PREFIX + name: EXTRAS[name].value() for name in _checked(names)})


def extra_columns(names: Sequence[str]) -> list[str]:
    """The columns that :func:`with_extras` adds."""
    return [EXTRA_PREFIX + name for name in _checked(names)]


def extra_names(columns: Sequence[str]) -> list[str]:
    """The extra features among columns: the inverse of :func:`extra_columns`.

    >>> extra_names(["energy", "extra_release_year"])
    ['release_year']
    """
    return [name for name in EXTRAS if EXTRA_PREFIX + name in columns]


def uses_outcome(names: Sequence[str]) -> bool:
    """True where one of the features is only known after release."""
    return any(EXTRAS[name].uses_outcome for name in _checked(names))


def _checked(names: Sequence[str]) -> Sequence[str]:
    unknown = sorted(set(names) - set(EXTRAS))
    if unknown:
        raise UsageError(f"unknown extra features: {', '.join(unknown)}", f"There are: {', '.join(EXTRAS)}")
    return names
