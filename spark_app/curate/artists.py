"""Artists and albums: what their own file says, and what the tracks say about them."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_app.columns import (
    ALBUM_ID,
    ALBUM_NAME,
    ARTIST_ID,
    ARTIST_IDS,
    ARTIST_NAME,
    ARTIST_NAMES,
    FILE,
    FILE_DATE,
    GENRES,
    LAYOUT,
    LINE,
    POPULARITY,
    RELEASE_DATE,
    RELEASE_DATE_PRECISION,
    SOURCE,
    TRACK_ID,
)
from spark_app.curate import rules
from spark_app.curate.credits import dialect_of, is_bad_list
from spark_app.curate.reading import Reading
from spark_app.curate.text import CONTROL, bare_id, name_id, normal_genre, tidy
from spark_app.curate.values import PARSED, PROBLEM, with_numbers

FOLLOWERS = "followers"
ARTIST_VALUES = (ARTIST_NAME, GENRES, POPULARITY, FOLLOWERS)
ARTIST_ATTRIBUTES = (ARTIST_NAME, GENRES)

_PLACE = (SOURCE, FILE, LINE)
_NUMBERS = (POPULARITY, FOLLOWERS)


def typed_artists(raw: DataFrame, *, reading: Reading) -> DataFrame:
    """Read every value of the raw artists; one row per raw row.

    Args:
        raw: Artists as delivered, text under canonical names, key ``[source, file, line]``.
        reading: How values are read; an artist whose name is a placeholder keeps its id only.

    Returns:
        ``[source, file, line, file_date, artist_id, artist_name, genres, popularity, followers, flags, problems]``.
        A missing id becomes ``n:`` and the hash of the name. ``genres`` are normalised, each once, empty for an
        artist without any, null where the cell is not a list.
    """
    from spark_app.curate.vectorised import nfc, parse_lists

    delivered = raw.withColumns(
        {
            "_genres": parse_lists(F.col(GENRES), dialect_of(F.col(LAYOUT), reading.dialects)),
            "_name": nfc(F.col(ARTIST_NAME)),
        }
    )
    numbers = with_numbers(delivered, _NUMBERS, limits=reading.limits, sentinels=reading.sentinels)
    is_placeholder = F.coalesce(tidy(F.col("_name")).isin(list(reading.placeholders)), F.lit(False))
    name = F.when(~is_placeholder, tidy(F.col("_name")))
    named = numbers.withColumn("_name", name).withColumn(
        "_id", F.coalesce(bare_id(F.col(ARTIST_ID)), name_id(F.col("_name")))
    )
    return named.select(
        *_PLACE,
        FILE_DATE,
        F.col("_id").alias(ARTIST_ID),
        F.col("_name").alias(ARTIST_NAME),
        _genres(reading.max_genre_length).alias(GENRES),
        _whole(POPULARITY, "int"),
        _whole(FOLLOWERS, "bigint"),
        F.array().cast("array<string>").alias("flags"),
        _problems(reading.max_text_length).alias("problems"),
    )


def _genres(max_length: int) -> Column:
    normal = F.transform("_genres", normal_genre)
    return F.array_distinct(F.filter(normal, lambda genre: F.length(genre) <= max_length))


def _whole(name: str, kind: str) -> Column:
    value = f"case when `{PROBLEM}{name}` is null then `{PARSED}{name}` end"
    return F.expr(f"try_cast(round({value}) as {kind})").alias(name)


def _problems(max_text_length: int) -> Column:
    texts = (ARTIST_ID, ARTIST_NAME)
    checks = [
        rules.problem(rules.NO_ARTIST_ID, ARTIST_ID, F.col("_id").isNull()),
        *[rules.problem(rules.CONTROL_CHARACTER, name, F.col(name).rlike(CONTROL)) for name in texts],
        *[rules.problem(rules.TEXT_TOO_LONG, name, F.length(name) > max_text_length) for name in texts],
        *[F.col(PROBLEM + name) for name in _NUMBERS],
        rules.problem(rules.BAD_LIST, GENRES, is_bad_list(F.col(GENRES), F.col("_genres"))),
    ]
    return F.array_compact(F.array(*checks))


def artists_of(tracks: DataFrame, described: DataFrame) -> DataFrame:
    """All artists: those of the artists file, and those that only appear as credits.

    Args:
        tracks: One row per track ``[source, file, line, track_id, artist_ids, artist_names]``.
        described: One row per artist of the artists file, key ``artist_id``.

    Returns:
        One row per artist, key ``artist_id``, the columns of ``curated.artists``. ``n_tracks`` counts the tracks that
        credit the artist. An artist that only appears as a credit has null source, file and line, null genres, and
        the first name in (file, line) order.
    """
    each = tracks.select(
        FILE, LINE, SOURCE, TRACK_ID, F.posexplode(F.arrays_zip(ARTIST_IDS, ARTIST_NAMES)).alias("place", "credit")
    )
    credit = each.select(
        F.col(f"credit.{ARTIST_IDS}").alias(ARTIST_ID),
        F.col(f"credit.{ARTIST_NAMES}").alias("_name"),
        FILE,
        LINE,
        SOURCE,
        "place",
    )
    first_name = F.min(F.when(F.col("_name").isNotNull(), F.struct(FILE, LINE, SOURCE, "place", "_name")))["_name"]
    credited = credit.groupBy(ARTIST_ID).agg(F.count(F.lit(1)).alias("n_tracks"), first_name.alias("_name"))
    both = described.join(credited, on=ARTIST_ID, how="full_outer")
    return both.select(
        ARTIST_ID,
        F.coalesce(ARTIST_NAME, "_name").alias(ARTIST_NAME),
        GENRES,
        POPULARITY,
        FOLLOWERS,
        F.coalesce("n_tracks", F.lit(0)).cast("bigint").alias("n_tracks"),
        *_PLACE,
    )


def albums_of(tracks: DataFrame) -> DataFrame:
    """Albums of the tracks.

    Args:
        tracks: One row per track ``[source, file, line, album_id, album_name, release_date, release_date_precision]``.

    Returns:
        One row per album, key ``album_id``, the columns of ``curated.albums``. Where tracks disagree, each value is
        the first non-null one in (file, line) order; the date and its precision come from one track.
    """
    place = (F.col(FILE), F.col(LINE), F.col(SOURCE))
    name = F.min(F.when(F.col(ALBUM_NAME).isNotNull(), F.struct(*place, ALBUM_NAME)))[ALBUM_NAME]
    date = F.min(F.when(F.col(RELEASE_DATE).isNotNull(), F.struct(*place, RELEASE_DATE, RELEASE_DATE_PRECISION)))
    grouped = tracks.where(F.col(ALBUM_ID).isNotNull()).groupBy(ALBUM_ID)
    albums = grouped.agg(name.alias(ALBUM_NAME), date.alias("_date"), F.count(F.lit(1)).alias("n_tracks"))
    return albums.select(
        ALBUM_ID,
        ALBUM_NAME,
        F.col("_date")[RELEASE_DATE].alias(RELEASE_DATE),
        F.col("_date")[RELEASE_DATE_PRECISION].alias(RELEASE_DATE_PRECISION),
        "n_tracks",
    )


def artist_albums_of(tracks: DataFrame) -> DataFrame:
    """One row per artist and album with a track that credits the artist, key ``[artist_id, album_id]``.

    Args:
        tracks: One row per track ``[album_id, artist_ids]``.

    Returns:
        ``[artist_id, album_id, n_tracks]``, ``n_tracks`` at least 1.
    """
    each = tracks.where(F.col(ALBUM_ID).isNotNull()).select(ALBUM_ID, F.explode(ARTIST_IDS).alias(ARTIST_ID))
    return each.groupBy(ARTIST_ID, ALBUM_ID).agg(F.count(F.lit(1)).alias("n_tracks"))
