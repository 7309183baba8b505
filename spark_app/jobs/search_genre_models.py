"""curated + models.splits -> models.search_fits: hyper-parameters of one classifier, searched on artist folds."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from dataclasses import replace
from itertools import product
from typing import Any

import yaml
from pydantic import ValidationError
from pyspark.sql import functions as F

from spark_app.classify.candidates import chosen
from spark_app.classify.evaluation.one_pass import evaluate, evaluations
from spark_app.classify.extras import with_extras
from spark_app.classify.search import FitKey, Standing, Trial, search
from spark_app.classify.training import PART, fit_classifier, predicted
from spark_app.errors import DataError, UsageError
from spark_app.features.splits import ARTIST_KIND, VALID
from spark_app.jobs.base import Context, Job, Outcome
from spark_app.jobs.genre_tasks import Prepared, Task, check_leaks, target_of, task_of
from spark_app.settings import ClassifySettings

log = logging.getLogger(__name__)

_TABLE = "models.search_fits"
_RESAMPLES = 100  # intervals of single fits are not used


def run(context: Context) -> Outcome:
    """Fit every trial fold by fold, keep each fit as it ends, and say which trial is best on validation rows.

    A fit that an earlier run has kept for the same rows and settings is not fitted again.

    Raises:
        SkipStep: Nothing to learn from, as for train_genre_classifiers.
        UsageError: The grid names a setting that does not exist, or a value that it does not take; or fewer than two
            folds are left beside those that ``classify.folds`` tests.
        DataError: The splits leak or are older than the tracks.
    """
    classify = context.settings.classify
    trials = trials_of(classify)
    chosen([classify.search.model])
    folds = _folds(context)
    tracks = with_extras(context.tables.read("curated.tracks"), names=classify.extra_features)
    target, _ = target_of(context, tracks)
    task = task_of(context, tracks, kind=ARTIST_KIND, target=target)
    try:
        check_leaks(context, tracks, ARTIST_KIND)
        fits = _Fits(task)
        done = fits.done()
        standings = search(
            trials,
            fits.score,
            done,
            folds=folds,
            margin=classify.search.margin,
            parallelism=classify.search.parallelism,
            keep=fits.keep,
        )
    finally:
        task.rows.unpersist()
    return _outcome(task, standings, n_kept=len(done))


def _folds(context: Context) -> list[int]:
    """Folds to validate on, one after the other: what is tested later must not choose its own model."""
    tested, folds = context.settings.classify.folds, context.settings.splits.folds
    left = [fold for fold in range(folds) if fold not in tested]
    if len(left) < 2:
        raise UsageError(
            f"setting classify.folds: {tested} leaves {len(left)} of {folds} folds to search on, at least 2 are needed",
            "Test fewer of them (--set classify.folds=[0]), or split into more: splits.folds",
        )
    return left


def trials_of(classify: ClassifySettings) -> list[Trial[ClassifySettings]]:
    """One trial per combination of the grid's values, named after them.

    Raises:
        UsageError: A line is not ``setting=value,value``, names no setting, or a value is out of its limits.
    """
    axes = []
    for line in classify.search.grid:
        name, equals, values = line.partition("=")
        if not equals or not values:
            raise UsageError(f"setting classify.search.grid: {line!r} is not setting=value,value")
        axes.append([(name.strip(), yaml.safe_load(value)) for value in values.split(",")])
    return [
        Trial(" ".join(f"{name}={value}" for name, value in point), _with(classify, dict(point)))
        for point in product(*axes)
    ]


def _with(classify: ClassifySettings, values: dict[str, object]) -> ClassifySettings:
    found = classify.model_dump()
    for dotted, value in values.items():
        *sections, name = dotted.split(".")
        place: Any = found
        for section in sections:
            place = place.get(section, {}) if isinstance(place, dict) else {}
        if not isinstance(place, dict) or name not in place or isinstance(place[name], dict):
            raise UsageError(f"setting classify.search.grid: there is no setting classify.{dotted}")
        place[name] = value
    try:
        return ClassifySettings.model_validate(found)
    except ValidationError as error:
        reason = error.errors(include_url=False, include_input=False)[0]["msg"]
        raise UsageError(f"setting classify.search.grid: {values}: {reason}") from None


class _Fits:
    """Fits trials on folds of one task, and keeps their scores in models.search_fits."""

    def __init__(self, task: Task) -> None:
        self._task, self._context = task, task.context
        classify = task.context.settings.classify
        self._model, self._metric = classify.search.model, classify.champion.metric
        (self._candidate,) = chosen([self._model])
        self._setup = _setup(task)
        self._rows: list[tuple[object, ...]] = []
        self._seconds: dict[FitKey, float] = {}
        self._prepared: dict[int, Prepared] = {}
        self._lock = threading.Lock()

    def done(self) -> dict[FitKey, float]:
        """Scores that an earlier run has kept for the same setup."""
        if not self._context.tables.exists(_TABLE):
            return {}
        kept = self._context.tables.read(_TABLE).where(F.col("setup") == self._setup).collect()  # a row per fit
        self._rows = [tuple(row) for row in kept]
        return {(row["trial"], row["fold"]): row["score"] for row in kept}

    def score(self, trial: Trial[ClassifySettings], fold: int) -> float:
        """The metric on validation rows; the test rows of the fold stay untouched."""
        started = time.monotonic()
        prepared = self._prepare(fold)
        spec, may_stop = prepared.spec(trial.setting), trial.setting.early_stopping
        model = fit_classifier(prepared.rows, self._candidate, spec, may_stop=may_stop)
        scored = predicted(model, prepared.rows.where(F.col(PART) == VALID))
        plan = replace(self._task.plan, resamples=_RESAMPLES)
        # About 11 x labels + 22 rows.
        rows = evaluate(scored, by=[PART], plan=plan).collect()
        found = evaluations(rows, by=[PART], labels=self._task.labels)
        if (VALID,) not in found:
            raise DataError(
                f"fold {fold} holds no row to validate on", "Give a larger catalogue, or fewer splits.folds."
            )
        self._seconds[trial.name, fold] = time.monotonic() - started
        return found[VALID,].value(self._metric) or 0.0

    def keep(self, key: FitKey, score: float) -> None:
        """Store a score at once, so that a killed search goes on where it was."""
        trial, fold = key
        seconds = round(self._seconds[key], 2)
        log.info("%s, fold %d: %s %.4f in %.1f s", trial, fold, self._metric, score, seconds)
        self._rows.append((self._model, trial, fold, self._metric, score, seconds, self._setup))
        self._context.tables.write_rows(_TABLE, self._rows)

    def _prepare(self, fold: int) -> Prepared:
        with self._lock:  # trials of a fold share one preparation
            if fold not in self._prepared:
                self._prepared[fold] = self._task.prepared_to_search(fold)
            return self._prepared[fold]


def _setup(task: Task) -> str:
    """Stands for everything but the grid that a score depends on."""
    classify, settings = task.context.settings.classify, task.context.settings
    counts = sorted((label, -1 if fold is None else fold, n) for (label, fold), n in task.counts.items())
    content = [
        classify.model_dump(exclude={"search", "models", "splits", "champion"}),
        [classify.search.model, classify.champion.metric, settings.run.seed, settings.splits.folds],
        [task.context.tables.version(name) for name in ("curated.tracks", "models.splits")],
        [list(task.features), counts],
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _outcome(task: Task, standings: list[Standing], *, n_kept: int) -> Outcome:
    search, metric = task.context.settings.classify.search, task.context.settings.classify.champion.metric
    best, dropped = standings[0], sum(not one.is_finished for one in standings)
    task.context.run.params({"model": search.model, "best": best.name})
    task.context.run.metrics({f"best_{metric}": best.score, "trials": len(standings), "dropped": dropped})
    for one in standings:
        log.info("%s: %s %.4f over %d folds", one.name, metric, one.score, one.folds)
    model, rows = search.model.replace("_", " "), task.counts.total()
    options = " ".join(f"--set classify.{value}" for value in best.name.split(" "))
    detail = f"{len(standings)} trials of the {model}, {dropped} dropped early; best {metric} {best.score:.4f}"
    if n_kept:
        detail += f"; {n_kept} fits kept from an earlier run"
    return Outcome(read=rows, kept=rows, detail=f"{detail}: {options}")


JOB = Job(
    name="search_genre_models",
    summary="hyper-parameters of one classifier, searched on the artist folds that are not tested; resumable",
    run=run,
    reads=("curated.tracks", "curated.track_artists", "curated.variants", "models.splits"),
)
