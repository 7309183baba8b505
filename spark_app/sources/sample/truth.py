"""What the sample catalogue planted in each row: the answers that tests and later issues look for."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession

from spark_app.columns import FILE, GENRE, LINE, SOURCE, TRACK_ID
from spark_app.sources.sample import spec
from spark_app.sources.sample.artists import ARTIST, group_index
from spark_app.sources.sample.features import GROUP, MARK, ROW
from spark_app.sources.sample.lines import place, plant_artist_dirt
from spark_app.sources.sample.randomness import Draws
from spark_app.sources.sample.shape import Shape
from spark_app.sources.sample.sql import add, item_at
from spark_app.sources.sample.tracks import PLANTED, VARIANT_OF, place_tracks, plant_dirt

_COLUMNS = (SOURCE, FILE, LINE, ROW, TRACK_ID, PLANTED, VARIANT_OF, MARK, GENRE)


def truth(spark: SparkSession, *, tracks: int, seed: int, dirty_share: float) -> DataFrame:
    """What every record of ``track_lines`` and ``artist_lines`` holds.

    Args:
        spark: The session.
        tracks: Rows of the tracks files, [100, 100,000,000].
        seed: Any integer.
        dirty_share: Share of rows that carry dirt, [0, 0.5].

    Returns:
        One row per record, key ``[source, file, line]``, the columns of ``ops.sample_truth``. ``source`` is
        ``sample``. ``planted`` is a key of ``TRACK_DIRT`` or ``ARTIST_DIRT``, whose ``fate`` says what becomes of
        the row under the default rules; empty for a clean row. ``genre`` is the main group of the (first) artist.
        Of a track, ``track_id`` is the id it stands under (or would, for ``missing_id``), ``variant_of`` the
        original's id of a copy, ``mark`` a key of ``spec.MARKS``. Artist rows have null ``track_id`` and
        ``variant_of``. All values are meant, not delivered: a track can lose its artist or its genres to dirt.
    """
    shape, draws = Shape(tracks), Draws(seed)
    rows = plant_dirt(_numbered(spark, tracks), shape=shape, draws=draws, dirty_share=dirty_share)
    of_tracks = place_tracks(rows, shape=shape, draws=draws)
    artists = plant_artist_dirt(_numbered(spark, shape.artists), shape=shape, draws=draws, dirty_share=dirty_share)
    unknown = {TRACK_ID: "string(NULL)", VARIANT_OF: "string(NULL)", MARK: "''"}
    of_artists = add(artists, {GROUP: group_index(draws, ARTIST), **unknown})
    return _finished(of_tracks, "tracks").unionByName(_finished(of_artists, "artists"))


def _finished(frame: DataFrame, kind: str) -> DataFrame:
    named = {SOURCE: f"'{spec.SAMPLE_SOURCE}'", GENRE: item_at(spec.GROUP_NAMES, GROUP), **place(kind)}
    return add(frame, named).select(*_COLUMNS)


def _numbered(spark: SparkSession, n: int) -> DataFrame:
    return spark.range(n).withColumnRenamed("id", ROW)
