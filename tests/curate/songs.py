"""Curated tracks for tests of near-twins: name what matters, the rest is one plain song of one artist."""

from __future__ import annotations

from typing import Any

from pyspark.sql import DataFrame, SparkSession

from spark_app.schemas import TABLES

PLAIN_SONG: dict[str, Any] = {
    "track_name": "Song",
    "artist_ids": ["a"],
    "danceability": 0.5,
    "energy": 0.6,
    "key": 3.0,
    "loudness": -7.0,
    "mode": 1.0,
    "speechiness": 0.05,
    "acousticness": 0.2,
    "instrumentalness": 0.0,
    "liveness": 0.1,
    "valence": 0.4,
    "tempo": 120.0,
    "duration_ms": 200_000.0,
}


def songs(spark: SparkSession, *rows: dict[str, Any]) -> DataFrame:
    """Rows of ``curated.tracks``; ids are ``t1``, ``t2`` ... where a row does not say otherwise."""
    schema = TABLES["curated.tracks"].struct
    full = [{**PLAIN_SONG, "track_id": f"t{n}", **row} for n, row in enumerate(rows, start=1)]
    return spark.createDataFrame([tuple(row.get(name) for name in schema.names) for row in full], schema)
