"""curated.tracks + models.champion -> models.genre_scores: genres for the tracks that have none."""

from __future__ import annotations

from pyspark.sql import functions as F

from spark_app.classify.extras import extra_names, with_extras
from spark_app.classify.scoring import genre_scores
from spark_app.columns import GENRE_GROUP, TRACK_ID, UNKNOWN
from spark_app.errors import SkipStep
from spark_app.jobs.base import Context, Job, Outcome
from spark_app.jobs.champion import current_champion, load_champion


def run(context: Context) -> Outcome:
    """Check the champion, apply it to tracks of the group ``unknown``, write their likeliest genres.

    Raises:
        SkipStep: No champion, or every track has a genre.
        DataError: The champion's files or features are not those that were promoted.
    """
    champion = current_champion(context)
    if champion is None:
        raise SkipStep("no champion has been promoted")
    model = load_champion(context, champion)
    described = with_extras(context.tables.read("curated.tracks"), names=extra_names(champion["features"]))
    tracks = described.where(F.col(GENRE_GROUP) == UNKNOWN)
    if tracks.isEmpty():
        raise SkipStep("every track has a genre")
    classify = context.settings.classify
    scores = genre_scores(
        model.transform(tracks.select(TRACK_ID, *champion["features"])),
        labels=champion["labels"],
        top=classify.score_top,
        abstain_below=classify.abstain_below,
    )
    context.tables.write("models.genre_scores", scores.withColumn("model", F.lit(champion["model"])))
    return _outcome(context, champion["model"])


def _outcome(context: Context, model: str) -> Outcome:
    written = context.tables.read("models.genre_scores")
    counts = written.agg(F.count_if(F.col("rank") == 1).alias("n"), F.count_if("is_answer").alias("answered"))
    n, answered = counts.collect()[0]  # one row
    context.run.metrics({"scored": n, "coverage": answered / n})
    name, threshold = model.replace("_", " "), context.settings.classify.abstain_below
    detail = f"{n:,} tracks without a genre by the {name}; {answered:,} answered, p at least {threshold:g}"
    return Outcome(read=n, kept=n, detail=detail)


JOB = Job(
    name="score_genres",
    summary="the champion's genres for tracks that have none",
    run=run,
    reads=("curated.tracks", "models.champion"),
)
