"""Raw frames for curation tests: name what matters, the rest is a plain valid row."""

from __future__ import annotations

import itertools
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from spark_app.curate.reading import Reading
from spark_app.schemas import TABLES
from spark_app.settings import load_settings

CURATE = load_settings().curate
DIALECTS = {"braces": "braces", "python": "python", "semi": "semicolon", "one": "single"}
READING = Reading(
    dialects=DIALECTS,
    limits=CURATE.limits,
    sentinels=CURATE.sentinels,
    placeholders=CURATE.placeholder_artists,
    max_text_length=CURATE.max_text_length,
    max_genre_length=CURATE.max_genre_length,
)
PLAIN_TRACK: dict[str, Any] = {
    "source": "s",
    "file": "t.csv",
    "layout": "one",
    "track_name": "Song",
    "artist_names": "Ann",
    "danceability": "0.5",
    "energy": "0.6",
    "key": "5",
    "loudness": "-7.25",
    "mode": "1",
    "speechiness": "0.05",
    "acousticness": "0.1",
    "instrumentalness": "0",
    "liveness": "0.2",
    "valence": "0.3",
    "tempo": "120.5",
    "duration_ms": "200000",
}
PLAIN_ENTRY: dict[str, Any] = {
    "source": "s",
    "file": "p.json",
    "layout": "playlist_tracks",
    "playlist_id": "7",
    "position": "0",
    "track_name": "Song",
    "artist_name": "Ann",
}
PLAIN_ARTIST: dict[str, Any] = {"source": "s", "file": "a.csv", "layout": "braces"}


def raw_tracks(spark: SparkSession, *rows: dict[str, Any]) -> DataFrame:
    """Raw tracks; ids are ``t1``, ``t2`` ... and lines 2, 3 ... where a row does not say otherwise."""
    return _frame(spark, "raw.tracks", PLAIN_TRACK, "track_id", "t", rows)


def raw_artists(spark: SparkSession, *rows: dict[str, Any]) -> DataFrame:
    """Raw artists, likewise ``a1``, ``a2`` ..."""
    return _frame(spark, "raw.artists", PLAIN_ARTIST, "artist_id", "a", rows)


def raw_playlists(spark: SparkSession, *rows: dict[str, Any]) -> DataFrame:
    """Raw playlists, likewise ``t1``, ``t2`` ...; all are the first track of playlist 7."""
    return _frame(spark, "raw.playlists", PLAIN_ENTRY, "track_id", "t", rows)


def _frame(
    spark: SparkSession, table: str, plain: dict[str, Any], key: str, letter: str, rows: tuple[dict[str, Any], ...]
) -> DataFrame:
    schema = TABLES[table].struct
    full = [{**plain, key: f"{letter}{n}", "line": n + 1, **row} for n, row in zip(itertools.count(1), rows)]
    return spark.createDataFrame([tuple(row.get(name) for name in schema.names) for row in full], schema)
