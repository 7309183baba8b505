"""Playlists of the sample catalogue: each follows one taste, which is a genre group."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession

from spark_app.columns import FILE, LINE, PLAYLIST_ID, POSITION, RECORD, TRACK_ID
from spark_app.sources.recognise import COLUMNS
from spark_app.sources.records import PROBLEM
from spark_app.sources.sample import spec
from spark_app.sources.sample.artists import GROUP_OF_SLOT
from spark_app.sources.sample.randomness import Draws
from spark_app.sources.sample.shape import SUPERBLOCK, Shape, artist_in_slot
from spark_app.sources.sample.sql import Sql, add, item_at, let, number_at
from spark_app.sources.sample.words import spotify_like_id

TASTE = "taste"
TRACKS_PER_PLAYLIST = 20  # tracks of the catalogue for each playlist
LENGTHS = (8, 40)  # entries drawn for a playlist, inclusive; repeated ones are left out
TASTE_SHARE = 0.85  # of the draws are by artists of the playlist's taste, the rest are any tracks

_NUMBER, _TURN, _ROW, _TASTE_AT = "_number", "_turn", "_row", "_taste_at"


def sample_playlists(spark: SparkSession, *, tracks: int, seed: int) -> DataFrame:
    """Playlists whose co-occurrence follows the planted genre groups.

    Args:
        spark: The session.
        tracks: Rows of the tracks file, [100, 100,000,000]; one playlist for 20 of them, at least 10.
        seed: Any integer.

    Returns:
        One row per entry, key ``[playlist_id, position]`` ``[playlist_id, position (from 1), track_id]``; no track
        stands twice in a playlist. ``playlist_tastes`` holds the truth. A few of the tracks were planted as dirt and
        are missing from the curated catalogue, as tracks are missing from any real one.
    """
    return _entries(spark, tracks, seed).select(PLAYLIST_ID, POSITION, TRACK_ID)


def playlist_rows(spark: SparkSession, *, tracks: int, seed: int) -> DataFrame:
    """The same playlists as ``records.parse_lines`` gives those of a file: ids and positions, but no names.

    Returns:
        One row per entry, key ``[file, line]`` ``[file, line, <columns of raw.playlists>, problem, record]``;
        ``position`` counts from 0, as in the Million Playlist Dataset.
    """
    known = {
        PLAYLIST_ID: PLAYLIST_ID,
        POSITION: f"string({POSITION} - 1)",
        TRACK_ID: f"concat('spotify:track:', {TRACK_ID})",
    }
    values = {column: known.get(column, "string(NULL)") for column in COLUMNS["playlists"]}
    place = {FILE: "'playlists'", LINE: f"{_NUMBER} * {LENGTHS[1]} + {POSITION}"}
    nothing = {PROBLEM: "string(NULL)", RECORD: "string(NULL)"}
    cells = {**place, **values, **nothing}
    return _entries(spark, tracks, seed).selectExpr(*[f"{cell} AS {name}" for name, cell in cells.items()])


def _entries(spark: SparkSession, tracks: int, seed: int) -> DataFrame:
    """Every entry with the number of its playlist."""
    shape, draws = Shape(tracks), Draws(seed)
    shortest, longest = LENGTHS
    length = f"int({shortest} + {draws.index('playlist.length', longest - shortest + 1, _NUMBER)})"
    rows = f"transform(sequence(1L, {length}), {_TURN} -> {_row(draws, shape)})"
    listed = add(_playlists(spark, tracks, draws), {_ROW: f"array_distinct(filter({rows}, r -> r < {tracks}))"})
    entries = listed.selectExpr(_NUMBER, PLAYLIST_ID, f"posexplode({_ROW}) AS (_place, {_ROW})")
    return add(entries, {POSITION: "_place + 1", TRACK_ID: spotify_like_id(draws, "track", _ROW)})


def playlist_tastes(spark: SparkSession, *, tracks: int, seed: int) -> DataFrame:
    """The planted taste: one row per playlist, key ``playlist_id`` ``[playlist_id, taste]``, a genre group."""
    tastes = _playlists(spark, tracks, Draws(seed))
    return add(tastes, {TASTE: item_at(spec.GROUP_NAMES, _TASTE_AT)}).select(PLAYLIST_ID, TASTE)


def _playlists(spark: SparkSession, tracks: int, draws: Draws) -> DataFrame:
    numbers = spark.range(max(10, tracks // TRACKS_PER_PLAYLIST)).withColumnRenamed("id", _NUMBER)
    taste = number_at(GROUP_OF_SLOT, draws.index("playlist.taste", SUPERBLOCK, _NUMBER))
    return add(numbers, {PLAYLIST_ID: spotify_like_id(draws, "playlist", _NUMBER), _TASTE_AT: f"int({taste})"})


def _row(draws: Draws, shape: Shape) -> Sql:
    """Row of one entry: by an artist of the taste, or any; the last cluster can lead beyond the catalogue."""
    ids = (_NUMBER, _TURN)
    # Squared: the first artists stand in many playlists, the last ones in few.
    drawn = draws.uniform("entry.superblock", *ids)
    superblock = f"floor({drawn} * {drawn} * {max(1, shape.artists // SUPERBLOCK)})"  # whole ones only
    artist = artist_in_slot(draws, superblock, _slot_of_taste(draws))
    by_taste = let("a", artist, f"{shape.first_row_of_artist(draws, 'a')} + {_row_on_album(draws, shape)}")
    is_by_taste = draws.chance("entry.is_by_taste", TASTE_SHARE, *ids)
    return f"if({is_by_taste}, {by_taste}, {draws.index('entry.any', shape.tracks, *ids)})"


def _row_on_album(draws: Draws, shape: Shape) -> Sql:
    return draws.index("entry.row", shape.rows_of_artist(draws, "a"), _NUMBER, _TURN)


def _slot_of_taste(draws: Draws) -> Sql:
    """A slot among those of the taste's group."""
    sizes = [group.slots for group in spec.GROUPS]
    starts = [sum(sizes[:i]) for i in range(len(sizes))]
    chosen = draws.index("entry.slot", number_at(sizes, _TASTE_AT), _NUMBER, _TURN)
    return f"(bigint({number_at(starts, _TASTE_AT)}) + {chosen})"
