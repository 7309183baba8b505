"""results.neighbours -> results.recommendations: a ranked list with reasons for every track."""

from __future__ import annotations

from pyspark.sql import functions as F

from spark_app.columns import TRACK_ID
from spark_app.errors import SkipStep
from spark_app.jobs.base import Context, Job, Outcome
from spark_app.recommend.rank import SEED_ID, candidates, described_tracks, recommendations
from spark_app.schemas import TABLES

_TABLE = "results.recommendations"
_CLUSTERS = "models.genre_clusters"


def run(context: Context) -> Outcome:
    """Rank each track's neighbours over its groups, write the lists, count the short ones."""
    tables, settings = context.tables, context.settings.recommend
    if not tables.exists("results.neighbours") or tables.read("results.neighbours").isEmpty():
        raise SkipStep("no neighbours")
    neighbours = tables.read("results.neighbours")
    # A catalogue without genres has no clusters; its neighbours are ranked by distance alone.
    has_clusters = tables.exists(_CLUSTERS)
    clusters = tables.read(_CLUSTERS) if has_clusters else context.spark.createDataFrame([], TABLES[_CLUSTERS].struct)
    described = described_tracks(
        tables.read("curated.tracks"), tables.read("curated.variants"), tables.read("features.audio")
    )
    ranked = recommendations(
        candidates(neighbours, clusters), described, k=settings.k, max_per_artist=settings.max_per_artist
    )
    tables.write(_TABLE, ranked)
    return _outcome(context)


def _outcome(context: Context) -> Outcome:
    k = context.settings.recommend.k
    asked = context.tables.read("results.neighbours").select(TRACK_ID).distinct().count()
    lists = context.tables.read(_TABLE).groupBy(SEED_ID).agg(F.count("*").alias("n"))
    row = lists.agg(F.count("*").alias("lists"), F.sum("n").alias("rows"), F.count_if(F.col("n") == k).alias("full"))
    counts = row.collect()[0]  # one row
    short = asked - counts["full"]
    context.run.metrics({"seeds": asked, "recommendations": counts["rows"] or 0, "short_lists": short})
    detail = f"{counts['rows'] or 0:,} recommendations, {short:,} lists shorter than {k}"
    return Outcome(read=asked, kept=asked, detail=detail)


JOB = Job(
    name="recommend_tracks",
    summary="ranked neighbours with a reason each, no near-twins, few per artist",
    run=run,
    reads=("results.neighbours", _CLUSTERS, "curated.tracks", "curated.variants", "features.audio"),
)
