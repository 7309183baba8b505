"""Training and measuring on one fold, for the job train_genre_classifiers: fits, figures, models, rows of metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from spark_app.classify import pipeline
from spark_app.classify.calibrate import CALIBRATED, RAW, STAGE
from spark_app.classify.candidates.base import Candidate
from spark_app.classify.evaluation import metrics as names
from spark_app.classify.evaluation.one_pass import evaluate, evaluations
from spark_app.classify.training import MODEL, PART, baseline_predictions, fit_on_fold, predicted
from spark_app.columns import ALL
from spark_app.errors import DataError
from spark_app.features.splits import TEST, TRAIN, VALID, with_part
from spark_app.jobs.genre_tasks import Task
from spark_app.report.confusion import confusion_figure
from spark_app.report.curves import reliability_figure, roc_figure

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel
    from pyspark.sql import DataFrame

    from spark_app.classify.evaluation.metrics import Evaluation

VALIDATION = "validation_"
UNCALIBRATED = "_uncalibrated"
_OF_VALIDATION = (names.ACCURACY, names.MACRO_F1, names.LOG_LOSS, names.ECE)
_BEFORE = (names.ACCURACY, names.LOG_LOSS, names.BRIER, names.ECE, names.CLASSWISE_ECE)


@dataclass(frozen=True)
class Measured:
    """One model or baseline on one fold.

    Attributes:
        model: Name.
        kind: Of the split.
        fold: That was tested.
        test: On test rows, as the model answers (calibrated).
        raw: On test rows, before calibration; None for a baseline.
        validation: On validation rows; None for a baseline.
        pipeline: From raw features to a label; None for a baseline.
    """

    model: str
    kind: str
    fold: int
    test: Evaluation
    raw: Evaluation | None = None
    validation: Evaluation | None = None
    pipeline: PipelineModel | None = None


def measure_fold(task: Task, fold: int, candidates: Sequence[Candidate]) -> Iterator[Measured]:
    """The baselines, then each candidate.

    Raises:
        DataError: The fold leaves nothing to train or to test on.
    """
    parts = task.part_counts(fold)
    if not parts[TEST] or len(parts[TRAIN]) < 2:
        raise DataError(
            f"fold {fold} of the {task.kind} split holds {parts[TEST].total():,} labelled tracks to test on and "
            f"{len(parts[TRAIN])} genres to train on",
            "Give a larger catalogue, or test another fold: classify.folds",
        )
    rows = with_part(task.rows, fold=fold, folds=task.context.settings.splits.folds)
    yield from _baselines(task, fold, rows, parts[TRAIN])
    if not candidates:
        return
    prepared = task.prepared(fold)
    spec = prepared.spec(task.context.settings.classify)
    may_stop = task.context.settings.classify.early_stopping and bool(parts[TRAIN].keys() & parts[VALID].keys())
    for candidate in candidates:
        fitted = fit_on_fold(prepared.rows, candidate, spec, may_stop=may_stop)
        whole = pipeline.whole_pipeline(prepared.preparation, fitted.model, labels=task.labels)
        by = [PART, STAGE]
        # About 11 x labels + 22 rows for each of the four sets.
        found = evaluations(evaluate(fitted.predictions, by=by, plan=task.plan).collect(), by=by, labels=task.labels)
        fitted.scored.unpersist()
        measured = Measured(
            candidate.name,
            task.kind,
            fold,
            test=found[TEST, CALIBRATED],
            raw=found[TEST, RAW],
            validation=found.get((VALID, CALIBRATED)),
            pipeline=whole,
        )
        _log(task, measured)
        yield measured


def measured_again(task: Task, model: PipelineModel, *, metric: str) -> float:
    """The metric of a model of an earlier run, on today's test rows of the first tested fold."""
    classify, folds = task.context.settings.classify, task.context.settings.splits.folds
    rows = with_part(task.rows, fold=classify.folds[0], folds=folds).where(F.col(PART) == TEST)
    # About 11 x labels + 22 rows.
    collected = evaluate(predicted(model, rows), by=[PART], plan=task.plan).collect()
    return evaluations(collected, by=[PART], labels=task.labels)[TEST,].value(metric) or 0.0


def metric_rows(measured: Measured) -> Iterator[tuple[object, ...]]:
    """Rows of ``models.genre_metrics``."""
    key = (measured.model, measured.kind, measured.fold)
    chosen: list[tuple[str, Evaluation | None, Collection[str] | None, str]] = [
        ("", measured.test, None, ""),
        (VALIDATION, measured.validation, _OF_VALIDATION, ""),
        ("", measured.raw, _BEFORE, UNCALIBRATED),
    ]
    for prefix, found, wanted, suffix in chosen:
        for m in found.metrics if found else ():
            if wanted is None or (m.genre == ALL and m.name in wanted):
                yield (*key, m.genre, f"{prefix}{m.name}{suffix}", m.value, m.low, m.high, m.n)


def _baselines(task: Task, fold: int, rows: DataFrame, train_counts: Counter[str]) -> Iterator[Measured]:
    seed = task.context.settings.run.seed
    predictions = baseline_predictions(rows, train_counts=train_counts, labels=task.labels, seed=seed)
    # About 11 x labels + 22 rows for each of the three.
    collected = evaluate(predictions, by=[MODEL], plan=task.plan).collect()
    for (name,), found in sorted(evaluations(collected, by=[MODEL], labels=task.labels).items()):
        yield Measured(name, task.kind, fold, test=found)


def _log(task: Task, measured: Measured) -> None:
    run, test = task.context.run, measured.test
    suffix = f"{task.kind}_{measured.fold}"
    run.metrics({f"{measured.model}.{m.name}.{suffix}": m.value for m in test.metrics if m.genre == ALL})
    named = f"{measured.model.replace('_', ' ')}, {task.kind} fold {measured.fold}"
    title = f"{named}: accuracy {test.value(names.ACCURACY):.3f}"
    drawn = f"{measured.model}_{suffix}"
    run.figure(f"confusion_{drawn}", confusion_figure, test.confusion, labels=task.labels, title=title)
    curves = {"after": test, "before": measured.raw or test}
    bins = {f"{when} calibration": one.curves[names.RELIABILITY, ALL] for when, one in curves.items()}
    run.figure(f"reliability_{drawn}", reliability_figure, bins, title=named)
    points = {label: test.curves[names.ROC, label] for label in task.labels if (names.ROC, label) in test.curves}
    areas = {label: test.value(names.AUC, label) or 0.0 for label in points}
    run.figure(f"roc_{drawn}", roc_figure, points, areas=areas, title=named)


def folds_of(measured: Sequence[Measured], *, kind: str) -> dict[str, list[Measured]]:
    """Model -> its folds of one kind of split, both in the order they were measured."""
    found: dict[str, list[Measured]] = {}
    for one in measured:
        if one.kind == kind:
            found.setdefault(one.model, []).append(one)
    return found


def mean_of(folds: Sequence[Measured], metric: str) -> float:
    """Mean of a test metric over folds; 0 where it is not defined."""
    return sum(one.test.value(metric) or 0.0 for one in folds) / len(folds)
