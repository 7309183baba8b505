"""A fitted model's probabilities as rows, for tracks whose genre nobody has told."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyspark.ml.functions import vector_to_array
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_app.classify.calibrate import CALIBRATED
from spark_app.classify.multilabel import ANSWER_SET, LABEL_PROBABILITY, with_answers
from spark_app.classify.probabilities import PREDICTION
from spark_app.classify.set_calibration import LABEL_CALIBRATED
from spark_app.columns import GENRE, RANK, TRACK_ID


def genre_scores(scored: DataFrame, *, labels: Sequence[str], top: int, abstain_below: float) -> DataFrame:
    """The model's answer and the likeliest other genres of each track.

    Args:
        scored: One row per track, key ``track_id`` ``[track_id, prediction, calibrated]``.
        labels: In the order of ``calibrated``.
        top: Genres to keep per track; all where there are fewer.
        abstain_below: Under this probability the first genre is no answer, [0, 1].

    Returns:
        Key ``track_id, genre`` ``[track_id, genre, p, rank, is_answer]``; ``rank`` counts from 1: the model's answer,
        then the others by probability, equal ones in the order of ``labels``. A track without any ``is_answer`` stays
        unknown.
    """
    is_answer = (F.col("_at") == 0) & (F.col("_one.p") >= abstain_below)
    return _ranked(scored, CALIBRATED, lambda at: at != F.col(PREDICTION), labels=labels, top=top, is_answer=is_answer)


def set_scores(scored: DataFrame, *, labels: Sequence[str], top: int, abstain_below: float) -> DataFrame:
    """Every genre of the answer of a model that gives sets, and the likeliest others; the columns are the same.

    Args:
        scored: One row per track, key ``track_id`` ``[track_id, label_calibrated]``.
        labels: In the order of ``label_calibrated``.
        top: Genres to keep per track, more where the answer holds more; all where there are fewer.
        abstain_below: Where the likeliest genre stays under it the set is empty, [0, 1].
    """
    answered = with_answers(scored.withColumn(LABEL_PROBABILITY, F.col(LABEL_CALIBRATED)), abstain_below=abstain_below)
    kept = F.greatest(F.lit(top), F.size(ANSWER_SET))
    is_answer = F.array_contains(ANSWER_SET, F.col("_one.position"))
    return _ranked(answered, LABEL_CALIBRATED, lambda at: F.lit(False), labels=labels, top=kept, is_answer=is_answer)


def _ranked(
    scored: DataFrame,
    probability: str,
    is_behind: Callable[[Column], Column],
    *,
    labels: Sequence[str],
    top: int | Column,
    is_answer: Column,
) -> DataFrame:
    def sortable(p: Column, position: Column) -> Column:
        # Structs sort by their first field: what comes first at any rate, then the likeliest, then the earlier label.
        return F.struct(
            is_behind(position).alias("is_behind"), (-p).alias("minus"), position.alias("position"), p.alias("p")
        )

    best = F.slice(F.array_sort(F.transform(vector_to_array(F.col(probability)), sortable)), 1, top)
    rows = scored.select("*", F.posexplode(best).alias("_at", "_one"))
    names = F.array(*[F.lit(label) for label in labels])
    return rows.select(
        TRACK_ID,
        F.get(names, F.col("_one.position")).alias(GENRE),
        F.col("_one.p").alias("p"),
        (F.col("_at") + 1).cast("int").alias(RANK),
        is_answer.alias("is_answer"),
    )
