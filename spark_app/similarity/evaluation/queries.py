"""Who is asked for and who can be found: one row per track with what it is known by and its vectors.

A query is ranked among the tracks whose own group (``curated.tracks.genre_group``) is its own. Unlike
``results.neighbours``, which searches a track of several groups in each of them, the evaluation asks for every track
once: one with many genres weighs no more than others, and no query counts twice in a mean over all. Tracks without a
genre make a pool of their own, ``unknown``: they count among all queries, but not as a genre.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_app.columns import (
    ALBUM_ID,
    ARTIST_ID,
    ARTIST_IDS,
    AUDIO12,
    AUDIO12_RANGE,
    AUDIO12_Z,
    GENRE_GROUP,
    POPULARITY,
    TRACK_ID,
    UNKNOWN,
)
from spark_app.features.cooccurrence import OTHER_ID
from spark_app.features.scales import METHODS, QUANTILE, ROBUST
from spark_app.features.scaling import FeatureScaler
from spark_app.similarity.evaluation.protocols import FAMILY, VARIANT_GROUP

RAW, Z, RANGE, Z_BY_GROUP = "none", "z", "range", "z_by_group"
_STORED = {RAW: AUDIO12, Z: AUDIO12_Z, RANGE: AUDIO12_RANGE}  # scaling -> columns of features.audio
_FITTED = (ROBUST, QUANTILE)
SCALINGS = (*_STORED, Z_BY_GROUP, *_FITTED)

UNIT = "unit"
IS_QUERY = "is_query"
_PLACES = 1_000_000_000


def evaluation_queries(tracks: DataFrame, variants: DataFrame) -> DataFrame:
    """One row per track, key ``track_id``
    ``[track_id, genre_group, artist_id, album_id, variant_group, popularity, unit]``.

    Args:
        tracks: ``[track_id, genre_group, artist_ids, album_id, popularity]``; without a group, ``unknown``.
        variants: Near-twins, key ``track_id`` ``[track_id, variant_group]``; a track without a row has none.

    Returns:
        ``artist_id`` is the first artist, null where there is none; ``variant_group`` is never null. ``unit`` is what
        the bootstrap draws, as a number: the artist, or the track where it has none.
    """
    artist = F.get(ARTIST_IDS, F.lit(0))
    return tracks.join(variants.select(TRACK_ID, VARIANT_GROUP), on=TRACK_ID, how="left").select(
        TRACK_ID,
        F.coalesce(GENRE_GROUP, F.lit(UNKNOWN)).alias(GENRE_GROUP),
        artist.alias(ARTIST_ID),
        ALBUM_ID,
        F.coalesce(VARIANT_GROUP, TRACK_ID).alias(VARIANT_GROUP),
        F.col(POPULARITY).cast("double").alias(POPULARITY),
        F.xxhash64(F.coalesce(artist, TRACK_ID)).alias(UNIT),
    )


def with_families(queries: DataFrame, truth: DataFrame) -> DataFrame:
    """Queries with ``family``: the song that a track of the sample catalogue is a copy of, itself where it is none.

    Args:
        queries: Key ``track_id``.
        truth: What was planted, a row per record ``[track_id, variant_of]``; each copy has one.
    """
    copies = truth.where(F.col("variant_of").isNotNull()).select(TRACK_ID, F.col("variant_of").alias(FAMILY))
    return queries.join(copies, on=TRACK_ID, how="left").withColumn(FAMILY, F.coalesce(FAMILY, TRACK_ID))


def with_related(queries: DataFrame, pairs: DataFrame, *, name: str) -> DataFrame:
    """Queries with an array ``name`` of the tracks of their group that are relevant to each, null where none is.

    Args:
        queries: Key ``track_id`` ``[track_id, genre_group, ...]``.
        pairs: ``[track_id, other_id]``; repeated pairs count once.
        name: Of the column.
    """
    # Tracks of other groups are nobody's candidates; their ids would only fill the memory of tasks.
    groups = queries.select(TRACK_ID, GENRE_GROUP)
    others = groups.withColumnRenamed(TRACK_ID, OTHER_ID)
    inside = pairs.join(groups, on=TRACK_ID, how="inner").join(others, on=[OTHER_ID, GENRE_GROUP], how="left_semi")
    related = inside.groupBy(TRACK_ID).agg(F.collect_set(OTHER_ID).alias(name))
    return queries.join(related, on=TRACK_ID, how="left")


def with_sample(queries: DataFrame, *, share: float, seed: int) -> DataFrame:
    """Queries with ``is_query``, true for about ``share`` of them, by a hash of id and seed; all stay candidates."""
    place = F.pmod(F.xxhash64(TRACK_ID, F.lit(seed).cast("long")), F.lit(_PLACES))
    return queries.withColumn(IS_QUERY, place < F.lit(share * _PLACES))


def vector_columns(scaling: str) -> list[str]:
    """Names of the columns that hold the vectors of a scaling."""
    return [f"{scaling}__{name}" for name in AUDIO12]


def with_vectors(
    queries: DataFrame, audio: DataFrame, by_group: DataFrame | None, *, scalings: Sequence[str]
) -> DataFrame:
    """Queries with their vectors: the columns of ``vector_columns`` for every scaling.

    Fits what the tables do not hold (``robust`` and ``quantile``, one pass each).

    Args:
        queries: ``[track_id, genre_group, ...]``, key ``track_id``.
        audio: ``features.audio``.
        by_group: ``features.audio_by_group``; of use for ``z_by_group`` alone.
        scalings: Of ``SCALINGS``: ``none`` are the features in their own units, ``range`` the z-scores on [-1, 1].

    Returns:
        Only tracks that have every vector, and nothing but finite numbers in it: all scalings are compared on the
        same queries and candidates.
    """
    stored = {scaling: _STORED[scaling] for scaling in scalings if scaling in _STORED}
    frames = [audio.select(TRACK_ID, *_renamed(stored))] if stored else []
    frames += [_fitted(audio, scaling) for scaling in scalings if scaling in _FITTED]
    found = reduce(lambda left, right: left.join(right, on=TRACK_ID, how="inner"), frames, queries)
    if Z_BY_GROUP in scalings and by_group is not None:
        vectors = by_group.select(TRACK_ID, GENRE_GROUP, *_renamed({Z_BY_GROUP: AUDIO12_Z}))
        found = found.join(vectors, on=[TRACK_ID, GENRE_GROUP], how="inner")
    return found.where(_is_finite([name for scaling in scalings for name in vector_columns(scaling)]))


def _renamed(columns: Mapping[str, Sequence[str]]) -> list[Column]:
    return [
        F.col(name).alias(new)
        for scaling, names in columns.items()
        for name, new in zip(names, vector_columns(scaling), strict=True)
    ]


def _fitted(audio: DataFrame, scaling: str) -> DataFrame:
    features = audio.select(TRACK_ID, *AUDIO12)
    scaled = FeatureScaler(inputCols=list(AUDIO12), method=scaling).fit(features).transform(features)
    (suffix,) = METHODS[scaling]
    return scaled.select(TRACK_ID, *_renamed({scaling: [name + suffix for name in AUDIO12]}))


def _is_finite(names: Sequence[str]) -> Column:
    # Spark holds NaN for larger than infinity; null is not below it either.
    return reduce(lambda left, right: left & right, [F.abs(F.col(name)) < F.lit(float("inf")) for name in names])
