"""features + models.splits -> results: what tells each genre from the rest, how surely, and what a model would miss."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from spark_app.classify.target import LABEL, TARGET_GENRE, Supply, choose_target, labelled, supply
from spark_app.columns import ALL, AUDIO12, AUDIO12_Z, FOLD, TRACK_ID, UNKNOWN
from spark_app.curate.membership import group_members
from spark_app.errors import DataError, SkipStep
from spark_app.explore.ablation import MODEL, Ablation, Rows, ablations
from spark_app.explore.counting import flag_names, with_flags
from spark_app.explore.importance import Importance, importances
from spark_app.explore.permutation import CHUNK, exceedances, n_chunks, observed_distance, p_values
from spark_app.features.holm import holm
from spark_app.features.moments import GroupMoments
from spark_app.features.samples import hashed_sample
from spark_app.features.splits import ARTIST_KIND, IS_HELD_TRAIN
from spark_app.features.stats import moments_of
from spark_app.jobs.base import Context, Job, Outcome
from spark_app.jobs.genre_tasks import check_leaks
from spark_app.jobs.side_by_side import side_by_side
from spark_app.report.predictors import ablation_figure, importance_figure
from spark_app.schemas import TABLES

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

# Fold 0 tests the classifiers: the ablation may choose their features, so it must not see that fold.
_TEST_FOLD, _VALID_FOLD = 0, 1


def run(context: Context) -> Outcome:
    """Importances from the moments, p-values from permutations of a sample, an ablation on one fold.

    Raises:
        SkipStep: No track has a genre.
        DataError: The splits leak, or are older than the tracks.
    """
    rows = [row.asDict() for row in context.tables.read("features.audio_stats").collect()]  # features x groups
    moments = moments_of(rows, columns=AUDIO12) if rows else {}
    genres = sorted(set(moments) - {ALL, UNKNOWN})
    if not genres:
        raise SkipStep("no genres")
    found = importances(moments, features=AUDIO12)
    p, (ablated, sizes, reason) = side_by_side(lambda: _p_values(context, found, genres), lambda: _ablation(context))
    predictors = _predictor_rows(context, found, p)
    _write(context, "results.genre_predictors", predictors)
    _write(context, "results.feature_ablation", [{**asdict(row), "model": MODEL, **sizes} for row in ablated])
    context.run.figure("genre_predictors", importance_figure, predictors, features=AUDIO12)
    if ablated:
        context.run.figure("feature_ablation", ablation_figure, [asdict(row) for row in ablated], **sizes)
    return _outcome(context, moments, predictors, ablated, reason)


def _p_values(context: Context, found: list[Importance], genres: list[str]) -> list[float | None]:
    """One per importance; null where genre or rest hold no value in the sample."""
    settings, spark, seed = context.settings.predictors, context.spark, context.settings.run.seed
    values, labels = _sample(context, genres)
    chunks = spark.range(n_chunks(settings.permutations), numPartitions=context.settings.tables.partitions)
    counts = exceedances(
        chunks.withColumnRenamed("id", CHUNK), values=values, labels=labels, permutations=settings.permutations,
        seed=seed,
    )  # fmt: skip
    exceeded = {(row["genre"], row["feature"]): row["n"] for row in counts.collect()}  # genres x features
    is_tested = observed_distance(values, labels)
    places = [(genres.index(row.genre), AUDIO12.index(row.feature)) for row in found]
    return [
        float(p_values(exceeded[place], permutations=settings.permutations))
        if row.importance_raw is not None and is_tested[place] >= 0  # NaN is not
        else None
        for row, place in zip(found, places, strict=True)
    ]


def _sample(context: Context, genres: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Scaled features and membership of the sampled tracks of known genre, in the order of their ids."""
    tracks = context.tables.read("features.audio").select(TRACK_ID, *AUDIO12_Z)
    rows, seed = context.settings.predictors.sample_rows, context.settings.run.seed
    sample = hashed_sample(tracks, key=TRACK_ID, rows=rows, seed=seed).localCheckpoint()
    members = group_members(sample, context.tables.read("curated.track_genres"))
    flags = flag_names(genres)
    flagged: pd.DataFrame = with_flags(
        sample, members, features=AUDIO12_Z, groups=genres
    ).toPandas()  # predictors.sample_rows rows
    known = flagged[flagged[flags].any(axis=1)].sort_values(TRACK_ID)
    return known[list(AUDIO12_Z)].to_numpy(float), known[flags].to_numpy(float)


def _predictor_rows(context: Context, found: list[Importance], p: list[float | None]) -> list[dict[str, Any]]:
    limit = context.settings.predictors.significant_at
    return [
        {
            **asdict(row),
            "p_value": value,
            "p_holm": corrected,
            "is_significant": corrected is not None and corrected <= limit,
        }
        for row, value, corrected in zip(found, p, holm(p), strict=True)
    ]


def _ablation(context: Context) -> tuple[list[Ablation], dict[str, int], str]:
    """The models, the sizes of both sides, and why there are no models."""
    tracks = context.tables.read("curated.tracks")
    supplied = Supply(**supply(tracks).collect()[0].asDict())  # one row
    target = choose_target(context.settings.classify.target, supplied)
    if not (supplied.n_genre if target == TARGET_GENRE else supplied.n_group):
        return [], {}, "no genres to train on"
    check_leaks(context, tracks, ARTIST_KIND)
    splits = context.tables.read("models.splits").where(F.col("kind") == ARTIST_KIND)
    rows = labelled(tracks, splits, target=target, features=AUDIO12)
    settings, seed = context.settings.predictors, context.settings.run.seed
    # predictors.ablation_rows rows
    sample = hashed_sample(rows, key=TRACK_ID, rows=settings.ablation_rows, seed=seed).toPandas()
    return _ablated(sample)


def _ablated(sample: pd.DataFrame) -> tuple[list[Ablation], dict[str, int], str]:
    import numpy as np

    if sample[IS_HELD_TRAIN].isna().any():
        raise DataError("some tracks stand in no split", "The tracks have changed: spark-app make_splits")
    names, labels = np.unique(sample[LABEL].to_numpy(str), return_inverse=True)
    values, folds = sample[list(AUDIO12)].to_numpy(float), sample[FOLD].to_numpy(float)
    is_valid = folds == _VALID_FOLD
    is_train = ~is_valid & (folds != _TEST_FOLD)
    if len(np.unique(labels[is_train])) < 2 or not is_valid.any():
        return [], {}, "a single genre, or nothing to validate on"
    train, valid = (Rows(values[part], labels[part]) for part in (is_train, is_valid))
    if np.isnan(train.values).all():
        return [], {}, "no audio features"
    found = ablations(train, valid, features=AUDIO12, n_labels=len(names))
    return found, {"n_train": int(is_train.sum()), "n_valid": int(is_valid.sum())}, ""


def _write(context: Context, name: str, rows: list[dict[str, Any]]) -> None:
    schema = TABLES[name]
    context.tables.write_rows(name, [[row[column] for column in schema.columns] for row in rows])


def _outcome(
    context: Context, moments: GroupMoments, predictors: list[dict[str, Any]], ablated: list[Ablation], reason: str
) -> Outcome:
    first = moments[ALL][0]
    rows, significant = first.n + first.n_null, sum(row["is_significant"] for row in predictors)
    tested = sum(row["p_value"] is not None for row in predictors)
    context.run.metrics({"rows": rows, "pairs": tested, "significant_pairs": significant})
    detail = f"{significant} of {tested} pairs of genre and feature differ from the rest"
    if not ablated:
        return Outcome(read=rows, kept=rows, detail=detail, warnings=(f"no ablation: {reason}",))
    whole, most = ablated[0], min(ablated[1:], key=lambda row: (row.accuracy_change, row.feature))
    context.run.metrics({"ablation.accuracy": whole.accuracy, "ablation.largest_loss": -most.accuracy_change})
    missed = f"; accuracy {whole.accuracy:.3f}, without {most.feature} {most.accuracy:.3f}"
    return Outcome(read=rows, kept=rows, detail=detail + missed)


JOB = Job(
    name="genre_predictors",
    summary="what tells each genre from the rest: importance, effect size, p-value; and an ablation",
    run=run,
    reads=(
        "features.audio",
        "features.audio_stats",
        "curated.tracks",
        "curated.track_artists",
        "curated.track_genres",
        "curated.variants",
        "models.splits",
    ),
)
