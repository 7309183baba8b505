"""curated + models.splits -> models.genre_metrics and models.champion: classifiers against three baselines."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from itertools import combinations

from pyspark import StorageLevel
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from spark_app.classify import pipeline
from spark_app.classify.baselines import ARTIST_PRIOR, MAJORITY, STRATIFIED
from spark_app.classify.candidates import chosen
from spark_app.classify.candidates.base import Candidate
from spark_app.classify.candidates.trees import RANDOM_FOREST
from spark_app.classify.compare import difference, mean_draws
from spark_app.classify.evaluation.bootstrap import interval
from spark_app.classify.evaluation.metrics import ACCURACY, ECE, ECE_BY_CHANCE
from spark_app.classify.promotion import Contender
from spark_app.classify.target import LABEL, TARGET_GENRE, Supply, choose_target, labelled, supply
from spark_app.columns import AUDIO12, FOLD, TRACK_ID
from spark_app.errors import DataError, SkipStep, UsageError
from spark_app.features.leaks import check_no_leak, check_time_order
from spark_app.features.splits import ARTIST_KIND, IS_HELD_TRAIN, KIND, RANDOM_KIND, TIME_KIND, of_kind
from spark_app.jobs.base import Context, Job, Outcome
from spark_app.jobs.champion import Setup, promote
from spark_app.jobs.genre_folds import Measured, Task, folds_of, mean_of, measure_fold, metric_rows
from spark_app.jobs.genre_sets import measure_sets
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
    chosen(context.settings.classify.models)  # a wrong name fails before anything is read
    tracks = context.tables.read("curated.tracks")
    found = Supply(**supply(tracks).collect()[0].asDict())  # one row
    target = choose_target(context.settings.classify.target, found)
    if not (found.n_genre if target == TARGET_GENRE else found.n_group):
        refused = found.n_refused and found.n_refused == found.n_tracks
        raise SkipStep("the source does not allow training" if refused else "no genres")
    tasks: list[Task] = []
    measured: list[Measured] = []
    for kind, folds in _asked(context).items():
        task = _task(context, tracks, kind, target, tasks[0] if tasks else None)
        try:
            _check_leaks(context, tracks, kind)
            measured += [one for fold in folds for one in measure_fold(task, fold, _candidates(context, kind))]
        finally:
            task.rows.unpersist()
        tasks.append(task)
    schema = TABLES["models.genre_metrics"]
    rows = [row for one in measured for row in metric_rows(one)]
    if context.settings.classify.multilabel:
        first = context.settings.classify.folds[0]
        rows += measure_sets(context, tracks, fold=first, features=tasks[0].features)
    context.tables.write(schema.name, context.spark.createDataFrame(rows, schema.struct))
    _compare(context, measured)
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


def _task(context: Context, tracks: DataFrame, kind: str, target: str, first: Task | None) -> Task:
    """The rows of a kind of split; labels and features are those of the first."""
    splits = of_kind(context.tables.read("models.splits"), kind)
    rows = labelled(tracks, splits, target=target, features=AUDIO12)
    if kind == TIME_KIND:
        rows = rows.where(F.col(IS_HELD_TRAIN).isNotNull())  # tracks without a date
    # Seeded estimators draw by partition and position: both have to follow from the keys alone.
    laid_out = rows.repartition(context.settings.tables.partitions, TRACK_ID).sortWithinPartitions(TRACK_ID)
    laid_out.persist(StorageLevel.MEMORY_AND_DISK)
    try:
        cells = _cells(laid_out, kind)
        labels = first.labels if first else tuple(sorted({cell[LABEL] for cell in cells}))
        features = first.features if first else tuple(name for name in AUDIO12 if any(cell[name] for cell in cells))
        if len(labels) < 2:
            raise SkipStep("a single genre")
        if not features:
            raise SkipStep("no audio features")
    except BaseException:
        laid_out.unpersist()
        raise
    counts = Counter({(cell[LABEL], cell[FOLD]): cell["n"] for cell in cells})
    return Task(context, kind, pipeline.with_label_index(laid_out, labels=labels), labels, features, counts)


def _cells(rows: DataFrame, kind: str) -> list[Row]:
    """One pass: rows per label and fold (labels x folds rows), and which features hold values.

    Raises:
        DataError: Tracks that the splits do not know, or no track at all.
    """
    present = [F.count(name).alias(name) for name in AUDIO12]
    grouped = rows.groupBy(LABEL, FOLD, F.col(IS_HELD_TRAIN).isNull().alias("stale"))
    cells = grouped.agg(F.count(F.lit(1)).alias("n"), *present).collect()
    stale = sum(cell["n"] for cell in cells if cell["stale"])
    if stale:
        raise DataError(f"{stale:,} tracks stand in no split", "The tracks have changed: spark-app make_splits")
    if not cells:
        raise DataError(
            f"no labelled track stands in the {kind} split",
            "It needs dated tracks. Leave it out of classify.splits, or split anew: spark-app make_splits",
        )
    return cells


def _check_leaks(context: Context, tracks: DataFrame, kind: str) -> None:
    splits = context.tables.read("models.splits").where(F.col(KIND) == kind)
    twins = context.tables.read("curated.variants").select(TRACK_ID, F.col("variant_group").alias("member"))
    members = {"near-twin groups": twins}
    if kind == ARTIST_KIND:
        artists = context.tables.read("curated.track_artists").select(TRACK_ID, F.col("artist_id").alias("member"))
        members = {"artists": artists, **members}
    check_no_leak(splits, members)
    if kind == TIME_KIND:
        check_time_order(splits, tracks)


def _compare(context: Context, measured: Sequence[Measured]) -> None:
    """Every two models on the artist split, by the metric of the gate; to MLflow and the log."""
    metric, found = context.settings.classify.champion.metric, folds_of(measured, kind=ARTIST_KIND)
    models = [name for name, folds in found.items() if folds[0].pipeline]
    for a, b in combinations(models, 2):
        one = difference([f.test for f in found[a]], [f.test for f in found[b]], metric=metric)
        values = {"difference": one.value, "low": one.low, "high": one.high, "p": one.p}
        context.run.metrics({f"{a}_minus_{b}.{metric}.{name}": value for name, value in values.items()})
        log.info("%s minus %s: %s %+.4f [%+.4f, %+.4f], p=%.3f", a, b, metric, one.value, one.low, one.high, one.p)


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
    warnings = [f"no {name} column: trained without it" for name in AUDIO12 if name not in task.features]
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
