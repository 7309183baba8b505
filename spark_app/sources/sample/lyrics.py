"""Lyrics of the sample catalogue: invented words, some of which only one genre group sings."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession

from spark_app.columns import ARTIST_NAMES, INSTRUMENTALNESS, TRACK_ID, TRACK_NAME
from spark_app.sources.sample.features import GROUP, ROW, WORK
from spark_app.sources.sample.randomness import Draws
from spark_app.sources.sample.shape import Shape
from spark_app.sources.sample.sql import Sql, add, let, text
from spark_app.sources.sample.tracks import PLANTED, describe_tracks
from spark_app.sources.sample.words import BASE, word

COMMON_WORDS = 400  # vocabulary that all groups share
GENRE_WORDS = 40  # further words of each group, which no other group sings
GENRE_WORD_SHARE = 0.12  # of the words sung are the group's own
NULL_SHARE = 0.08  # of the tracks have null lyrics: none were found
INSTRUMENTAL_FROM = 0.6  # instrumentalness from which a track has empty lyrics
MARKED_SHARE = 0.3  # of the lyrics show section marks such as [Chorus]
LINES, WORDS_PER_LINE = 4, 6  # of every section

NUMBERS = BASE**3  # words of three syllables
_STEP = 4_973  # odd, hence coprime to NUMBERS
_SUNG, _LINE_END = "_sung", text("\n")
_SECTIONS = ("Verse 1", "Chorus", "Verse 2", "Chorus")
_TEXTS = (0, 1, 2, 1)  # the chorus is sung twice


def sample_lyrics(spark: SparkSession, *, tracks: int, seed: int) -> DataFrame:
    r"""Lyrics with a planted genre signal.

    Args:
        spark: The session.
        tracks: Rows of the tracks file, [100, 100,000,000].
        seed: Any integer.

    Returns:
        One row per track before dirt, key ``track_id`` ``[track_id, title, artist (the first one), lyrics]``.
        ``lyrics`` is null where none were found, empty for instrumental tracks, else two verses and a chorus that
        comes twice, lines separated by ``\n``. A copy has the words of its original.
    """
    shape, draws = Shape(tracks), Draws(seed)
    rows = add(spark.range(tracks).withColumnRenamed("id", ROW), {PLANTED: "''"})
    songs = add(describe_tracks(rows, shape=shape, draws=draws), {_SUNG: _sections(draws)})
    is_missing = draws.chance("lyrics.is_missing", NULL_SHARE, WORK)
    song = f"if({INSTRUMENTALNESS} >= {INSTRUMENTAL_FROM}D, '', {_song(draws)})"
    return add(
        songs, {"title": TRACK_NAME, "artist": f"{ARTIST_NAMES}[0]", "lyrics": f"if({is_missing}, NULL, {song})"}
    ).select(TRACK_ID, "title", "artist", "lyrics")


def vocabulary(draws: Draws, group: Sql, *ids: Sql) -> Sql:
    """A word that a group sings: its own with probability ``GENRE_WORD_SHARE``, else a common one.

    Common words are the first ``COMMON_WORDS`` numbers of three syllables, low numbers more often; each group has
    the next ``GENRE_WORDS`` after those of the group before it.
    """
    own = f"{COMMON_WORDS} + {group} * {GENRE_WORDS} + {draws.index('lyrics.own', GENRE_WORDS, *ids)}"
    drawn = draws.uniform("lyrics.common", *ids)
    common = f"floor({drawn} * {drawn} * {COMMON_WORDS})"
    chosen = f"if({draws.chance('lyrics.is_own', GENRE_WORD_SHARE, *ids)}, {own}, {common})"
    # The number is scattered (by a step coprime to all numbers), so that words of one group look unlike each other.
    return let("n", f"{chosen} * {_STEP} % {NUMBERS}", word("n", 3))


def _sections(draws: Draws) -> Sql:
    """The different sections of a song: an array of texts."""
    sung = vocabulary(draws, GROUP, WORK, "bigint(w)")
    words = f"sequence(l * {WORDS_PER_LINE}, l * {WORDS_PER_LINE} + {WORDS_PER_LINE - 1})"
    line = f"array_join(transform({words}, w -> {sung}), ' ')"
    lines = f"transform(sequence(s * {LINES}, s * {LINES} + {LINES - 1}), l -> {line})"
    return f"transform(sequence(0, {max(_TEXTS)}), s -> array_join({lines}, {_LINE_END}))"


def _song(draws: Draws) -> Sql:
    is_marked = draws.chance("lyrics.is_marked", MARKED_SHARE, WORK)
    parts = [
        f"concat(if({is_marked}, concat('[{name}]', {_LINE_END}), ''), {_SUNG}[{sung}])"
        for name, sung in zip(_SECTIONS, _TEXTS, strict=True)
    ]
    return f"array_join(array({', '.join(parts)}), concat({_LINE_END}, {_LINE_END}))"
