"""What is trained on: the labelled tracks of one kind of split, for the jobs that train classifiers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark import StorageLevel
from pyspark.sql import functions as F

from spark_app.classify import pipeline
from spark_app.classify.candidates.base import TrainingSpec
from spark_app.classify.evaluation.one_pass import Plan
from spark_app.classify.extras import extra_columns
from spark_app.classify.target import LABEL, TARGET_GENRE, Supply, choose_target, labelled, supply
from spark_app.classify.training import PART
from spark_app.classify.weights import WEIGHT, balanced_weights, with_weight
from spark_app.columns import AUDIO12, FOLD, TRACK_ID
from spark_app.errors import DataError, SkipStep
from spark_app.features.leaks import check_no_leak, check_time_order
from spark_app.features.splits import (
    ARTIST_KIND,
    IS_HELD_TRAIN,
    KIND,
    TEST,
    TIME_KIND,
    TRAIN,
    VALID,
    of_kind,
    with_part,
    with_validation,
)
from spark_app.jobs.model_params import model_params

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel
    from pyspark.sql import DataFrame, Row

    from spark_app.jobs.base import Context
    from spark_app.settings import ClassifySettings


@dataclass(frozen=True)
class Task:
    """What all folds of one kind of split share.

    Attributes:
        context: The job's context.
        kind: ``artist``, ``random`` or ``time``.
        rows: Labelled tracks with fold and features, laid out by key.
        labels: Declared labels in order.
        features: Audio and extra features that hold a value.
        counts: Rows per (label, fold).
    """

    context: Context
    kind: str
    rows: DataFrame
    labels: tuple[str, ...]
    features: tuple[str, ...]
    counts: Counter[tuple[str, int | None]]

    def part_counts(self, fold: int) -> dict[str, Counter[str]]:
        """Part -> label -> rows, for the fold that tests."""
        folds = self.context.settings.splits.folds
        parts: dict[str, Counter[str]] = {TRAIN: Counter(), VALID: Counter(), TEST: Counter()}
        for (label, found), n in self.counts.items():
            part = TEST if found == fold else VALID if found == (fold + 1) % folds else TRAIN
            parts[part][label] += n
        return parts

    def prepared(self, fold: int) -> Prepared:
        """Rows of the fold that tests, imputed and scaled by its training rows, weighted if the settings ask for it."""
        rows = with_part(self.rows, fold=fold, folds=self.context.settings.splits.folds)
        return self._prepared(rows, self.part_counts(fold)[TRAIN])

    def prepared_to_search(self, fold: int) -> Prepared:
        """The same for a search, whose fold validates: no row of the folds that ``classify.folds`` tests."""
        tested = self.context.settings.classify.folds
        rows = with_validation(self.rows, fold=fold, without=tested)
        counts: Counter[str] = Counter()
        for (label, found), n in self.counts.items():
            counts[label] += 0 if found == fold or found in tested else n
        return self._prepared(rows, counts)

    def _prepared(self, rows: DataFrame, train_counts: Counter[str]) -> Prepared:
        preparation = pipeline.fit_preparation(rows.where(F.col(PART) == TRAIN), features=self.features)
        is_balanced = self.context.settings.classify.class_weights == "balanced"
        weights = balanced_weights(train_counts) if is_balanced else {}
        found = preparation.transform(with_weight(rows, weights=weights) if weights else rows)
        return Prepared(self, preparation, found, tuple(weights.get(label, 1.0) for label in self.labels if weights))

    @property
    def plan(self) -> Plan:
        """How predictions are evaluated."""
        classify = self.context.settings.classify
        return Plan(self.labels, classify.resamples, self.context.settings.run.seed, classify.abstain_below)


@dataclass(frozen=True)
class Prepared:
    """A fold as classifiers take it.

    Attributes:
        task: Whose fold it is.
        preparation: From raw features to the vector.
        rows: With part, vector and, where labels are weighted, weight.
        label_weights: In the order of the labels; empty where all count the same.
    """

    task: Task
    preparation: PipelineModel
    rows: DataFrame
    label_weights: tuple[float, ...]

    def spec(self, classify: ClassifySettings) -> TrainingSpec:
        """What estimators are made for, with the hyper-parameters of ``classify``."""
        return TrainingSpec(
            self.task.labels,
            pipeline.vector_size(self.preparation),
            self.task.context.settings.run.seed,
            model_params(classify),
            weight=WEIGHT if self.label_weights else None,
            label_weights=self.label_weights,
            key=TRACK_ID,
        )


def target_of(context: Context, tracks: DataFrame) -> tuple[str, Supply]:
    """What is to be predicted, and what the tracks offer.

    Raises:
        SkipStep: No track that may be trained on has a genre.
        DataError: More genres than can be told apart were asked for.
    """
    found = Supply(**supply(tracks).collect()[0].asDict())  # one row
    target = choose_target(context.settings.classify.target, found)
    if not (found.n_genre if target == TARGET_GENRE else found.n_group):
        refused = found.n_refused and found.n_refused == found.n_tracks
        raise SkipStep("the source does not allow training" if refused else "no genres")
    return target, found


def task_of(context: Context, tracks: DataFrame, *, kind: str, target: str, first: Task | None = None) -> Task:
    """The rows of a kind of split, kept until ``task.rows.unpersist()``.

    Args:
        context: The job's context.
        tracks: ``curated.tracks`` with the extra features that the settings ask for.
        kind: ``artist``, ``random`` or ``time``.
        target: ``genre`` or ``group``.
        first: The task that labels and features are taken from; None takes those of the rows.

    Raises:
        SkipStep: A single genre, or no feature with a value.
        DataError: Tracks that the splits do not know, or no track at all.
    """
    splits = of_kind(context.tables.read("models.splits"), kind)
    wanted = wanted_features(context)
    rows = labelled(tracks, splits, target=target, features=wanted)
    if kind == TIME_KIND:
        rows = rows.where(F.col(IS_HELD_TRAIN).isNotNull())  # tracks without a date
    # Seeded estimators draw by partition and position: both have to follow from the keys alone.
    laid_out = rows.repartition(context.settings.tables.partitions, TRACK_ID).sortWithinPartitions(TRACK_ID)
    laid_out.persist(StorageLevel.MEMORY_AND_DISK)
    try:
        cells = _cells(laid_out, kind, wanted)
        labels = first.labels if first else tuple(sorted({cell[LABEL] for cell in cells}))
        features = first.features if first else tuple(name for name in wanted if any(cell[name] for cell in cells))
        if len(labels) < 2:
            raise SkipStep("a single genre")
        if not features:
            raise SkipStep("no audio features")
    except BaseException:
        laid_out.unpersist()
        raise
    counts = Counter({(cell[LABEL], cell[FOLD]): cell["n"] for cell in cells})
    return Task(context, kind, pipeline.with_label_index(laid_out, labels=labels), labels, features, counts)


def wanted_features(context: Context) -> list[str]:
    """Features to train on, as far as they hold values."""
    return [*AUDIO12, *extra_columns(context.settings.classify.extra_features)]


def _cells(rows: DataFrame, kind: str, features: Sequence[str]) -> list[Row]:
    """One pass: rows per label and fold (labels x folds rows), and which features hold values.

    Raises:
        DataError: Tracks that the splits do not know, or no track at all.
    """
    present = [F.count(name).alias(name) for name in features]
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


def check_leaks(context: Context, tracks: DataFrame, kind: str) -> None:
    """Refuses splits of a kind that leak (DataError)."""
    splits = context.tables.read("models.splits").where(F.col(KIND) == kind)
    twins = context.tables.read("curated.variants").select(TRACK_ID, F.col("variant_group").alias("member"))
    members = {"near-twin groups": twins}
    if kind == ARTIST_KIND:
        artists = context.tables.read("curated.track_artists").select(TRACK_ID, F.col("artist_id").alias("member"))
        members = {"artists": artists, **members}
    check_no_leak(splits, members)
    if kind == TIME_KIND:
        check_time_order(splits, tracks)
