"""features.audio -> models.genre_clusters, models.cluster_cards: K-Means in every genre group."""

from __future__ import annotations

from pyspark import StorageLevel
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from spark_app.cluster.cards import assignments, cluster_cards
from spark_app.cluster.kmeans import cluster_groups
from spark_app.columns import GENRE_GROUP, UNKNOWN
from spark_app.curate.membership import group_members
from spark_app.errors import SkipStep
from spark_app.jobs.base import Context, Job, Outcome, counted
from spark_app.similarity.groups import usable_members, why_unusable


def run(context: Context) -> Outcome:
    """Cluster the usable tracks of each group, write who is where and what each cluster is."""
    tables, settings = context.tables, context.settings
    pairs = group_members(tables.read("curated.tracks"), tables.read("curated.track_genres"))
    pairs = pairs.where(F.col(GENRE_GROUP) != UNKNOWN)  # the contract: outside clusters
    n_pairs = pairs.count()
    if not n_pairs:
        raise SkipStep("no genres")
    audio = tables.read("features.audio")
    if reason := why_unusable(audio):
        raise SkipStep(reason)
    clustered = cluster_groups(
        usable_members(pairs, audio), k=settings.cluster.k, starts=settings.cluster.starts, seed=settings.run.seed
    ).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        tables.write("models.genre_clusters", assignments(clustered))
        tables.write("models.cluster_cards", cluster_cards(clustered))
        groups = _groups(clustered)
    finally:
        clustered.unpersist()
    context.run.params({"k": settings.cluster.k, "starts": settings.cluster.starts})
    context.run.metrics({f"inertia_{row[GENRE_GROUP]}".replace(" ", "_"): row["inertia"] for row in groups})
    return _outcome(groups, n_pairs=n_pairs)


def _groups(clustered: DataFrame) -> list[Row]:
    """One row per genre group."""
    of_groups = cluster_cards(clustered).groupBy(GENRE_GROUP)
    return of_groups.agg(
        F.count("*").alias("clusters"), F.sum("n_tracks").alias("n_tracks"), F.sum("inertia").alias("inertia")
    ).collect()  # at most a few dozen groups


def _outcome(groups: list[Row], *, n_pairs: int) -> Outcome:
    # Rows of this job are pairs of a track and a group that can be clustered; the others are counted in words,
    # since a track without all features is no fault of this job's input.
    usable = sum(row["n_tracks"] for row in groups)
    detail = f"{counted(sum(row['clusters'] for row in groups), 'cluster')} in {counted(len(groups), 'group')}"
    if n_pairs > usable:
        detail += f", {n_pairs - usable:,} skipped_null"
    return Outcome(read=usable, kept=usable, detail=detail)


JOB = Job(
    name="cluster_genres",
    summary="K-Means in every genre group, with a card per cluster",
    run=run,
    reads=("features.audio", "curated.tracks", "curated.track_genres"),
)
