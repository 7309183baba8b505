"""Which track of the catalogue an entry of a playlist means: by id, else by title and artist."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_app.columns import (
    ARTIST_NAME,
    ARTIST_NAMES,
    DURATION_MS,
    FILE,
    LINE,
    PLAYLIST_ID,
    POPULARITY,
    POSITION,
    SOURCE,
    TRACK_ID,
    TRACK_NAME,
)
from spark_app.curate.playlists import SOURCE_TRACK_ID
from spark_app.curate.text import normal_name
from spark_app.curate.variants import asides, marks_of, title_key

MATCH_KIND = "match_kind"
N_CANDIDATES = "n_candidates"
BY_ID, BY_TITLE = "id", "title_artist"

_MOST_CANDIDATES = 100  # of one title and artist; the most popular ones
_UNKNOWN_DURATION = float("inf")


def matched(entries: DataFrame, tracks: DataFrame, *, by_title: bool = True) -> DataFrame:
    """The rows of ``curated.playlist_tracks``.

    An entry is matched by its id where the catalogue has it, else by title and artist: the first artist's name in lower
    case, and the title as near-twins share it (:func:`variants.title_key`). Of several tracks that title and artist can
    mean, one wins: the same marks in the title (live, remaster ...), then the nearest duration (an unknown one is
    farthest), then the most popular, then the smallest id.

    Args:
        entries: One row per entry, key ``[playlist_id, position]``, of :func:`playlists.typed_entries`.
        tracks: ``curated.tracks``.
        by_title: False where no entry has a title, which saves reading those of all tracks.

    Returns:
        One row per entry; ``track_id`` and ``match_kind`` are null where nothing matches, ``n_candidates`` is null
        where title and artist were not asked.
    """
    known = tracks.select(F.col(TRACK_ID).alias("_known"))
    own = F.concat_ws("\x00", SOURCE, FILE, LINE)  # a key that no track has: nulls would all lie in one partition
    by_id = entries.withColumn("_id", F.coalesce(SOURCE_TRACK_ID, own)).join(
        known, on=F.col("_id") == F.col("_known"), how="left"
    )
    asked = by_id.withColumn("_asked", F.when(F.col("_known").isNull(), _key(F.col(TRACK_NAME), F.col(ARTIST_NAME))))
    titles = _titles(tracks if by_title else tracks.limit(0))
    joined = asked.withColumn("_key", F.coalesce("_asked", own)).join(titles, on="_key", how="left")
    said = asides(F.col(TRACK_NAME))
    best = _best(F.col("_candidates"), F.when(F.col("_candidates").isNotNull(), marks_of(said)), F.col(DURATION_MS))
    return joined.select(
        PLAYLIST_ID,
        POSITION,
        F.coalesce("_known", best).alias(TRACK_ID),
        F.when(F.col("_known").isNotNull(), BY_ID).when(F.col("_n").isNotNull(), BY_TITLE).alias(MATCH_KIND),
        F.when(F.col("_asked").isNotNull(), F.coalesce("_n", F.lit(0))).alias(N_CANDIDATES),
        SOURCE_TRACK_ID,
        TRACK_NAME,
        ARTIST_NAME,
        DURATION_MS,
        SOURCE,
        FILE,
        LINE,
    )


def _key(title: Column, artist: Column) -> Column:
    """Title and artist as one text; null where one of them is."""
    return F.concat(normal_name(artist), F.lit("\x00"), title_key(title))


def _titles(tracks: DataFrame) -> DataFrame:
    """One row per title and first artist, key ``_key`` ``[_key, _n, _candidates]``."""
    one = F.struct(
        (-F.coalesce(POPULARITY, F.lit(-1))).alias("unpopularity"),
        TRACK_ID,
        marks_of(asides(F.col(TRACK_NAME))).alias("marks"),
        DURATION_MS,
    )
    key = _key(F.col(TRACK_NAME), F.get(ARTIST_NAMES, F.lit(0)))
    keyed = tracks.select(key.alias("_key"), one.alias("_one")).dropna(subset=["_key"])
    return keyed.groupBy("_key").agg(
        F.count(F.lit(1)).cast("int").alias("_n"),
        F.slice(F.array_sort(F.collect_list("_one")), 1, _MOST_CANDIDATES).alias("_candidates"),
    )


def _best(candidates: Column, marks: Column, duration: Column) -> Column:
    """Id of the candidate that an entry means; null without candidates."""

    def rank(one: Column) -> Column:
        apart = F.coalesce(F.abs(one[DURATION_MS] - duration), F.lit(_UNKNOWN_DURATION))
        return F.struct(
            (one["marks"] != marks).alias("differs"),
            apart.alias("apart"),
            one["unpopularity"].alias("unpopularity"),
            one[TRACK_ID].alias(TRACK_ID),
        )

    return F.array_min(F.transform(candidates, rank))[TRACK_ID]


def match_counts(playlist_tracks: DataFrame) -> DataFrame:
    """How much of ``curated.playlist_tracks`` was matched, and how: one row of counts.

    Returns:
        ``[playlists, entries, by_id, by_title, ambiguous, distinct_tracks, distinct_matched]``. ``ambiguous`` are
        entries whose title and artist can mean several tracks; tracks are distinct by id, title and artist as
        delivered.
    """
    is_titled = F.col(MATCH_KIND) == BY_TITLE
    delivered = F.struct(SOURCE_TRACK_ID, TRACK_NAME, ARTIST_NAME)
    return playlist_tracks.agg(
        F.count_distinct(PLAYLIST_ID).alias("playlists"),
        F.count(F.lit(1)).alias("entries"),
        F.count_if(F.col(MATCH_KIND) == BY_ID).alias("by_id"),
        F.count_if(is_titled).alias("by_title"),
        F.count_if(is_titled & (F.col(N_CANDIDATES) > 1)).alias("ambiguous"),
        F.count_distinct(delivered).alias("distinct_tracks"),
        F.count_distinct(F.when(F.col(TRACK_ID).isNotNull(), delivered)).alias("distinct_matched"),
    )
