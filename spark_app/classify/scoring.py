"""A fitted model's probabilities as rows, for tracks whose genre nobody has told."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.ml.functions import vector_to_array
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_app.classify.calibrate import CALIBRATED
from spark_app.classify.probabilities import PREDICTION
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
    best = F.slice(F.array_sort(F.transform(vector_to_array(F.col(CALIBRATED)), _sortable)), 1, top)
    rows = scored.select(TRACK_ID, F.posexplode(best).alias("_at", "_one"))
    names = F.array(*[F.lit(label) for label in labels])
    is_first = F.col("_at") == 0
    return rows.select(
        TRACK_ID,
        F.get(names, F.col("_one.position")).alias(GENRE),
        F.col("_one.p").alias("p"),
        (F.col("_at") + 1).cast("int").alias(RANK),
        (is_first & (F.col("_one.p") >= abstain_below)).alias("is_answer"),
    )


def _sortable(p: Column, position: Column) -> Column:
    # Structs sort by their first field: the answer, then the likeliest, then the earlier label.
    return F.struct(
        (position != F.col(PREDICTION)).alias("is_other"), (-p).alias("minus"), position.alias("position"), p.alias("p")
    )
