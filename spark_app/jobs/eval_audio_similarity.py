"""features.audio -> results.eval_audio_similarity: does similarity find the same artist?"""

from __future__ import annotations

from pyspark import StorageLevel
from pyspark.sql import Row

from spark_app.columns import ALL, AUDIO12
from spark_app.errors import SkipStep
from spark_app.jobs.base import Context, Job, Outcome
from spark_app.similarity.evaluation import (
    MACRO,
    evaluation_queries,
    evaluation_rows,
    ranked_by_artist,
)
from spark_app.similarity.groups import sizes_of, usable_members, why_unusable

_TABLE = "results.eval_audio_similarity"


def run(context: Context) -> Outcome:
    """Rank all usable tracks of each group for each other, score the lists, write the means."""
    tables, k = context.tables, context.settings.similar.k
    audio = tables.read("features.audio")
    if reason := why_unusable(audio):
        raise SkipStep(reason)
    tracks = tables.read("curated.tracks")
    queries = evaluation_queries(tracks, tables.read("curated.variants"))
    members = usable_members(queries, audio)
    sizes = sizes_of(members)
    if not sizes:
        raise SkipStep("no track has all audio features")
    ranked = ranked_by_artist(members, k=k, sizes=sizes).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        tables.write(_TABLE, evaluation_rows(ranked, k=k))
    finally:
        ranked.unpersist()
    summary = tables.read(_TABLE).where(f"genre in ('{ALL}', '{MACRO}')").collect()  # some 70 rows
    context.run.params({"k": k, "features": len(AUDIO12), "relevance": "same first artist"})
    context.run.metrics({_metric_name(row): row["value"] for row in summary if row["value"] is not None})
    return _outcome(summary, k=k, rows=sum(sizes.values()), skipped=tracks.count() - sum(sizes.values()))


def _metric_name(row: Row) -> str:
    # MLflow allows no @ in a metric's name.
    return f"{row['protocol']}.{row['engine']}.{row['genre']}.{row['metric']}".replace("@", "_at_")


def _outcome(summary: list[Row], *, k: int, rows: int, skipped: int) -> Outcome:
    of_all = {(row["protocol"], row["engine"], row["metric"]): row for row in summary if row["genre"] == ALL}
    hit, chance = of_all["artist", "exact", f"hit@{k}"], of_all["artist", "random", f"hit@{k}"]
    detail = "no artist has two tracks in a group"
    if hit["value"] is not None:
        detail = f"same artist hit@{k} {hit['value']:.3f} (random {chance['value']:.3f})"
    detail += f", {hit['n_excluded']:,} queries excluded"
    return Outcome(read=rows, kept=rows, detail=detail + (f", {skipped:,} skipped_null" if skipped else ""))


JOB = Job(
    name="eval_audio_similarity",
    summary="same-artist hit rate, recall, MRR and nDCG of the neighbours, beside chance",
    run=run,
    reads=("features.audio", "curated.tracks", "curated.variants"),
)
