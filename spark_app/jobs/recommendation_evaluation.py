"""The part of recommend_tracks that measures: lists for a sample of seeds beside those that anybody could make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spark_app.columns import GENRE_GROUP, TRACK_ID
from spark_app.features.samples import hashed_sample
from spark_app.jobs.playlist_pairs import played_together
from spark_app.recommend.candidates import SEED_ID
from spark_app.recommend.choose import Choice
from spark_app.recommend.evaluation.judged import PLAYLISTS, Lists, asked_of, lists_of
from spark_app.recommend.evaluation.measures import (
    BESIDE,
    CLUSTER,
    NEAREST,
    POPULAR,
    RANDOM,
    RECOMMENDED,
    Draws,
    Measure,
    coverage,
    measures,
)
from spark_app.recommend.evaluation.others import members_of_cluster, most_popular, nearest
from spark_app.recommend.lists import recommendations
from spark_app.report.comparison import comparison_figure

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from spark_app.jobs.base import Context

TABLE = "results.eval_recommendations"
_CLUSTERS = "models.genre_clusters"
_SPARE = 10  # entries that near-twins and the seed's own artist may take up


def evaluate(context: Context, *, pairs: DataFrame, described: DataFrame, choice: Choice) -> str:
    """Write ``results.eval_recommendations``; what the step's line says of it, empty where nothing was measured.

    Args:
        context: Its clusters are what the baseline draws from: without them there is nothing to compare with.
        pairs: From ``candidates``.
        described: From ``described_tracks``.
        choice: What the lists were made by.
    """
    settings, seed = context.settings.recommend.eval, context.settings.run.seed
    seeds = _seeds(context).persist() if settings.queries and context.tables.exists(_CLUSTERS) else None
    if seeds is None or seeds.isEmpty():
        context.tables.write_rows(TABLE, [])
        return ""
    try:
        related = played_together(context)
        asked = asked_of(seeds, described, related)
        methods = _methods(context, seeds, pairs, described, choice)
        lists = lists_of(methods, seeds, described, related, context.tables.read("curated.tracks"))
        n_tracks = described.count()
    finally:
        seeds.unpersist()
    found = measures(asked, lists, k=choice.k, draws=Draws(settings.resamples, seed))
    rows = [*(_row(one, choice.k) for one in found), *_coverages(lists, k=choice.k, n_tracks=n_tracks)]
    context.tables.write_rows(TABLE, [[*row.values()] for row in rows])
    context.run.metrics({_metric_name(row): row["value"] for row in rows if row["value"] is not None})
    # Playlists first, where any seed has a relevant track by them.
    protocols = sorted({one.protocol for one in found} - {BESIDE}, key=lambda name: (name != PLAYLISTS, name))
    drawn = [f"{protocol}.hit@{choice.k}" for protocol in protocols]
    named = [{**row, "model": row["method"]} for row in rows]
    if not protocols:
        return ""
    context.run.figure("recommendations", comparison_figure, named, metrics=drawn, baselines=(CLUSTER, POPULAR, RANDOM))
    return _told(found, protocols[0], choice.k)


def _seeds(context: Context) -> DataFrame:
    """Hashed tracks that have a cluster in their own group, key ``seed_id`` ``[seed_id, genre_group]``."""
    tracks = context.tables.read("curated.tracks").select(TRACK_ID, GENRE_GROUP)
    clusters = context.tables.read(_CLUSTERS).select(TRACK_ID, GENRE_GROUP)
    known = tracks.join(clusters, on=[TRACK_ID, GENRE_GROUP], how="inner")
    rows, seed = context.settings.recommend.eval.queries, context.settings.run.seed
    return hashed_sample(known, key=TRACK_ID, rows=rows, seed=seed).withColumnRenamed(TRACK_ID, SEED_ID)


def _methods(
    context: Context, seeds: DataFrame, pairs: DataFrame, described: DataFrame, choice: Choice
) -> dict[str, DataFrame]:
    """Lists of each method, longer than they are cut: what is no candidate is taken out before."""
    tables, length = context.tables, choice.k + _SPARE
    of_seeds = pairs.join(seeds.select(SEED_ID), on=SEED_ID, how="left_semi")
    known = tables.read("curated.tracks").join(described.select(TRACK_ID), on=TRACK_ID, how="left_semi")
    return {
        RECOMMENDED: recommendations(of_seeds, described, replace(choice, k=length)),
        NEAREST: nearest(tables.read("results.neighbours"), seeds, length=length),
        CLUSTER: members_of_cluster(tables.read(_CLUSTERS), seeds, length=length, seed=context.settings.run.seed),
        POPULAR: most_popular(known, seeds, length=length),
    }


def _row(one: Measure, k: int) -> dict[str, Any]:
    name = one.name if one.protocol == BESIDE else f"{one.protocol}.{one.name}@{k}"
    return {
        "method": one.method,
        "metric": name,
        "k": k,
        "value": one.value,
        "low": one.low,
        "high": one.high,
        "n_queries": one.n_queries,
        "difference": one.difference,
        "difference_low": one.difference_low,
        "difference_high": one.difference_high,
    }


def _coverages(lists: Mapping[str, Lists], *, k: int, n_tracks: int) -> list[dict[str, Any]]:
    shares = {method: coverage(one, k=k, n_tracks=n_tracks) for method, one in lists.items()}
    n = {method: len(one.is_there) for method, one in lists.items()}
    nothing = (None, None, None)
    return [
        _row(Measure(method, BESIDE, "coverage", share, None, None, n[method], *nothing), k)
        for method, share in shares.items()
    ]


def _metric_name(row: Mapping[str, Any]) -> str:
    return f"{row['method']}.{row['metric']}".replace("@", "_at_")  # MLflow allows no @ in a metric's name


def _told(found: Sequence[Measure], protocol: str, k: int) -> str:
    hits = {one.method: one for one in found if (one.protocol, one.name) == (protocol, "hit")}
    ours, theirs = hits[RECOMMENDED], hits[CLUSTER]
    return f"{protocol} hit@{k} {ours.value:.3f} (random member of the cluster {theirs.value:.3f})"
