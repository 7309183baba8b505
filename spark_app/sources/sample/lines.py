"""The sample catalogue as files: records in the layout of a tracks file and an artists file, dirt included."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame, SparkSession

from spark_app.columns import (
    ALBUM_ID,
    ALBUM_NAME,
    ARTIST_ID,
    ARTIST_IDS,
    ARTIST_NAME,
    ARTIST_NAMES,
    AUDIO12,
    DURATION_MS,
    EXPLICIT,
    FILE,
    GENRES,
    KEY,
    LINE,
    MODE,
    POPULARITY,
    RELEASE_DATE,
    RELEASE_DATE_PRECISION,
    RELEASE_YEAR,
    TIME_SIGNATURE,
    TRACK_ID,
    TRACK_NAME,
)
from spark_app.sources.sample import dirt, spec
from spark_app.sources.sample.artists import ARTIST, FOLLOWERS, describe_artists
from spark_app.sources.sample.dirt import ARTIST_DIRT, ODD_GENRES, TRACK_DIRT, Dirt, planted
from spark_app.sources.sample.features import ROW
from spark_app.sources.sample.randomness import Draws
from spark_app.sources.sample.shape import Shape
from spark_app.sources.sample.sql import Sql, add, by_kind, text
from spark_app.sources.sample.tracks import PLANTED, TRACK_NUMBER, describe_tracks, plant_dirt

TRACKS_HEADER = (
    "id",
    "name",
    "album",
    "album_id",
    "artists",
    "artist_ids",
    "track_number",
    "disc_number",
    "explicit",
    *AUDIO12,
    "time_signature",
    "year",
    "release_date",
    "popularity",
)
ARTISTS_HEADER = ("name", "popularity", "genres", "followers", "id")
_WHOLE = (KEY, MODE, DURATION_MS)
_DATE_FORMATS = {"day": "yyyy-MM-dd", "month": "yyyy-MM", "year": "yyyy"}
_VALUE, _CELLS = "value", "_cells"


def track_lines(spark: SparkSession, *, tracks: int, seed: int, dirty_share: float) -> DataFrame:
    """Records of the tracks files, without their headers (``TRACKS_HEADER``).

    Args:
        spark: The session.
        tracks: Rows, [100, 100,000,000].
        seed: Any integer.
        dirty_share: Share of rows that carry dirt, [0, 0.5].

    Returns:
        One row per record, key ``[file, line]`` ``[file, line, value (bytes)]``. A file has 1,000,000 records; they
        stand in order in one partition that holds nothing else. ``line`` is 2 for the first record and grows by one
        with every record: a record whose name holds a line end is one row, has one ``line``, and does not push the
        following ones. ``value`` is a CSV record by RFC 4180 without its line end, UTF-8 unless dirty.
    """
    shape, draws = Shape(tracks), Draws(seed)
    rows = plant_dirt(_ordered(spark, tracks), shape=shape, draws=draws, dirty_share=dirty_share)
    made = describe_tracks(rows, shape=shape, draws=draws)
    return _records(made, _track_cells(), TRACK_DIRT, "tracks")


def artist_lines(spark: SparkSession, *, tracks: int, seed: int, dirty_share: float) -> DataFrame:
    """Records of the artists files, as ``track_lines`` gives those of the tracks; headers in ``ARTISTS_HEADER``."""
    shape, draws = Shape(tracks), Draws(seed)
    rows = plant_artist_dirt(_ordered(spark, shape.artists), shape=shape, draws=draws, dirty_share=dirty_share)
    made = describe_artists(rows, draws=draws)
    return _records(made, _artist_cells(), ARTIST_DIRT, "artists")


def plant_artist_dirt(rows: DataFrame, *, shape: Shape, draws: Draws, dirty_share: float) -> DataFrame:
    """Add to ``row_id`` the kind of dirt ``planted`` and ``artist``, whose data the row holds.

    A duplicate holds those of the first artist of its cluster; otherwise the row's own.
    """
    n = shape.artists_per_cluster
    dirty = add(rows, {PLANTED: planted(draws, ROW, kinds=ARTIST_DIRT, share=dirty_share, block=n)})
    return add(dirty, {ARTIST: f"if({PLANTED} = {text(dirt.DUPLICATE_ARTIST)}, {ROW} - {ROW} % {n}, {ROW})"})


def place(kind: str) -> dict[str, Sql]:
    """``file`` and ``line`` of a row id; ``kind`` is ``tracks`` or ``artists``."""
    return {
        FILE: f"concat('{kind}-', lpad(string({ROW} div {spec.ROWS_PER_FILE}), 5, '0'), '.csv')",
        LINE: f"{ROW} % {spec.ROWS_PER_FILE} + 2",
    }


def _ordered(spark: SparkSession, n: int) -> DataFrame:
    files = -(-n // spec.ROWS_PER_FILE)
    # The range is filled up to whole files, so that its partitions end where files end.
    return spark.range(0, files * spec.ROWS_PER_FILE, 1, files).where(f"id < {n}").withColumnRenamed("id", ROW)


def _track_cells() -> dict[str, Sql]:
    return {
        "id": TRACK_ID,
        "name": _track_name(),
        "album": ALBUM_NAME,
        "album_id": ALBUM_ID,
        "artists": braces(ARTIST_NAMES),
        "artist_ids": braces(ARTIST_IDS),
        "track_number": f"string({TRACK_NUMBER})",
        "disc_number": "'1'",
        "explicit": f"if({EXPLICIT}, 'True', 'False')",
        **{name: f"string(bigint({name}))" if name in _WHOLE else f"string({name})" for name in AUDIO12},
        "time_signature": f"string({TIME_SIGNATURE})",
        "year": f"string({RELEASE_YEAR})",
        "release_date": by_kind(
            RELEASE_DATE_PRECISION,
            {precision: f"date_format({RELEASE_DATE}, '{form}')" for precision, form in _DATE_FORMATS.items()},
            "NULL",
        ),
        "popularity": f"string({POPULARITY})",
    }


def _track_name() -> Sql:
    return by_kind(
        PLANTED,
        {
            **_bare(TRACK_NAME, TRACK_DIRT),
            dirt.NEWLINE_IN_NAME: f"concat({TRACK_NAME}, {text(chr(10) + 'Part Two')})",
            dirt.QUOTES_IN_NAME: f"""concat('"', {TRACK_NAME}, '", he said, "again"')""",
            dirt.LONG_NAME: f"rpad({TRACK_NAME}, {dirt.LONG_NAME_LENGTH}, ' la')",
        },
        TRACK_NAME,
    )


def _artist_cells() -> dict[str, Sql]:
    odd = by_kind(PLANTED, {kind: f"array({text(genre)})" for kind, genre in ODD_GENRES.items()}, "array()")
    return {
        "name": by_kind(PLANTED, _bare(ARTIST_NAME, ARTIST_DIRT), ARTIST_NAME),
        "popularity": f"string({POPULARITY})",
        "genres": f"""concat('{{"', array_join(concat({GENRES}, {odd}), '", "'), '"}}')""",
        "followers": f"string({FOLLOWERS})",
        "id": ARTIST_ID,
    }


def _bare(name: Sql, kinds: Mapping[str, Dirt]) -> dict[str, Sql]:
    # Bytes are put behind these names, which therefore must not end with a closing quote.
    return {kind: f"""translate({name}, '",', '')""" for kind, planned in kinds.items() if planned.name_bytes}


def braces(items: Sql) -> Sql:
    """A list as Python writes a set: ``{'a', "O'Brien"}``; items hold no backslash and never both kinds of quotes.

    >>> spark.range(1).selectExpr(braces("array('a', 'b')") + " AS t").collect()
    [Row(t="{'a', 'b'}")]
    """
    quoted = """if(contains(x, "'"), concat('"', x, '"'), concat("'", x, "'"))"""
    return f"concat('{{', array_join(transform({items}, x -> {quoted}), ', '), '}}')"


def _records(frame: DataFrame, cells: Mapping[str, Sql], kinds: Mapping[str, Dirt], kind: str) -> DataFrame:
    """Cells to CSV records: dirty texts put in, quoted, joined, fields cut off or added, bytes put behind the name."""
    delivered = [f"coalesce({dirt.delivered(kinds, PLANTED, name, cell)}, '')" for name, cell in cells.items()]
    quoted = r"""if(x rlike '[",\n\r]', concat('"', replace(x, '"', '""'), '"'), x)"""
    written = add(
        frame.select("*"),
        {_CELLS: f"transform(array({', '.join(delivered)}), x -> {quoted})", **place(kind)},
    )
    n_head = list(cells).index("name") + 1
    n_tail = by_kind(
        PLANTED, {k: str(len(cells) - n_head - d.drops) for k, d in kinds.items() if d.drops}, str(len(cells) - n_head)
    )
    more = by_kind(PLANTED, {k: text(",extra" * d.adds) for k, d in kinds.items() if d.adds}, "''")
    odd_bytes = by_kind(PLANTED, {k: f"X'{d.name_bytes}'" for k, d in kinds.items() if d.name_bytes}, "X''")
    head = f"array_join(slice({_CELLS}, 1, {n_head}), ',')"
    tail = f"concat(',', array_join(slice({_CELLS}, {n_head + 1}, {n_tail}), ','), {more})"
    return add(written, {_VALUE: f"concat(binary({head}), {odd_bytes}, binary({tail}))"}).select(FILE, LINE, _VALUE)
