"""curated + models.splits -> models.genre_metrics and models.champion: classifiers against three baselines."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from spark_app.classify.baselines import ARTIST_PRIOR, MAJORITY, STRATIFIED
from spark_app.classify.candidates import chosen
from spark_app.classify.candidates.base import Candidate
from spark_app.classify.candidates.trees import RANDOM_FOREST
from spark_app.classify.compare import every_pair, mean_draws
from spark_app.classify.evaluation.bootstrap import interval
from spark_app.classify.evaluation.metrics import ACCURACY, ECE, ECE_BY_CHANCE
from spark_app.classify.extras import uses_outcome, with_extras
from spark_app.classify.promotion import Contender
from spark_app.classify.target import Supply
from spark_app.errors import UsageError
from spark_app.features.splits import ARTIST_KIND, RANDOM_KIND, TIME_KIND
from spark_app.jobs.base import Context, Job, Outcome
from spark_app.jobs.champion import Setup, promote
from spark_app.jobs.genre_folds import Measured, folds_of, mean_of, measure_fold, metric_rows
from spark_app.jobs.genre_sets import measure_sets
from spark_app.jobs.genre_tasks import Task, check_leaks, target_of, task_of, wanted_features
from spark_app.schemas import TABLES
from spark_app.settings import ClassifySettings

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
    tasks: list[Task] = []
    measured: list[Measured] = []
    for kind, folds in _asked(context).items():
        task = task_of(context, tracks, kind=kind, target=target, first=tasks[0] if tasks else None)
        try:
            check_leaks(context, tracks, kind)
            measured += [one for fold in folds for one in measure_fold(task, fold, _candidates(context, kind))]
        finally:
            task.rows.unpersist()
        tasks.append(task)
    schema = TABLES["models.genre_metrics"]
    rows = [row for one in measured for row in metric_rows(one)]
    if classify.multilabel:
        rows += measure_sets(context, tracks, fold=classify.folds[0], features=tasks[0].features)
    context.tables.write(schema.name, context.spark.createDataFrame(rows, schema.struct))
    _compare(tasks[0], measured)
    return _outcome(tasks[0], found, measured, _promote(tasks[0], target, measured))


def _check_folds(context: Context) -> None:
    asked, folds = context.settings.classify.folds, context.settings.splits.folds
    wrong = sorted({fold for fold in asked if fold >= folds})
    if wrong or not asked or len(set(asked)) < len(asked):
        raise UsageError(f"setting classify.folds: {asked} must name folds from 0 to {folds - 1}, each once")


def _asked(context: Context) -> dict[str, list[int]]:
    """Kinds with their folds. The artist split leads, as it decides on labels and champion; the random split is
    always there, since its baselines show what knowing the artist gives away.
    """
    others = [TIME_KIND] if TIME_KIND in context.settings.classify.splits else []
    return {ARTIST_KIND: context.settings.classify.folds, **{kind: [0] for kind in (*others, RANDOM_KIND)}}


def _candidates(context: Context, kind: str) -> list[Candidate]:
    """The models to train on a kind of split; none where the settings do not ask for the kind."""
    classify = context.settings.classify
    if kind not in classify.splits:
        return []
    return chosen(classify.models)


def _compare(task: Task, measured: Sequence[Measured]) -> None:
    """Every two models on the artist split: models.genre_comparisons, MLflow, the log."""
    found = folds_of(measured, kind=ARTIST_KIND)
    folds = {name: [one.test for one in of] for name, of in found.items() if of[0].pipeline}
    pairs = every_pair(folds, metric=task.context.settings.classify.champion.metric, genres=task.labels)
    for (a, b), (one, *_) in pairs.items():
        values = {"difference": one.value, "low": one.low, "high": one.high, "p": one.p, "p_holm": one.p_holm}
        task.context.run.metrics({f"{a}_minus_{b}.{one.metric}.{name}": value for name, value in values.items()})
        log.info("%s minus %s: %s %+.4f [%+.4f, %+.4f], p=%.3f", a, b, one.metric, one.value, one.low, one.high, one.p)
    schema = TABLES["models.genre_comparisons"]
    rows = [
        (a, b, one.genre, one.metric, one.value, one.low, one.high, one.p, one.p_holm)
        for (a, b), differences in pairs.items()
        for one in differences
    ]
    task.context.tables.write(schema.name, task.context.spark.createDataFrame(rows, schema.struct))


def _promote(task: Task, target: str, measured: Sequence[Measured]) -> str:
    metric, found = task.context.settings.classify.champion.metric, folds_of(measured, kind=ARTIST_KIND)
    models = {name: folds[0].pipeline for name, folds in found.items() if folds[0].pipeline}
    contenders = [
        Contender(
            name,
            value=mean_of(found[name], metric),
            low=interval(mean_draws([one.test for one in found[name]], metric=metric))[0],
            ece=mean_of(found[name], ECE),
            ece_by_chance=mean_of(found[name], ECE_BY_CHANCE),
            uses_outcome=uses_outcome(task.context.settings.classify.extra_features),
        )
        for name in models
    ]
    n_rows = sum(int(one.test.confusion.sum()) for one in found[MAJORITY])
    setup = Setup(target, list(task.features), list(task.labels), n_rows)
    # Always saying one genre has a macro-F1 that any guessing beats: the better of both baselines is the bar.
    bar = max(mean_of(found[name], metric) for name in (MAJORITY, STRATIFIED))
    return promote(task.context, setup, contenders, models, baseline=bar)


def _outcome(task: Task, found: Supply, measured: Sequence[Measured], promoted: str) -> Outcome:
    classify, rows = task.context.settings.classify, task.counts.total()
    by_artist = folds_of(measured, kind=ARTIST_KIND)
    accuracies = {name: mean_of(folds, ACCURACY) for name, folds in by_artist.items()}
    known_artist = mean_of(folds_of(measured, kind=RANDOM_KIND)[ARTIST_PRIOR], ACCURACY)
    task.context.run.params({"labels": len(task.labels), "features": ", ".join(task.features)})
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
