"""What a classifier has to beat, as predictions like its own, so that one evaluation measures them all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.ml.functions import array_to_vector
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_app.classify.probabilities import LABEL_INDEX, PREDICTION, PROBABILITY, with_prediction
from spark_app.columns import ARTIST_ID, TRACK_ID

MAJORITY = "majority"
STRATIFIED = "stratified_random"
ARTIST_PRIOR = "artist_prior"

_PRIOR_WEIGHT = 1.0  # tracks that the catalogue's prior counts for beside an artist's own


def prior_of(train_counts: Mapping[str, int], *, labels: Sequence[str]) -> list[float]:
    """Share of each label among the training rows, in the order of ``labels``; at least one row."""
    total = sum(train_counts.get(label, 0) for label in labels)
    return [train_counts.get(label, 0) / total for label in labels]


def majority(rows: DataFrame, *, prior: Sequence[float]) -> DataFrame:
    """Always the most frequent training label (ties: the first), with the training shares as probabilities.

    Args:
        rows: Any rows.
        prior: Of :func:`prior_of`.

    Returns:
        ``rows`` with ``prediction`` and ``probability``.
    """
    return with_prediction(rows, _constants(prior))


def stratified(rows: DataFrame, *, prior: Sequence[float], seed: int) -> DataFrame:
    """A label drawn with the training shares as probabilities: one draw per track, by its hash.

    Args:
        rows: ``[track_id]``.
        prior: Of :func:`prior_of`.
        seed: Changes the draws.

    Returns:
        ``rows`` with ``prediction`` and ``probability``.
    """
    parts = 1 << 40
    draw = F.pmod(F.xxhash64(TRACK_ID, F.lit(seed).cast("long")), F.lit(parts)) / F.lit(float(parts))
    reached, total = [], 0.0
    for share in prior[:-1]:
        total += share
        reached.append(F.when(draw >= total, 1.0).otherwise(0.0))
    drawn = sum(reached, F.lit(0.0))
    return rows.withColumns({PREDICTION: drawn, PROBABILITY: array_to_vector(_constants(prior))})


def artist_prior(rows: DataFrame, *, train: DataFrame, prior: Sequence[float]) -> DataFrame:
    """What the first artist's training tracks are: ``(own tracks of the label + prior) / (own tracks + 1)``.

    On artist-disjoint folds no artist has training tracks, and this is the majority. On the random split it shows
    how much a model could gain by knowing the artist alone.

    Args:
        rows: One row per track ``[artist_id]``; null, or an artist without training tracks, gets the prior.
        train: Training rows ``[artist_id, label_index]``.
        prior: Of :func:`prior_of`.

    Returns:
        ``rows`` with ``prediction`` (the likeliest label, ties: the first) and ``probability``.
    """
    own = (
        train.where(F.col(ARTIST_ID).isNotNull())
        .groupBy(ARTIST_ID)
        .agg(*[F.count_if(F.col(LABEL_INDEX) == i).alias(f"_n{i}") for i in range(len(prior))])
    )
    counts = [F.coalesce(F.col(f"_n{i}"), F.lit(0)) for i in range(len(prior))]
    total = sum(counts, F.lit(0)) + _PRIOR_WEIGHT
    shares = F.array(*[(n + _PRIOR_WEIGHT * share) / total for n, share in zip(counts, prior, strict=True)])
    known = rows.join(own, on=ARTIST_ID, how="left")
    return with_prediction(known, shares).select(*rows.columns, PREDICTION, PROBABILITY)


def _constants(shares: Sequence[float]) -> Column:
    return F.array(*[F.lit(float(share)) for share in shares])
