"""Tracks of the sample catalogue: which song a row holds, and the typed frame before any dirt."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_app.columns import (
    ALBUM_ID,
    ALBUM_NAME,
    ARTIST_IDS,
    ARTIST_NAMES,
    AUDIO12,
    EXPLICIT,
    GENRE_GROUP,
    POPULARITY,
    RELEASE_DATE,
    RELEASE_DATE_PRECISION,
    RELEASE_YEAR,
    TIME_SIGNATURE,
    TRACK_ID,
    TRACK_NAME,
)
from spark_app.sources.sample import spec
from spark_app.sources.sample.artists import ARTIST, artist_id, artist_popularity, group_index
from spark_app.sources.sample.dirt import DUPLICATE_CONFLICT, DUPLICATE_EQUAL, TRACK_DIRT, planted
from spark_app.sources.sample.features import GROUP, IS_COPY, MARK, ROW, WORK, audio_features, latents
from spark_app.sources.sample.randomness import Draws
from spark_app.sources.sample.shape import Shape
from spark_app.sources.sample.sql import Sql, add, by_kind, item_at, let, number, number_at, text, within
from spark_app.sources.sample.words import album_name, artist_name, capital_word, spotify_like_id, title

PLANTED = "planted"
VARIANT_OF = "variant_of"
TRACK_NUMBER = "track_number"
_ALBUM, _CREDITED = "_album", "_credited"
TYPED = (
    ROW,
    TRACK_ID,
    TRACK_NAME,
    ARTIST_NAMES,
    ARTIST_IDS,
    ALBUM_ID,
    ALBUM_NAME,
    TRACK_NUMBER,
    RELEASE_DATE,
    RELEASE_DATE_PRECISION,
    RELEASE_YEAR,
    POPULARITY,
    EXPLICIT,
    *AUDIO12,
    TIME_SIGNATURE,
    GENRE_GROUP,
    VARIANT_OF,
    MARK,
)


def sample_tracks(spark: SparkSession, *, tracks: int, seed: int) -> DataFrame:
    """Tracks before any dirt: what the rows would be if none were dirty.

    From 3,960 tracks on, the rows of a larger catalogue begin with those of a smaller one of the same seed.

    Args:
        spark: The session.
        tracks: Rows, [100, 100,000,000].
        seed: Any integer.

    Returns:
        One row per track, key ``track_id``, the columns of ``TYPED``: no nulls but ``variant_of``, which holds
        the original's ``track_id`` of a copy. ``genre_group`` is the main group of the first artist, from which the
        features were drawn; ``mark`` is a key of ``spec.MARKS``; ``row_id`` counts from 0.
    """
    rows = spark.range(tracks).withColumnRenamed("id", ROW).withColumn(PLANTED, F.lit(""))
    return describe_tracks(rows, shape=Shape(tracks), draws=Draws(seed)).select(*TYPED)


def plant_dirt(rows: DataFrame, *, shape: Shape, draws: Draws, dirty_share: float) -> DataFrame:
    """Add ``planted``, the kind of dirt of a track row (a key of ``TRACK_DIRT``, empty for none), to ``row_id``."""
    return add(rows, {PLANTED: planted(draws, ROW, kinds=TRACK_DIRT, share=dirty_share, block=shape.rows_per_block)})


def place_tracks(rows: DataFrame, *, shape: Shape, draws: Draws) -> DataFrame:
    """Add to ``[row_id, planted]`` where the row's song comes from.

    Returns:
        ``is_copy``, ``mark``, ``work`` (the row whose song it is: its anchor for copies and duplicate ids, else
        itself), ``artist`` (number of the first artist), ``group_at`` (its main group), ``track_id``
        and ``variant_of``.
    """
    can_be_copy = f"{PLANTED} = '' AND {ROW} % {shape.rows_per_block} != 0"
    copies = add(rows, {IS_COPY: f"{can_be_copy} AND {draws.chance('copy', spec.COPY_SHARE, ROW)}"})
    mark = draws.choose("copy.mark", {name: mark.weight for name, mark in spec.MARKS.items()}, ROW)
    is_duplicate = f"{PLANTED} IN ({text(DUPLICATE_EQUAL)}, {text(DUPLICATE_CONFLICT)})"
    works = add(
        copies,
        {
            MARK: f"if({IS_COPY}, {mark}, {text(spec.TWIN)})",
            WORK: f"if({IS_COPY} OR {is_duplicate}, {shape.anchor(ROW)}, {ROW})",
        },
    )
    albums = add(works, {_ALBUM: shape.album(draws, WORK)})
    artists = add(albums, {ARTIST: shape.artist_of_album(draws, _ALBUM)})
    return add(
        artists,
        {
            GROUP: group_index(draws, ARTIST),
            TRACK_ID: spotify_like_id(draws, "track", f"if({IS_COPY}, {ROW}, {WORK})"),
            VARIANT_OF: f"if({IS_COPY}, {spotify_like_id(draws, 'track', WORK)}, NULL)",
        },
    )


def describe_tracks(rows: DataFrame, *, shape: Shape, draws: Draws) -> DataFrame:
    """Add the columns of ``TYPED`` to ``[row_id, planted]``; every value of a row is a function of these two."""
    placed = place_tracks(rows, shape=shape, draws=draws)
    dated = add(placed, {**latents(draws), **_year(draws), _CREDITED: _credited(draws, shape)})
    heard = add(dated, audio_features(draws))
    album_id = spotify_like_id(draws, "album", _ALBUM)
    p_explicit = number_at([group.p_explicit for group in spec.GROUPS], GROUP)
    return add(
        heard,
        {
            TRACK_NAME: _track_name(draws, shape),
            # A copy stands on a release of its own.
            ALBUM_ID: f"if({IS_COPY}, {spotify_like_id(draws, 'single', ROW)}, {album_id})",
            ALBUM_NAME: f"concat({album_name(draws, _ALBUM)}, if({IS_COPY}, ' (Singles)', ''))",
            TRACK_NUMBER: f"int(if({IS_COPY}, 1, {shape.track_number(draws, WORK)}))",
            ARTIST_IDS: f"transform({_CREDITED}, a -> {artist_id(draws, 'a')})",
            ARTIST_NAMES: f"transform({_CREDITED}, a -> {artist_name(draws, 'a')})",
            POPULARITY: _popularity(draws),
            EXPLICIT: draws.chance("explicit", p_explicit, WORK),
            RELEASE_DATE: _date(draws),
            TIME_SIGNATURE: f"int({draws.choose('time_signature', spec.TIME_SIGNATURES, WORK)})",
            GENRE_GROUP: item_at(spec.GROUP_NAMES, GROUP),
        },
    )


def _credited(draws: Draws, shape: Shape) -> Sql:
    """Numbers of the credited artists: the first one and up to two guests, different ones of the same cluster."""
    n = shape.artists_per_cluster
    step = f"(1 + {draws.index('guest.first', n - 1, WORK)})"
    guest = f"{ARTIST} - {ARTIST} % {n} + ({ARTIST} + {step}) % {n}"
    guests = f"array({ARTIST}, {guest})"
    if n > 2:
        # Steps 1 .. n - 1 without the first guest's: the second one never repeats anybody.
        other = f"(1 + ({step} + {draws.index('guest.second', n - 2, WORK)}) % {n - 1})"
        two = f"array({ARTIST}, {guest}, {ARTIST} - {ARTIST} % {n} + ({ARTIST} + {other}) % {n})"
        guests = f"if({draws.chance('guest.has_second', spec.SECOND_GUEST_SHARE, WORK)}, {two}, {guests})"
    return f"if({draws.chance('guest', spec.GUEST_SHARE, WORK)}, {guests}, array({ARTIST}))"


def _year(draws: Draws) -> dict[str, Sql]:
    """Year and precision of the release; a copy comes out in a later year, unless the original is the newest."""
    span = spec.LAST_YEAR - spec.FIRST_YEAR + 1
    # The square root makes the density of releases grow with the year.
    year = f"{spec.FIRST_YEAR} + floor(sqrt({draws.uniform('year', _ALBUM)}) * {span})"
    longest = by_kind(MARK, {name: str(mark.years) for name, mark in spec.MARKS.items()}, "1")
    lag = f"if({IS_COPY}, 1 + {draws.index('copy.years', longest, ROW)}, 0)"
    return {
        RELEASE_YEAR: f"int(least({year} + {lag}, {spec.LAST_YEAR}))",
        RELEASE_DATE_PRECISION: draws.choose("date.precision", spec.DATE_PRECISIONS, _ALBUM),
    }


def _date(draws: Draws) -> Sql:
    month = f"if({RELEASE_DATE_PRECISION} = 'year', 1, 1 + {draws.index('month', 12, _ALBUM)})"
    day = f"if({RELEASE_DATE_PRECISION} = 'day', 1 + {draws.index('day', 28, _ALBUM)}, 1)"
    return f"make_date({RELEASE_YEAR}, int({month}), int({day}))"


def _track_name(draws: Draws, shape: Shape) -> Sql:
    name = title(draws, shape.cluster(WORK), f"({WORK} % {shape.rows_per_cluster})")
    tails = {mark: draws.item("copy.tail", m.tails.split("|"), ROW) for mark, m in spec.MARKS.items()}
    place = capital_word(draws.index("copy.place", 500, ROW))
    tail = (
        f"replace(replace({by_kind(MARK, tails, text(''))}, '{{place}}', {place}), '{{year}}', string({RELEASE_YEAR}))"
    )
    # Case is no part of what makes a twin.
    is_lower = f"{IS_COPY} AND {draws.chance('copy.is_lower', spec.LOWER_CASE_SHARE, ROW)}"
    stem = let("name", name, f"if({is_lower}, lower(name), name)")
    return f"concat({stem}, if({IS_COPY}, {tail}, ''))"


def _popularity(draws: Draws) -> Sql:
    """Popularity in [0, 100], int, by ``spec.POPULARITY`` from what the row itself shows."""
    factors = {
        "constant": number(1),
        "artist_popularity": artist_popularity(draws, ARTIST),
        "recency": f"(({RELEASE_YEAR} - {spec.FIRST_YEAR}) / {number(spec.LAST_YEAR - spec.FIRST_YEAR)})",
    }
    terms = [f"{number(weight)} * {factors.get(name, name)}" for name, weight in spec.POPULARITY.items()]
    noise = f"{number(spec.POPULARITY_NOISE)} * {draws.normal('popularity', ROW)}"
    wanted = f"round({' + '.join([*terms, noise])})"
    return f"int({within(wanted, 0, 100)})"
