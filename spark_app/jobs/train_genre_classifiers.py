"""curated + models.splits -> models.genre_metrics and models.champion: classifiers against three baselines."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from spark_app.classify.baselines import ARTIST_PRIOR
from spark_app.classify.candidates import chosen
from spark_app.classify.candidates.base import Candidate
from spark_app.classify.candidates.trees import RANDOM_FOREST
from spark_app.classify.compare import every_pair
from spark_app.classify.evaluation.metrics import ACCURACY
from spark_app.classify.extras import uses_outcome, with_extras
from spark_app.classify.target import Supply
from spark_app.errors import UsageError
from spark_app.features.splits import ARTIST_KIND, RANDOM_KIND, TIME_KIND
from spark_app.jobs.base import Context, Job, Outcome
from spark_app.jobs.genre_folds import Measured, folds_of, mean_of, measure_fold, metric_rows
from spark_app.jobs.genre_promotion import promote_sets, promote_single
from spark_app.jobs.genre_sets import MeasuredSets, measure_sets
from spark_app.jobs.genre_tasks import Task, check_leaks, target_of, task_of, wanted_features
from spark_app.jobs.side_by_side import side_by_side
from spark_app.settings import ClassifySettings

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

log = logging.getLogger(__name__)


def run(context: Context) -> Outcome:
    """Train and test each asked fold, write the metrics, log figures and models, promote the best model.

    Raises:
        SkipStep: No genres, a single genre, or a source that forbids training.
        UsageError: ``classify.folds`` asks for a fold that ``splits.folds`` does not give.
        DataError: The splits leak, are older than the tracks, or leave nothing to train or test on.
    """
    _check_folds(context)
    classify = context.settings.classify
    # What is wrong fails before anything is read.
    chosen(classify.models)
    tracks = with_extras(context.tables.read("curated.tracks"), names=classify.extra_features)
    target, found = target_of(context, tracks)
    task = task_of(context, tracks, kind=ARTIST_KIND, target=target)

    def others() -> tuple[list[Measured], MeasuredSets | None]:
        return _other_splits(task, tracks, target), _sets(task, tracks)

    by_artist, (by_others, sets) = side_by_side(lambda: _measured(task, tracks, classify.folds), others)
    measured = by_artist + by_others
    rows = [row for one in measured for row in metric_rows(one)] + list(sets.rows() if sets else ())
    after = uses_outcome(classify.extra_features)
    context.tables.write_rows("models.genre_metrics", [(*row, after) for row in rows])
    _compare(task, measured)
    single, of_sets = side_by_side(
        lambda: promote_single(task, target, measured),
        lambda: f"; of sets of groups: {promote_sets(task, tracks, sets)}" if sets else "",
    )
    return _outcome(task, found, measured, single + of_sets)


def _measured(task: Task, tracks: DataFrame, folds: Sequence[int]) -> list[Measured]:
    """Baselines and models on folds of a split that does not leak; the task's rows are given up."""
    try:
        check_leaks(task.context, tracks, task.kind)
        return [one for fold in folds for one in measure_fold(task, fold, _candidates(task))]
    finally:
        task.rows.unpersist()


def _other_splits(first: Task, tracks: DataFrame, target: str) -> list[Measured]:
    """One fold of each further kind. The random split is always there: its baselines show what knowing the artist
    gives away.
    """
    kinds = [TIME_KIND] if TIME_KIND in first.context.settings.classify.splits else []
    tasks = (task_of(first.context, tracks, kind=kind, target=target, first=first) for kind in (*kinds, RANDOM_KIND))
    return [one for task in tasks for one in _measured(task, tracks, [0])]


def _sets(first: Task, tracks: DataFrame) -> MeasuredSets | None:
    classify = first.context.settings.classify
    if not classify.multilabel:
        return None
    return measure_sets(first.context, tracks, fold=classify.folds[0], features=first.features)


def _check_folds(context: Context) -> None:
    asked, folds = context.settings.classify.folds, context.settings.splits.folds
    wrong = sorted({fold for fold in asked if fold >= folds})
    if wrong or not asked or len(set(asked)) < len(asked):
        raise UsageError(f"setting classify.folds: {asked} must name folds from 0 to {folds - 1}, each once")


def _candidates(task: Task) -> list[Candidate]:
    """The models to train on a kind of split; none where the settings do not ask for the kind."""
    classify = task.context.settings.classify
    return chosen(classify.models) if task.kind in classify.splits else []


def _compare(task: Task, measured: Sequence[Measured]) -> None:
    """Every two models on the artist split: models.genre_comparisons, MLflow, the log."""
    found = folds_of(measured, kind=ARTIST_KIND)
    folds = {name: [one.test for one in of] for name, of in found.items() if of[0].pipeline}
    pairs = every_pair(folds, metric=task.context.settings.classify.champion.metric, genres=task.labels)
    for (a, b), (one, *_) in pairs.items():
        values = {"difference": one.value, "low": one.low, "high": one.high, "p": one.p, "p_holm": one.p_holm}
        task.context.run.metrics({f"{a}_minus_{b}.{one.metric}.{name}": value for name, value in values.items()})
        log.info("%s minus %s: %s %+.4f [%+.4f, %+.4f], p=%.3f", a, b, one.metric, one.value, one.low, one.high, one.p)
    rows = [
        (a, b, one.genre, one.metric, one.value, one.low, one.high, one.p, one.p_holm)
        for (a, b), differences in pairs.items()
        for one in differences
    ]
    task.context.tables.write_rows("models.genre_comparisons", rows)


def _outcome(task: Task, found: Supply, measured: Sequence[Measured], promoted: str) -> Outcome:
    classify, rows = task.context.settings.classify, task.counts.total()
    by_artist = folds_of(measured, kind=ARTIST_KIND)
    accuracies = {name: mean_of(folds, ACCURACY) for name, folds in by_artist.items()}
    known_artist = mean_of(folds_of(measured, kind=RANDOM_KIND)[ARTIST_PRIOR], ACCURACY)
    task.context.run.params(
        {
            "labels": len(task.labels),
            "features": ", ".join(task.features),
            "uses_outcome": uses_outcome(classify.extra_features),
        }
    )
    task.context.run.metrics(
        {f"{name}.accuracy": value for name, value in accuracies.items()}
        | {f"{ARTIST_PRIOR}.accuracy.random_split": known_artist}
    )
    shown = {name: value for name, value in accuracies.items() if name != ARTIST_PRIOR}
    scores = ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in shown.items())
    detail = (
        f"{_forest_size(classify)}fold {', '.join(map(str, classify.folds))}; "
        f"{len(task.labels)} genres, accuracy: {scores}; knowing the artist alone gives {known_artist:.3f} on a "
        f"random split, {accuracies[ARTIST_PRIOR]:.3f} here; {promoted}"
    )
    warnings = [
        f"no {name} column: trained without it" for name in wanted_features(task.context) if name not in task.features
    ]
    if uses_outcome(classify.extra_features):
        warnings.append("popularity is known only after the release: what it adds is told, no champion comes of it")
    if found.n_refused:
        warnings.append(f"{found.n_refused:,} tracks left out: their source does not allow training")
    return Outcome(read=rows, kept=rows, detail=detail, warnings=tuple(warnings))


def _forest_size(classify: ClassifySettings) -> str:
    if RANDOM_FOREST.name not in classify.models:
        return ""
    return f"forest of {classify.trees} trees of depth {classify.depth}, "


JOB = Job(
    name="train_genre_classifiers",
    summary="classifiers on artist-disjoint folds, calibrated, against baselines; the best becomes champion",
    run=run,
    reads=("curated.tracks", "curated.track_artists", "curated.track_genres", "curated.variants", "models.splits"),
)
