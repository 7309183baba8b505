"""models.neighbour_index -> results.recommendations: a ranked list with reasons for every track, and its evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark import StorageLevel
from pyspark.sql import functions as F

from spark_app.columns import TRACK_ID
from spark_app.errors import SkipStep
from spark_app.jobs.base import Context, Job, Outcome
from spark_app.jobs.neighbour_index import deeper_neighbours
from spark_app.jobs.playlist_pairs import PLAYLIST_TRACKS
from spark_app.jobs.recommendation_evaluation import evaluate
from spark_app.recommend.candidates import SEED_ID, allowed, candidates, described_tracks
from spark_app.recommend.choose import Choice
from spark_app.recommend.lists import recommendations
from spark_app.schemas import TABLES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_TABLE = "results.recommendations"
_CLUSTERS = "models.genre_clusters"


def run(context: Context) -> Outcome:
    """Rank each track's neighbours over its groups, write the lists, count the short ones, measure a sample."""
    tables, settings = context.tables, context.settings.recommend
    if not tables.exists("results.neighbours") or tables.read("results.neighbours").isEmpty():
        raise SkipStep("no neighbours")
    described = described_tracks(
        tables.read("curated.tracks"), tables.read("curated.variants"), tables.read("features.audio")
    ).persist(StorageLevel.MEMORY_AND_DISK)
    choice = Choice(k=settings.k, per_artist=settings.max_per_artist, relevance=settings.relevance)
    neighbours = deeper_neighbours(context, k=settings.pool)
    pairs = _without_excluded(context, candidates(neighbours, _clusters(context)))
    pairs = pairs.persist(StorageLevel.MEMORY_AND_DISK)
    try:
        tables.write(_TABLE, recommendations(pairs, described, choice))
        told = evaluate(context, pairs=pairs, described=described, choice=choice)
    finally:
        pairs.unpersist()
        described.unpersist()
    return _outcome(context, told)


def _clusters(context: Context) -> DataFrame:
    """A catalogue without genres has no clusters; its neighbours are ranked by distance alone."""
    if context.tables.exists(_CLUSTERS):
        return context.tables.read(_CLUSTERS)
    return context.spark.createDataFrame([], TABLES[_CLUSTERS].struct)


def _without_excluded(context: Context, pairs: DataFrame) -> DataFrame:
    excluded = context.settings.recommend.exclude
    if not excluded.artists and not excluded.tracks:
        return pairs
    tracks = context.tables.read("curated.tracks")
    kept = allowed(tracks, without_artists=excluded.artists, without_tracks=excluded.tracks)
    return pairs.join(kept, on=TRACK_ID, how="left_semi")


def _outcome(context: Context, told: str) -> Outcome:
    k = context.settings.recommend.k
    asked = context.tables.read("results.neighbours").select(TRACK_ID).distinct().count()
    lists = context.tables.read(_TABLE).groupBy(SEED_ID).agg(F.count("*").alias("n"))
    row = lists.agg(F.count("*").alias("lists"), F.sum("n").alias("rows"), F.count_if(F.col("n") == k).alias("full"))
    counts = row.collect()[0]  # one row
    short = asked - counts["full"]
    context.run.metrics({"seeds": asked, "recommendations": counts["rows"] or 0, "short_lists": short})
    detail = f"{counts['rows'] or 0:,} recommendations, {short:,} lists shorter than {k}"
    return Outcome(read=asked, kept=asked, detail=f"{detail}, {told}" if told else detail)


JOB = Job(
    name="recommend_tracks",
    summary="varied neighbours with a reason each, no near-twins, few per artist; measured beside document 004's",
    run=run,
    reads=(
        "results.neighbours",
        "models.neighbour_index",
        _CLUSTERS,
        "curated.tracks",
        "curated.variants",
        "features.audio",
        PLAYLIST_TRACKS,
    ),
)
