"""Raw tracks to typed tracks: every value read, every problem named, no row left out yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_app.columns import (
    ALBUM_ID,
    ALBUM_NAME,
    ARTIST_IDS,
    ARTIST_NAMES,
    AUDIO12,
    EXPLICIT,
    FILE,
    FILE_DATE,
    GENRE,
    GENRE_GROUP,
    LAYOUT,
    LINE,
    POPULARITY,
    RELEASE_DATE,
    RELEASE_DATE_PRECISION,
    SOURCE,
    TIME_SIGNATURE,
    TRACK_ID,
    TRACK_NAME,
    UNKNOWN,
)
from spark_app.curate import rules
from spark_app.curate.credits import (
    CREDITS,
    PARSED_IDS,
    PARSED_NAMES,
    artist_columns,
    credited,
    dialect_of,
    has_placeholder,
    is_bad_list,
    once_each,
)
from spark_app.curate.reading import Reading
from spark_app.curate.text import CONTROL, bare_id, is_blank, name_id, normal_genre, tidy
from spark_app.curate.values import PARSED, PROBLEM, is_sentinel, measured, release, truth, with_numbers
from spark_app.errors import UsageError

PLACE = (SOURCE, FILE, LINE, FILE_DATE)
PROBLEMS = "problems"  # array of ``rule:column``
FLAGS = "flags"
HAS_UNKNOWN = "_has_unknown_artist"
YEARS = "release_year"  # name of the limit for dates

# Null counts decide among duplicate ids over the first; a loser that differs in one of the second is a conflict.
TRACK_VALUES = (
    TRACK_NAME,
    ARTIST_IDS,
    ALBUM_ID,
    RELEASE_DATE,
    *AUDIO12,
    POPULARITY,
    EXPLICIT,
    TIME_SIGNATURE,
    GENRE,
)
TRACK_ATTRIBUTES = (
    TRACK_NAME,
    ARTIST_IDS,
    ARTIST_NAMES,
    ALBUM_ID,
    ALBUM_NAME,
    RELEASE_DATE,
    RELEASE_DATE_PRECISION,
    *AUDIO12,
)

_NUMBERS = (*AUDIO12, POPULARITY, TIME_SIGNATURE)
_IDS = (TRACK_ID, ALBUM_ID)
_NAMES = (TRACK_NAME, ALBUM_NAME)
_DELIVERED = "_delivered_"  # prefix: text as delivered, where the typed column takes its name
_NO_VALUE = "NA"  # R's missing value; real artists and albums carry this name too, never all three at once


def check_columns(settings: Mapping[str, Mapping[str, object]]) -> None:
    """Refuse limits and sentinels of columns that have none.

    Args:
        settings: ``limits`` and ``sentinels``, each by column.

    Raises:
        UsageError: Names the setting.
    """
    known = {"limits": (*_NUMBERS, YEARS), "sentinels": _NUMBERS}
    for section, columns in settings.items():
        for name in columns:
            if name not in known[section]:
                raise UsageError(
                    f"setting curate.{section}.{name}: no such number to curate",
                    f"Columns: {', '.join(known[section])}.",
                )


def typed_tracks(raw: DataFrame, unknown: DataFrame | None = None, *, reading: Reading) -> DataFrame:
    """Read every value of the raw tracks; one row per raw row.

    Args:
        raw: Tracks as delivered, text under canonical names, key ``[source, file, line]``.
        unknown: Cells of artist ids that name an unknown artist (``credits.unknown_references``); None: no check.
        reading: How values are read; a genre that is too long is dropped and flagged.

    Returns:
        ``[source, file, line, file_date]``, the typed columns of ``curated.tracks`` (ids without URI prefix, names in
        NFC without blanks around them, ``genre`` normalised, null for what is blank, a sentinel or unreadable),
        ``flags`` (``<column>_missing`` for a sentinel ...) and ``problems`` (``rule:column``).
    """
    delivered = _delivered(_with_unknown(raw, unknown), reading.dialects)
    numbers = with_numbers(delivered, _NUMBERS, limits=reading.limits, sentinels=reading.sentinels)
    named = numbers.withColumns(_identity(reading.placeholders)).withColumns({CREDITS: once_each(F.col(CREDITS))})
    checked = named.withColumns(release(RELEASE_DATE + "_text", reading.limits[YEARS]))
    return checked.select(
        *PLACE,
        *_IDS,
        *_NAMES,
        *[column.alias(name) for name, column in artist_columns().items()],
        RELEASE_DATE,
        RELEASE_DATE_PRECISION,
        "release_year",
        *[measured(name, reading.sentinels).alias(name) for name in AUDIO12],
        *[_whole(name) for name in (POPULARITY, TIME_SIGNATURE)],
        truth(EXPLICIT).alias(EXPLICIT),
        F.when(F.length(GENRE) <= reading.max_genre_length, F.col(GENRE)).alias(GENRE),
        _flags(reading).alias(FLAGS),
        _problems(reading.max_text_length).alias(PROBLEMS),
    )


def curated_tracks(winners: DataFrame, labels: DataFrame, *, training_allowed: bool) -> DataFrame:
    """The columns of ``curated.tracks``, one row per track, key ``track_id``.

    Args:
        winners: One judged row per track.
        labels: One row per track that has a genre, key ``track_id`` ``[track_id, genre, genre_group]``.
        training_allowed: Whether the terms of the source allow training on it.

    Returns:
        ``genre`` is null and ``genre_group`` ``unknown`` for a track without any genre.
    """
    joined = winners.drop(GENRE, "problems", "reason", "fate", "warned", "differs").join(
        labels, on=TRACK_ID, how="left"
    )
    return joined.withColumns(
        {
            GENRE_GROUP: F.coalesce(GENRE_GROUP, F.lit(UNKNOWN)),
            "training_allowed": F.lit(training_allowed),
        }
    )


def _with_unknown(raw: DataFrame, unknown: DataFrame | None) -> DataFrame:
    if unknown is None:
        return raw.withColumn(HAS_UNKNOWN, F.lit(False))
    marked = raw.join(unknown.withColumn(HAS_UNKNOWN, F.lit(True)), on=[LAYOUT, ARTIST_IDS], how="left")
    return marked.withColumn(HAS_UNKNOWN, F.coalesce(HAS_UNKNOWN, F.lit(False)))


def _delivered(raw: DataFrame, dialects: Mapping[str, str]) -> DataFrame:
    from spark_app.curate.vectorised import nfc, parse_lists

    dialect = dialect_of(F.col(LAYOUT), dialects)
    texts = (*_IDS, *_NAMES, ARTIST_IDS, ARTIST_NAMES)
    return raw.withColumns(
        {
            **{_DELIVERED + name: F.col(name) for name in texts},
            PARSED_IDS: parse_lists(F.col(ARTIST_IDS), dialect),
            PARSED_NAMES: parse_lists(F.col(ARTIST_NAMES), dialect),
            **{name: nfc(F.col(name)) for name in (*_NAMES, GENRE)},
        }
    )


def _identity(placeholders: Sequence[str]) -> dict[str, Column]:
    is_void = _is_void()
    album = F.when(~is_void, tidy(F.col(ALBUM_NAME)))
    names = F.when(~is_void, F.col(PARSED_NAMES))
    return {
        TRACK_ID: bare_id(F.col(TRACK_ID)),
        TRACK_NAME: F.when(~is_void, tidy(F.col(TRACK_NAME))),
        ALBUM_NAME: album,
        ALBUM_ID: F.coalesce(bare_id(F.col(ALBUM_ID)), name_id(album)),
        CREDITS: credited(F.col(PARSED_IDS), names, placeholders),
        RELEASE_DATE + "_text": tidy(F.col(RELEASE_DATE)),
        GENRE: normal_genre(F.col(GENRE)),
    }


def _is_void() -> Column:
    name_is_void = F.coalesce(tidy(F.col(TRACK_NAME)) == _NO_VALUE, F.lit(False))
    artists_are_void = F.coalesce(F.col(PARSED_NAMES) == F.array(F.lit(_NO_VALUE)), F.lit(False))
    # Sources without albums have nothing to say here.
    return name_is_void & artists_are_void & (F.coalesce(tidy(F.col(ALBUM_NAME)), F.lit(_NO_VALUE)) == _NO_VALUE)


def _whole(name: str) -> Column:
    # NaN and infinities have become null in ``measured``; try_cast, since 1e18 does not fit into an int.
    return F.expr(f"try_cast(round(case when `{PROBLEM}{name}` is null then `{PARSED}{name}` end) as int)").alias(name)


def _flags(reading: Reading) -> Column:
    missing = [F.when(is_sentinel(name, texts), F.lit(f"{name}_missing")) for name, texts in reading.sentinels.items()]
    return F.array_compact(
        F.array(
            *missing,
            F.when(has_placeholder(F.col(PARSED_NAMES), reading.placeholders), F.lit("artist_missing")),
            F.when(truth(EXPLICIT).isNull() & ~is_blank(F.col(EXPLICIT)), F.lit("explicit_unreadable")),
            F.when(F.length(GENRE) > reading.max_genre_length, F.lit("genre_dropped")),
        )
    )


def _problems(max_text_length: int) -> Column:
    lists = ((ARTIST_IDS, PARSED_IDS), (ARTIST_NAMES, PARSED_NAMES))
    differ = F.size(PARSED_IDS) != F.size(PARSED_NAMES)
    too_long = F.exists(F.col(CREDITS), lambda pair: F.length(pair["name"]) > max_text_length)
    texts = (*_IDS, *_NAMES, ARTIST_IDS, ARTIST_NAMES)
    checks = [
        rules.problem(rules.NO_TRACK_ID, TRACK_ID, F.col(TRACK_ID).isNull()),
        rules.problem(rules.NO_TRACK_NAME, TRACK_NAME, F.col(TRACK_NAME).isNull()),
        *[rules.problem(rules.CONTROL_CHARACTER, name, F.col(_DELIVERED + name).rlike(CONTROL)) for name in texts],
        *[rules.problem(rules.TEXT_TOO_LONG, name, F.length(name) > max_text_length) for name in (*_IDS, *_NAMES)],
        rules.problem(rules.TEXT_TOO_LONG, ARTIST_NAMES, too_long),
        *[F.col(PROBLEM + name) for name in _NUMBERS],
        *[rules.problem(rules.BAD_LIST, n, is_bad_list(F.col(_DELIVERED + n), F.col(parsed))) for n, parsed in lists],
        rules.problem(rules.BAD_LIST, ARTIST_NAMES, differ),
        rules.problem(
            rules.BAD_DATE, RELEASE_DATE, ~is_blank(F.col("release_date_text")) & F.col(RELEASE_DATE).isNull()
        ),
        rules.problem(rules.UNKNOWN_ARTIST, ARTIST_IDS, F.col(HAS_UNKNOWN)),
    ]
    return F.array_distinct(F.array_compact(F.array(*checks)))
