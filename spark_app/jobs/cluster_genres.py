"""features.audio -> models.genre_clusters, models.cluster_cards, results.cluster_drift: K-Means per genre group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.cluster.cards import VERSION, Card, assignments, cluster_cards, exemplar_rows
from spark_app.cluster.drift import BEFORE, GONE, Shared, drift_rows, is_unchanged, shared_tracks, version_of
from spark_app.cluster.groups import cluster_groups, with_artists
from spark_app.cluster.plan import ClusterPlan
from spark_app.columns import ALL, AUDIO12, AUDIO12_Z, CLUSTER, GENRE_GROUP, TRACK_ID, UNKNOWN
from spark_app.curate.membership import group_members
from spark_app.errors import SkipStep
from spark_app.features.stats import moments_of
from spark_app.jobs.base import Context, Job, Outcome, counted
from spark_app.report.clusters import profile_figure
from spark_app.schemas import TABLES
from spark_app.similarity.groups import has_all_features, why_unusable

_CLUSTERS, _CARDS, _DRIFT = "models.genre_clusters", "models.cluster_cards", "results.cluster_drift"


def run(context: Context) -> Outcome:
    """Cluster the usable tracks of each group, write who is where, what each cluster is, and what it was before."""
    tables = context.tables
    tracks, audio = tables.read("curated.tracks"), tables.read("features.audio")
    pairs = group_members(tracks, tables.read("curated.track_genres"))
    pairs = pairs.where(F.col(GENRE_GROUP) != UNKNOWN)  # the contract: outside clusters
    scored = pairs.join(audio.select(TRACK_ID, *AUDIO12_Z), on=TRACK_ID, how="left")
    scored = with_artists(scored, tracks).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        sizes, n_pairs = _sizes(scored)
        if not n_pairs:
            raise _skipped(context, "no genres")
        if not sizes:
            raise _skipped(context, why_unusable(audio) or "no track has all audio features")
        clustered = cluster_groups(scored.where(has_all_features()), sizes=sizes, plan=_plan(context))
        cards = _written(context, clustered)
    finally:
        scored.unpersist()
    _record(context, cards)
    return _outcome(cards, n_pairs=n_pairs)


def _sizes(scored: DataFrame) -> tuple[dict[str, int], int]:
    """Members with all features per group, the biggest group first and none that is empty; and all members."""
    of_groups = scored.groupBy(GENRE_GROUP).agg(F.count("*").alias("all"), F.count_if(has_all_features()).alias("n"))
    rows = sorted(of_groups.collect(), key=lambda row: (-row["n"], row[GENRE_GROUP]))  # at most some dozens of groups
    return {row[GENRE_GROUP]: row["n"] for row in rows if row["n"]}, sum(row["all"] for row in rows)


def _plan(context: Context) -> ClusterPlan:
    return ClusterPlan(**context.settings.cluster.model_dump(), seed=context.settings.run.seed)


def _moments(context: Context) -> tuple[list[float], list[float]]:
    """Means and standard deviations of the features over all tracks, which made the z-scores."""
    stats = context.tables.read("features.audio_stats").where(F.col(GENRE_GROUP) == ALL)
    found = moments_of([row.asDict() for row in stats.collect()], columns=AUDIO12)[ALL]  # twelve rows
    return [m.mean for m in found], [0.0 if m.is_constant else m.std for m in found]


def _written(context: Context, clustered: DataFrame) -> list[Card]:
    """Drift, cards, members, in this order: a run that is stopped in between and run again writes the same."""
    tables = context.tables
    means, deviations = _moments(context)
    clustered = clustered.persist(StorageLevel.MEMORY_AND_DISK)
    try:
        found = [row.asDict() for row in exemplar_rows(clustered).collect()]  # one row per cluster
        cards = cluster_cards(found, means=means, deviations=deviations)
        version = _with_drift(context, clustered, cards, deviations)
        rows = [{**card, VERSION: version} for card in cards]
        tables.write_rows(_CARDS, [[row[name] for name in TABLES[_CARDS].columns] for row in rows])
        tables.write(_CLUSTERS, assignments(clustered, version=version))
    finally:
        clustered.unpersist()
    return cards


def _with_drift(context: Context, clustered: DataFrame, cards: list[Card], deviations: list[float]) -> int:
    """The version of these clusters; where it is a new one, its drift is written."""
    stored = _stored_cards(context)
    before = version_of(stored)
    if before and is_unchanged(stored, cards):
        return before
    last = before or _last_gone(context)
    shared = _shared(context, clustered, before) if before else {}
    rows = drift_rows(stored if before else [], cards, shared=shared, deviations=deviations, version=last + 1)
    _write_drift(context, rows, after=last)
    return last + 1


def _skipped(context: Context, reason: str) -> SkipStep:
    """There are no clusters any more: the drift says so, and stays, so that no version is given twice."""
    stored = _stored_cards(context)
    if before := version_of(stored):
        rows = drift_rows(stored, [], shared={}, deviations=[], version=before + 1)
        _write_drift(context, rows, after=before)
    return SkipStep(reason, keep=(_DRIFT,))


def _stored_cards(context: Context) -> list[dict[str, Any]]:
    if not context.tables.exists(_CARDS):
        return []
    return [row.asDict() for row in context.tables.read(_CARDS).collect()]  # one row per cluster


def _last_gone(context: Context) -> int:
    """The version in which a skipped step saw the clusters go, 0 where none did. Without cards, what the drift tells
    beyond it comes from a run that was stopped before it wrote any.
    """
    if not context.tables.exists(_DRIFT):
        return 0
    gone = context.tables.read(_DRIFT).where(F.col("change") == GONE)
    return gone.agg(F.max(VERSION)).collect()[0][0] or 0  # one number


def _write_drift(context: Context, rows: Sequence[Mapping[str, Any]], *, after: int) -> None:
    """Write the rows of the version that follows; what a stopped run told of it gives way."""
    tables = context.tables
    values = [[row.get(name) for name in TABLES[_DRIFT].columns] for row in rows]
    if after and tables.exists(_DRIFT):
        earlier = tables.read(_DRIFT).where(F.col(VERSION) <= after)
        tables.write(_DRIFT, earlier.unionByName(context.spark.createDataFrame(values, TABLES[_DRIFT].struct)))
    else:
        tables.write_rows(_DRIFT, values)


def _shared(context: Context, clustered: DataFrame, version: int) -> Shared:
    if not context.tables.exists(_CLUSTERS):
        return {}
    pairs = shared_tracks(context.tables.read(_CLUSTERS), clustered, version=version)
    # At most the product of a group's clusters before and now.
    return {(row[GENRE_GROUP], row[BEFORE], row[CLUSTER]): row["n"] for row in pairs.collect()}


def _groups(cards: Sequence[Card]) -> dict[str, list[Card]]:
    found: dict[str, list[Card]] = {}
    for card in cards:
        found.setdefault(card[GENRE_GROUP], []).append(card)
    return found


def _record(context: Context, cards: Sequence[Card]) -> None:
    context.run.params(context.settings.cluster.model_dump())
    for group, of_group in _groups(cards).items():
        name, first = group.replace(" ", "_"), of_group[0]
        metrics = {"inertia": sum(card["inertia"] for card in of_group), "k": first["k"]}
        metrics |= {measure: first[measure] for measure in ("k_score", "stability") if first[measure] is not None}
        context.run.metrics({f"{measure}_{name}": value for measure, value in metrics.items()})
    context.run.figure("cluster_profiles", profile_figure, cards, features=AUDIO12)


def _outcome(cards: Sequence[Card], *, n_pairs: int) -> Outcome:
    # Rows of this job are pairs of a track and a group that can be clustered; the others are counted in words,
    # since a track without all features is no fault of this job's input.
    usable, groups = sum(card["n_tracks"] for card in cards), _groups(cards)
    detail = f"{counted(len(cards), 'cluster')} in {counted(len(groups), 'group')}"
    agreements = [(card["stability"], card["n_tracks"]) for card in cards if card["stability"] is not None]
    if agreements:  # a large group counts for more than a small one
        agreement = sum(value * n for value, n in agreements) / sum(n for _, n in agreements)
        detail += f", seeds agree {agreement:.2f}"
    if n_pairs > usable:
        detail += f", {n_pairs - usable:,} skipped_null"
    return Outcome(read=usable, kept=usable, detail=detail)


JOB = Job(
    name="cluster_genres",
    summary="K-Means in every genre group, with a card per cluster and its drift",
    run=run,
    reads=("features.audio", "features.audio_stats", "curated.tracks", "curated.track_genres"),
)
