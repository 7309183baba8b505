"""curated + models.splits -> models.genre_metrics: forest and logistic regression against the majority."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.classify import evaluate, pipeline
from spark_app.classify.baselines import MAJORITY, majority_confusion
from spark_app.classify.candidates import chosen
from spark_app.classify.candidates.base import TrainingSpec
from spark_app.classify.target import LABEL, TARGET_GENRE, Supply, choose_target, labelled, supply
from spark_app.columns import ALL, AUDIO12, FOLD, TRACK_ID
from spark_app.errors import DataError, SkipStep, UsageError
from spark_app.features.splits import ARTIST_KIND, IS_HELD_TRAIN, TEST, TRAIN, VALID, check_no_leak, with_part
from spark_app.jobs.base import Context, Job, Outcome
from spark_app.jobs.model_params import model_params
from spark_app.report.confusion import confusion_figure
from spark_app.schemas import TABLES

if TYPE_CHECKING:
    import numpy as np
    from pyspark.ml import Estimator, Model, PipelineModel


@dataclass(frozen=True)
class Task:
    """What all folds of one run share.

    Attributes:
        context: The job's context.
        rows: Labelled tracks with fold and features, laid out by key.
        labels: Declared labels in order.
        features: Audio features that hold a value.
        counts: Rows per (label, fold).
    """

    context: Context
    rows: DataFrame
    labels: list[str]
    features: list[str]
    counts: Counter[tuple[str, int | None]]

    def part_counts(self, fold: int) -> dict[str, Counter[str]]:
        """Part -> label -> rows, for the fold that tests."""
        folds = self.context.settings.splits.folds
        parts: dict[str, Counter[str]] = {TRAIN: Counter(), VALID: Counter(), TEST: Counter()}
        for (label, found), n in self.counts.items():
            part = TEST if found == fold else VALID if found == (fold + 1) % folds else TRAIN
            parts[part][label] += n
        return parts


def run(context: Context) -> Outcome:
    """Train and test each asked fold, write the metrics, log figures and the first fold's models.

    Raises:
        SkipStep: No genres, a single genre, or a source that forbids training.
        UsageError: ``classify.folds`` asks for a fold that ``splits.folds`` does not give.
        DataError: The splits leak, are older than the tracks, or leave nothing to train or test on.
    """
    _check_folds(context)
    chosen(context.settings.classify.models)
    tracks = context.tables.read("curated.tracks")
    found = Supply(**supply(tracks).collect()[0].asDict())  # one row
    target = choose_target(context.settings.classify.target, found)
    if not (found.n_genre if target == TARGET_GENRE else found.n_group):
        refused = found.n_refused and found.n_refused == found.n_tracks
        raise SkipStep("the source does not allow training" if refused else "no genres")
    splits = context.tables.read("models.splits").where(F.col("kind") == ARTIST_KIND)
    rows = _laid_out(context, labelled(tracks, splits, target=target, features=AUDIO12))
    try:
        task = _task(context, rows)
        _check_leaks(context, splits)
        metrics = [row for fold in context.settings.classify.folds for row in _train_fold(task, fold)]
    finally:
        rows.unpersist()
    schema = TABLES["models.genre_metrics"]
    context.tables.write(schema.name, context.spark.createDataFrame(metrics, schema.struct))
    return _outcome(task, found, target, metrics)


def _check_folds(context: Context) -> None:
    asked, folds = context.settings.classify.folds, context.settings.splits.folds
    wrong = sorted({fold for fold in asked if fold >= folds})
    if wrong or not asked or len(set(asked)) < len(asked):
        raise UsageError(f"setting classify.folds: {asked} must name folds from 0 to {folds - 1}, each once")


def _laid_out(context: Context, rows: DataFrame) -> DataFrame:
    # Seeded estimators draw by partition and position: both have to follow from the keys alone.
    partitions = context.settings.tables.partitions
    laid_out = rows.repartition(partitions, TRACK_ID).sortWithinPartitions(TRACK_ID)
    return laid_out.persist(StorageLevel.MEMORY_AND_DISK)


def _task(context: Context, rows: DataFrame) -> Task:
    """One pass: rows per label and fold (labels x folds rows), and which features hold values."""
    present = [F.count(name).alias(name) for name in AUDIO12]
    found = rows.groupBy(LABEL, FOLD, F.col(IS_HELD_TRAIN).isNull().alias("stale")).agg(
        F.count(F.lit(1)).alias("n"), *present
    )
    cells = found.collect()
    stale = sum(cell["n"] for cell in cells if cell["stale"])
    if stale:
        raise DataError(f"{stale:,} tracks stand in no split", "The tracks have changed: spark-app make_splits")
    counts = Counter({(cell[LABEL], cell[FOLD]): cell["n"] for cell in cells})
    labels = sorted({label for label, _ in counts})
    if len(labels) < 2:
        raise SkipStep("a single genre")
    features = [name for name in AUDIO12 if any(cell[name] for cell in cells)]
    if not features:
        raise SkipStep("no audio features")
    indexed = pipeline.with_label_index(rows, labels=labels)
    return Task(context, indexed, labels, features, counts)


def _check_leaks(context: Context, splits: DataFrame) -> None:
    artists = context.tables.read("curated.track_artists").select(TRACK_ID, F.col("artist_id").alias("member"))
    twins = context.tables.read("curated.variants").select(TRACK_ID, F.col("variant_group").alias("member"))
    check_no_leak(splits, {"artists": artists, "near-twin groups": twins})


def _train_fold(task: Task, fold: int) -> Iterator[tuple[object, ...]]:
    """Rows of ``models.genre_metrics`` for one fold."""
    parts = task.part_counts(fold)
    if not parts[TEST] or len(parts[TRAIN]) < 2:
        raise DataError(
            f"fold {fold} holds {parts[TEST].total():,} labelled tracks to test on and {len(parts[TRAIN])} genres to "
            "train on",
            "Give a larger catalogue, or test another fold: classify.folds",
        )
    majority = majority_confusion(parts[TRAIN], parts[TEST], labels=task.labels)
    yield from _metric_rows(task, MAJORITY, fold, majority)

    rows = with_part(task.rows, fold=fold, folds=task.context.settings.splits.folds)
    preparation = pipeline.fit_preparation(rows.where(F.col("part") == TRAIN), features=task.features)
    prepared = preparation.transform(rows)
    for name, estimator in _estimators(task, pipeline.vector_size(preparation)).items():
        model = estimator.fit(prepared.where(F.col("part") == TRAIN))
        cells = evaluate.confusion_cells(model.transform(prepared.where(F.col("part") != TRAIN)), by="part").collect()
        by_part = {
            part: evaluate.confusion_matrix([c for c in cells if c["part"] == part], n_labels=len(task.labels))
            for part in (VALID, TEST)
        }
        yield from _metric_rows(task, name, fold, by_part[TEST])
        yield from _validation_rows(task, name, fold, by_part[VALID])
        _log(task, name, fold, by_part[TEST], preparation, model)


def _estimators(task: Task, n_features: int) -> dict[str, Estimator]:
    settings = task.context.settings
    spec = TrainingSpec(
        labels=tuple(task.labels),
        n_features=n_features,
        seed=settings.run.seed,
        params=model_params(settings.classify),
        key=TRACK_ID,
    )
    return {candidate.name: candidate.build(spec) for candidate in chosen(settings.classify.models)}


def _metric_rows(task: Task, model: str, fold: int, confusion: np.ndarray) -> list[tuple[object, ...]]:
    found = evaluate.metrics(confusion, labels=task.labels)
    task.context.run.metrics({f"{model}.{m.name}.fold_{fold}": m.value for m in found if m.genre == ALL})
    return [(model, ARTIST_KIND, fold, m.genre, m.name, m.value, m.n) for m in found]


def _validation_rows(task: Task, model: str, fold: int, confusion: np.ndarray) -> list[tuple[object, ...]]:
    value, n = evaluate.accuracy(confusion), int(confusion.sum())
    task.context.run.metrics({f"{model}.{evaluate.VALIDATION_ACCURACY}.fold_{fold}": value})
    return [(model, ARTIST_KIND, fold, ALL, evaluate.VALIDATION_ACCURACY, value, n)]


def _log(
    task: Task, name: str, fold: int, confusion: np.ndarray, preparation: PipelineModel, classifier: Model
) -> None:
    run, is_first = task.context.run, fold == task.context.settings.classify.folds[0]
    title = f"{name.replace('_', ' ')}, fold {fold}: accuracy {evaluate.accuracy(confusion):.3f}"
    run.figure(confusion_figure(confusion, labels=task.labels, title=title), f"confusion_{name}_fold_{fold}")
    if is_first:  # one model of each kind: five would take longer to store than to train
        whole = pipeline.whole_pipeline(preparation, classifier, labels=task.labels)
        run.spark_model(whole, name, task.rows.select(*task.features))


def _outcome(task: Task, found: Supply, target: str, metrics: list[tuple[object, ...]]) -> Outcome:
    classify, rows = task.context.settings.classify, task.counts.total()
    folds = ", ".join(str(fold) for fold in classify.folds)
    accuracies = _mean_accuracies(metrics)
    task.context.run.params({"target": target, "labels": len(task.labels), "features": ", ".join(task.features)})
    task.context.run.metrics({f"{name}.accuracy": value for name, value in accuracies.items()})
    scores = ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in accuracies.items())
    detail = (
        f"forest of {classify.forest.trees} trees of depth {classify.forest.depth}, fold {folds}; "
        f"{len(task.labels)} {'genres' if target == TARGET_GENRE else 'groups'}, accuracy: {scores}"
    )
    warnings = [f"no {name} column: trained without it" for name in AUDIO12 if name not in task.features]
    if found.n_refused:
        warnings.append(f"{found.n_refused:,} tracks left out: their source does not allow training")
    return Outcome(read=rows, kept=rows, detail=detail, warnings=tuple(warnings))


def _mean_accuracies(metrics: list[tuple[object, ...]]) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for model, _, _, genre, name, value, _ in metrics:
        if (genre, name) == (ALL, evaluate.ACCURACY):
            found.setdefault(str(model), []).append(float(str(value)))
    return {model: sum(values) / len(values) for model, values in found.items()}


JOB = Job(
    name="train_genre_classifiers",
    summary="forest and logistic regression on artist-disjoint folds, against the majority",
    run=run,
    reads=("curated.tracks", "curated.track_artists", "curated.variants", "models.splits"),
)
