"""Raw playlists to typed entries: one row for each track of a playlist, every problem named, none left out yet."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_app.columns import (
    ARTIST_NAME,
    DURATION_MS,
    FILE,
    FILE_DATE,
    LINE,
    PLAYLIST_ID,
    POSITION,
    SOURCE,
    TRACK_ID,
    TRACK_NAME,
)
from spark_app.curate import rules
from spark_app.curate.reading import Reading
from spark_app.curate.text import CONTROL, bare_id, tidy

SOURCE_TRACK_ID = "source_track_id"
ENTRY = "entry"  # playlist and position as one text: what an entry competes by
ENTRY_VALUES = (SOURCE_TRACK_ID, TRACK_NAME, ARTIST_NAME, DURATION_MS)
ENTRY_ATTRIBUTES = (SOURCE_TRACK_ID, TRACK_NAME, ARTIST_NAME)

_MINUTES = "duration_min"
_POSITION = r"^\d{1,9}(\.0)?$"
_TEXTS = (PLAYLIST_ID, TRACK_ID, TRACK_NAME, ARTIST_NAME)


def typed_entries(raw: DataFrame, *, reading: Reading) -> DataFrame:
    """Read every value of the raw playlists; one row per raw row.

    Args:
        raw: ``raw.playlists``, key ``[source, file, line]``; positions from 0.
        reading: How values are read.

    Returns:
        ``[source, file, line, file_date, playlist_id, position (from 1), source_track_id, track_name, artist_name,
        duration_ms, entry, flags, problems]``; ids without URI prefix, names in NFC without blanks around them. A
        duration only tells near-twins apart, so that one that is unreadable or outside its limits is null, no problem.
    """
    from spark_app.curate.vectorised import nfc

    named = raw.withColumns({f"_{name}": nfc(F.col(name)) for name in (TRACK_NAME, ARTIST_NAME)})
    ids = {
        "_playlist": bare_id(F.col(PLAYLIST_ID)),
        "_position": _position(F.col(POSITION)),
        SOURCE_TRACK_ID: bare_id(F.col(TRACK_ID)),
        "_title": tidy(F.col(f"_{TRACK_NAME}")),
        "_artist": _artist(reading),
    }
    read = named.withColumns(ids)
    return read.select(
        SOURCE,
        FILE,
        LINE,
        F.lit(None).cast("date").alias(FILE_DATE),
        F.col("_playlist").alias(PLAYLIST_ID),
        F.col("_position").alias(POSITION),
        SOURCE_TRACK_ID,
        F.col("_title").alias(TRACK_NAME),
        F.col("_artist").alias(ARTIST_NAME),
        _duration(reading).alias(DURATION_MS),
        F.concat_ws("\x00", "_playlist", "_position").alias(ENTRY),
        F.array().cast("array<string>").alias("flags"),
        _problems(reading.max_text_length).alias("problems"),
    )


def _position(text: Column) -> Column:
    number = F.when(tidy(text).rlike(_POSITION), F.substring_index(tidy(text), ".", 1))
    return number.cast("int") + 1


def _artist(reading: Reading) -> Column:
    name = tidy(F.col(f"_{ARTIST_NAME}"))
    return F.when(~name.isin(list(reading.placeholders)), name)


def _duration(reading: Reading) -> Column:
    low, high = reading.limits[DURATION_MS]
    delivered, minutes = (F.expr(f"try_cast({name} as double)") for name in (DURATION_MS, _MINUTES))
    value = F.coalesce(delivered, F.round(minutes * 60_000))
    return F.when(value.between(float(low), float(high)), value)  # neither NaN nor infinity is


def _problems(max_text_length: int) -> Column:
    is_named = F.col("_title").isNotNull() & F.col("_artist").isNotNull()
    any_control = F.concat_ws("", *_TEXTS).rlike(CONTROL)  # one pattern for all, as good as always
    checks = [
        rules.problem(rules.NO_PLAYLIST_ID, PLAYLIST_ID, F.col("_playlist").isNull()),
        rules.problem(rules.NO_POSITION, POSITION, F.col("_position").isNull()),
        rules.problem(rules.NO_TRACK, TRACK_ID, F.col(SOURCE_TRACK_ID).isNull() & ~is_named),
        *[rules.problem(rules.CONTROL_CHARACTER, name, any_control & F.col(name).rlike(CONTROL)) for name in _TEXTS],
        *[rules.problem(rules.TEXT_TOO_LONG, name, F.length(name) > max_text_length) for name in _TEXTS],
    ]
    return F.array_compact(F.array(*checks))
