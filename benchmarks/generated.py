"""Generated catalogues for benchmarks: features with the precision and skew of Spotify's, made by Spark itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Column
from pyspark.sql import functions as F

from spark_app.columns import AUDIO12, DURATION_MS, GENRE_GROUP, KEY, LOUDNESS, MODE, TEMPO, TRACK_ID, UNKNOWN
from spark_app.schemas import TABLES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from spark_app.jobs.base import Context

GROUPS = tuple(f"group {number:02}" for number in range(15))
_PER_ARTIST = 10


def features(spark: SparkSession, *, rows: int) -> DataFrame:
    """``[id, track_id, *AUDIO12]``, the same for the same number of rows, no nulls."""
    ids = spark.range(rows)
    made = [_feature(name, number).alias(name) for number, name in enumerate(AUDIO12)]
    return ids.select("id", F.format_string("t%010d", "id").alias(TRACK_ID), *made)


def write_features(spark: SparkSession, folder: str, *, rows: int) -> None:
    """Write the features alone as a Delta table."""
    features(spark, rows=rows).drop("id").write.format("delta").mode("overwrite").save(folder)


def write_catalogue(context: Context, *, rows: int, has_genres: bool = True) -> None:
    """Write the curated tables that jobs on features and genres read: that many tracks, ten to an artist, no twins."""
    named = F.element_at(F.array(*[F.lit(name) for name in GROUPS]), (_group_number() + 1).cast("int"))
    group = named if has_genres else F.lit(UNKNOWN)
    tracks = features(context.spark, rows=rows)
    artist = F.format_string("a%09d", F.floor(F.col("id") / _PER_ARTIST))
    own = {
        "artist_ids": F.array(artist),
        GENRE_GROUP: group,
        "genre": group if has_genres else F.lit(None).cast("string"),
        "training_allowed": F.lit(True),
    }
    schema = TABLES["curated.tracks"]
    known = tracks.withColumns(own)
    columns = [
        F.col(field.name) if field.name in known.columns else F.lit(None).cast(field.dataType).alias(field.name)
        for field in schema.struct.fields
    ]
    context.tables.write(schema.name, known.select(*columns))
    genres = known.select(
        TRACK_ID,
        F.col(GENRE_GROUP).alias("genre"),
        GENRE_GROUP,
        F.lit(1).alias("position"),
        F.lit("track").alias("origin"),
        F.lit(1).alias("n_artists"),
    )
    context.tables.write("curated.track_genres", genres)
    credits = known.select(TRACK_ID, artist.alias("artist_id"), F.lit(1).alias("position"))
    context.tables.write("curated.track_artists", credits)
    context.tables.write_rows("curated.variants", [])


def _group_number() -> Column:
    return F.pmod(F.xxhash64(F.floor(F.col("id") / _PER_ARTIST)), F.lit(len(GROUPS)))


def _uniform(seed: int) -> Column:
    """(0, 1), from the row's id alone."""
    return (F.pmod(F.xxhash64("id", F.lit(seed)), F.lit(1 << 30)) + 0.5) / (1 << 30)


def _feature(name: str, seed: int) -> Column:
    u, v = _uniform(2 * seed), _uniform(2 * seed + 1)
    normal = F.sqrt(-2 * F.log(u)) * F.cos(6.283185307179586 * v)
    # Every group stands elsewhere in every feature, in [0, 1), so that a classifier has something to learn.
    shift = F.pmod(_group_number() * (2 * seed + 1), F.lit(len(GROUPS))) / len(GROUPS)
    if name == KEY:
        return F.floor(u * 12).cast("double")
    if name == MODE:
        return (u < 0.6).cast("double")
    if name == LOUDNESS:
        return F.round(-11 + 3 * normal + 6 * shift, 3)
    if name == TEMPO:
        return F.round(F.abs(120 + 28 * normal) + 1, 3)
    if name == DURATION_MS:
        return F.round(210_000 * F.exp(0.3 * normal), 0)
    return F.round(F.pow(u, 0.5 + 3 * shift), 3)
