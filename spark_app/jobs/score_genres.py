"""curated.tracks + models.champion -> models.genre_scores: genres for the tracks that have none."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.classify.extras import extra_names, with_extras
from spark_app.classify.scoring import genre_scores, set_scores
from spark_app.columns import GENRE_GROUP, TRACK_ID, UNKNOWN
from spark_app.errors import SkipStep
from spark_app.jobs.base import Context, Job, Outcome
from spark_app.jobs.champion import SETS, current_champion, load_champion

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel
    from pyspark.sql import Row


def run(context: Context) -> Outcome:
    """Check the champions, apply them to tracks of the group ``unknown``, write their likeliest genres.

    The champion that gives one genre, and the one that gives a set of groups, each as far as it has been promoted.

    Raises:
        SkipStep: No champion, or every track has a genre.
        DataError: A champion's files or features are not those that were promoted.
    """
    found = [current_champion(context, of_sets=of_sets) for of_sets in (False, True)]
    champions = [(row, load_champion(context, row)) for row in found if row is not None]
    if not champions:
        raise SkipStep("no champion has been promoted")
    tracks = context.tables.read("curated.tracks").where(F.col(GENRE_GROUP) == UNKNOWN)
    if tracks.isEmpty():
        raise SkipStep("every track has a genre")
    scores = [_scores(context, tracks, row, model) for row, model in champions]
    context.tables.write("models.genre_scores", reduce(DataFrame.unionByName, scores))
    return _outcome(context, champions[0][0]["model"], n_models=len(champions))


def _scores(context: Context, tracks: DataFrame, champion: Row, model: PipelineModel) -> DataFrame:
    features, classify = champion["features"], context.settings.classify
    described = with_extras(tracks, names=extra_names(features)).select(TRACK_ID, *features)
    score = set_scores if champion["target"] == SETS else genre_scores
    found = score(
        model.transform(described),
        labels=champion["labels"],
        top=classify.score_top,
        abstain_below=classify.abstain_below,
    )
    return found.withColumn("model", F.lit(champion["model"]))


def _outcome(context: Context, model: str, *, n_models: int) -> Outcome:
    written = context.tables.read("models.genre_scores").where(F.col("model") == model)
    answered = F.count_distinct(F.when(F.col("is_answer"), F.col(TRACK_ID)))
    n, n_answered = written.agg(F.count_if(F.col("rank") == 1), answered).collect()[0]  # one row
    context.run.metrics({"scored": n, "coverage": n_answered / n})
    name, threshold = model.replace("_", " "), context.settings.classify.abstain_below
    detail = f"{n:,} tracks without a genre by the {name}; {n_answered:,} answered, p at least {threshold:g}"
    if n_models > 1:
        detail += "; sets of groups beside them"
    return Outcome(read=n, kept=n, detail=detail)


JOB = Job(
    name="score_genres",
    summary="the champions' genres for tracks that have none: the likeliest one, and sets of groups",
    run=run,
    reads=("curated.tracks", "models.champion"),
)
