"""features.audio -> results.eval_audio_similarity: what do lists by audio similarity hold, and what by chance?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.columns import ALL, AUDIO12, TRACK_ID
from spark_app.errors import SkipStep
from spark_app.jobs.base import Context, Job, Outcome
from spark_app.jobs.playlist_pairs import PLAYLIST_TRACKS, played_together
from spark_app.report.retrieval import retrieval_figure
from spark_app.schemas import TABLES
from spark_app.similarity.evaluation.plan import RANDOM, Plan, rankings_of
from spark_app.similarity.evaluation.protocols import BY_ARTIST, BY_FAMILY, BY_PLAYLIST, PLAYLISTS, Protocol
from spark_app.similarity.evaluation.queries import (
    RAW,
    Z_BY_GROUP,
    evaluation_queries,
    with_families,
    with_related,
    with_sample,
    with_vectors,
)
from spark_app.similarity.evaluation.searchers import RECALL
from spark_app.similarity.evaluation.spark_lsh import SPARK_LSH, lsh_lists
from spark_app.similarity.evaluation.summary import MACRO, means, with_lift
from spark_app.similarity.evaluation.sums import artist_sums
from spark_app.similarity.groups import sizes_of, why_unusable

_TABLE = "results.eval_audio_similarity"
_TRUTH = "ops.sample_truth"


def run(context: Context) -> Outcome:
    """Rank all usable tracks of each group for each other, score the lists, write the means.

    Raises:
        SkipStep: No track has all audio features.
        UsageError: ``similar.eval`` names what there is not.
    """
    tables, settings = context.tables, context.settings.similar.eval
    rankings = rankings_of(scalings=settings.scalings, metrics=settings.metrics, engines=settings.engines)
    audio, tracks = tables.read("features.audio"), tables.read("curated.tracks")
    if reason := why_unusable(audio):
        raise SkipStep(reason)
    queries, protocols = _queries(context, tracks)
    plan = Plan(rankings, protocols, tuple(dict.fromkeys(settings.ks)), settings.resamples, context.settings.run.seed)
    by_group = _also(context, "features.audio_by_group") if Z_BY_GROUP in plan.scalings else None
    members = with_vectors(queries, audio, by_group, scalings=plan.scalings).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        sizes = sizes_of(members)
        if not sizes:
            raise SkipStep("no track has all audio features")
        asked = _sampled(context, _with_lists(context, members, plan, sizes), n=sum(sizes.values()))
        found = means(artist_sums(asked, plan=plan, sizes=sizes), plan=plan).collect()
    finally:
        members.unpersist()
    rows = with_lift((row.asDict() for row in found), plan=plan)  # rankings x protocols x metrics x groups
    tables.write_rows(_TABLE, [[row[name] for name in TABLES[_TABLE].columns] for row in rows])
    _record(context, plan, rows)
    return _outcome(context, plan, rows, n=sum(sizes.values()), n_tracks=tracks.count())


def _queries(context: Context, tracks: DataFrame) -> tuple[DataFrame, tuple[Protocol, ...]]:
    """Every track with what is known of it, and the meanings of relevant for which there is a truth."""
    tables = context.tables
    queries = evaluation_queries(tracks, tables.read("curated.variants"))
    protocols: tuple[Protocol, ...] = BY_ARTIST
    if context.settings.uses_sample and tables.exists(_TRUTH):
        queries, protocols = with_families(queries, _also(context, _TRUTH)), (*protocols, *BY_FAMILY)
    if (related := played_together(context)) is not None:
        queries, protocols = with_related(queries, related, name=PLAYLISTS), (*protocols, *BY_PLAYLIST)
    return queries, protocols


def _also(context: Context, name: str) -> DataFrame:
    """A table that is not read by every run."""
    context.run.input_table(name, context.tables.path(name), context.tables.version(name))
    return context.tables.read(name)


def _with_lists(context: Context, members: DataFrame, plan: Plan, sizes: Mapping[str, int]) -> DataFrame:
    """Members with the lists of engines that search whole tables."""
    settings, found = context.settings.similar, members
    for ranking in plan.rankings:
        if ranking.engine == SPARK_LSH:
            lists = lsh_lists(
                members,
                scaling=ranking.scaling,
                metric=ranking.metric,
                k=max(plan.ks),
                sizes=sizes,
                tables=settings.lsh_tables,
                bucket_length=settings.lsh_bucket_length,
                seed=plan.seed,
            )
            named = lists.select(TRACK_ID, F.col("neighbours").alias(ranking.list_column))
            found = found.join(named, on=TRACK_ID, how="left")
    return found


def _sampled(context: Context, members: DataFrame, *, n: int) -> DataFrame:
    wanted = context.settings.similar.eval.queries
    if not 0 < wanted < n:
        return members
    return with_sample(members, share=wanted / n, seed=context.settings.run.seed)


def _record(context: Context, plan: Plan, rows: Sequence[Mapping[str, Any]]) -> None:
    context.run.params(
        {
            "ks": plan.ks,
            "features": len(AUDIO12),
            "rankings": ", ".join(f"{ranking.label} {ranking.engine}" for ranking in plan.rankings),
            "protocols": ", ".join(protocol.name for protocol in plan.protocols),
        }
    )
    overall = [row for row in rows if row["genre"] in {ALL, MACRO} and row["value"] is not None]
    context.run.metrics({_metric_name(row): row["value"] for row in overall})
    context.run.figure("audio_similarity", retrieval_figure, rows, metric=f"hit@{plan.ks[0]}", protocol="artist")


def _metric_name(row: Mapping[str, Any]) -> str:
    parts = [row[name] for name in ("protocol", "scaling", "engine", "genre", "metric")]
    return ".".join(parts).replace("@", "_at_")  # MLflow allows no @ in a metric's name


def _outcome(context: Context, plan: Plan, rows: Sequence[Mapping[str, Any]], *, n: int, n_tracks: int) -> Outcome:
    metric, first = f"hit@{plan.ks[0]}", plan.rankings[0]
    shown = {(first.label, first.engine), (RAW, RANDOM)}
    hits = {
        (row["protocol"], row["engine"]): row
        for row in rows
        if row["genre"] == ALL and row["metric"] == metric and (row["scaling"], row["engine"]) in shown
    }
    detail = _told(hits, metric, first.engine)
    settings = context.settings.similar.eval
    if settings.queries:
        asked = hits["P0", RANDOM]["n_queries"] if hits else 0
        detail += f", {asked:,} tracks asked for"
    detail += f", {n_tracks - n:,} skipped_null" if n_tracks > n else ""
    is_whole = len(plan.rankings) == len(set(settings.scalings)) * len(set(settings.metrics)) * len(
        set(settings.engines)
    )
    warnings = [] if is_whole else [f"{SPARK_LSH} has no inner_product: left out"]
    return Outcome(read=n, kept=n, detail=detail, warnings=(*warnings, *_gave_way(rows)))


def _gave_way(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for each ranking whose engine did not reach its recall somewhere."""
    groups: dict[tuple[str, str], dict[str, None]] = {}
    for row in rows:
        if row["gave_way"] and row["genre"] not in {ALL, MACRO}:
            groups.setdefault((row["scaling"], row["engine"]), {})[row["genre"]] = None
    return [
        f"{scaling} {engine} did not reach a recall of {RECALL} in {', '.join(found)}: searched exactly there"
        for (scaling, engine), found in groups.items()
    ]


def _told(hits: Mapping[tuple[str, str], Mapping[str, Any]], metric: str, engine: str) -> str:
    hit = hits.get(("artist", engine))
    if hit is None or hit["value"] is None:
        return "no artist has two tracks in a group"
    chance = hits["artist", RANDOM]["value"]
    told = f"same artist {metric} {hit['value']:.3f} (random {chance:.3f})"
    others = {"artist_with_twins": "with near-twins", "other_album": "on another album", "P0": "by P0"}
    values = {words: hits[protocol, engine]["value"] for protocol, words in others.items()}
    told += "".join(f", {value:.3f} {words}" for words, value in values.items() if value is not None)
    return f"{told}, {hit['n_excluded']:,} queries excluded"


JOB = Job(
    name="eval_audio_similarity",
    summary="what lists by audio similarity hold: same artist, other album, planted and playlist truth, beside chance",
    run=run,
    # Playlists can be far larger than the catalogue. What else may be read has about as many rows as the catalogue, and
    # is recorded by the runs that read it.
    reads=("features.audio", "curated.tracks", "curated.variants", PLAYLIST_TRACKS),
)
