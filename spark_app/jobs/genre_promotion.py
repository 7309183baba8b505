"""From measured models to the gate in front of the champions, for the job train_genre_classifiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from spark_app.classify.baselines import MAJORITY, STRATIFIED
from spark_app.classify.compare import mean_draws
from spark_app.classify.evaluation.bootstrap import interval
from spark_app.classify.evaluation.metrics import ECE, ECE_BY_CHANCE, MACRO_AUC
from spark_app.classify.extras import uses_outcome
from spark_app.classify.promotion import Contender
from spark_app.features.splits import ARTIST_KIND
from spark_app.jobs.champion import SETS, Setup, bar_of, promote
from spark_app.jobs.genre_folds import Measured, folds_of, mean_of, measured_again
from spark_app.jobs.genre_sets import SHARES, MeasuredSets, sets_measured_again

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from spark_app.jobs.base import Context
    from spark_app.jobs.genre_tasks import Task


def promote_single(task: Task, target: str, measured: Sequence[Measured]) -> str:
    """Lets the best model that gives one genre become champion, where it passes the gate; says what became of it."""
    classify, found = task.context.settings.classify, folds_of(measured, kind=ARTIST_KIND)
    metric = classify.champion.metric
    models = {name: folds[0].pipeline for name, folds in found.items() if folds[0].pipeline}
    setup = Setup(
        target, list(task.features), list(task.labels), metric, _protocol(task.context), _rows_of(found[MAJORITY])
    )
    # Always saying one genre has a macro-F1 that any guessing beats: the better of both baselines is the bar.
    baseline = max(mean_of(found[name], metric) for name in (MAJORITY, STRATIFIED))
    bar = bar_of(task.context, setup, baseline, lambda model: measured_again(task, model, metric=metric))
    contenders = [_contender(task, name, found[name]) for name in models]
    if bar.is_new:  # the champion was measured again on one fold: so is, at the gate, who would follow it
        on_first = {name: _contender(task, name, found[name][:1]) for name in models}
        contenders = [replace(one, low=min(one.low, on_first[one.name].low)) for one in contenders]
    return promote(task.context, setup, contenders, models, example=task.rows.select(*task.features), bar=bar)


def promote_sets(task: Task, tracks: DataFrame, sets: MeasuredSets) -> str:
    """The same for the model that gives a set of groups; its metric is the macro AUC."""
    if not sets.has_area:
        return "champion: none, since no group has test tracks both with it and without it"
    protocol = f"{_protocol(task.context)}, tests {sets.fold}"
    area = sets.overall(MACRO_AUC)
    setup = Setup(SETS, list(task.features), list(sets.labels), area.name, protocol, area.n)
    bar = bar_of(
        task.context,
        setup,
        sets.overall(area.name, SHARES).value,
        lambda model: sets_measured_again(task.context, tracks, model, like=sets, features=task.features),
    )
    contender = sets.contender(uses_outcome=uses_outcome(task.context.settings.classify.extra_features))
    models = {contender.name: sets.pipeline}
    return promote(task.context, setup, [contender], models, example=task.rows.select(*task.features), bar=bar)


def _rows_of(folds: Sequence[Measured]) -> int:
    return sum(int(one.test.confusion.sum()) for one in folds)


def _protocol(context: Context) -> str:
    settings = context.settings
    folds = ", ".join(map(str, settings.classify.folds))
    return f"{ARTIST_KIND} fold {folds} of {settings.splits.folds}, seed {settings.run.seed}"


def _contender(task: Task, name: str, folds: Sequence[Measured]) -> Contender:
    classify = task.context.settings.classify
    metric = classify.champion.metric
    validated = [one.validation.value(metric) or 0.0 for one in folds if one.validation]
    return Contender(
        name,
        validation=sum(validated) / len(folds),
        value=mean_of(folds, metric),
        low=interval(mean_draws([one.test for one in folds], metric=metric))[0],
        ece=mean_of(folds, ECE),
        ece_by_chance=mean_of(folds, ECE_BY_CHANCE),
        uses_outcome=uses_outcome(classify.extra_features),
    )
