"""Several genres a track, on one artist-disjoint fold, for the job train_genre_classifiers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from pyspark import StorageLevel
from pyspark.ml import PipelineModel
from pyspark.ml.functions import array_to_vector
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.classify import pipeline
from spark_app.classify.calibrate import STAGE
from spark_app.classify.evaluation.label_sets import evaluate_sets, set_metrics
from spark_app.classify.evaluation.metrics import CLASSWISE_ECE, ECE_BY_CHANCE, MACRO_AUC
from spark_app.classify.multilabel import (
    LABEL_PROBABILITY,
    LABEL_SET,
    MULTILABEL,
    MultiLabelLogistic,
    label_sets,
    with_answers,
)
from spark_app.classify.promotion import Contender
from spark_app.classify.set_calibration import LABEL_CALIBRATED, LabelSetCalibrator
from spark_app.classify.target import TARGET_GROUP, labelled
from spark_app.classify.training import PART
from spark_app.columns import ALL, GENRE_GROUP, TRACK_ID, UNKNOWN
from spark_app.curate.membership import group_members
from spark_app.features.components import UNIT
from spark_app.features.splits import ARTIST_KIND, TEST, TRAIN, VALID, of_kind, with_part

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from spark_app.classify.evaluation.metrics import Metric
    from spark_app.jobs.base import Context

UNCALIBRATED = "_uncalibrated"
SHARES = "group_shares"  # the baseline: every track gets the shares that groups have among training tracks
_RAW = f"{MULTILABEL}{UNCALIBRATED}"
_BEFORE = (CLASSWISE_ECE,)


@dataclass(frozen=True)
class MeasuredSets:
    """The model that gives every track a set of genre groups.

    Attributes:
        labels: Groups in the order of its probabilities.
        pipeline: From raw features to ``label_calibrated``.
        metrics: Model, baseline, or model before calibration -> numbers on test rows.
        fold: That was tested.
    """

    labels: tuple[str, ...]
    pipeline: PipelineModel
    metrics: Mapping[str, Sequence[Metric]]
    fold: int

    def rows(self) -> Iterator[tuple[object, ...]]:
        """Rows of ``models.genre_metrics``."""
        of = [(MULTILABEL, MULTILABEL, ""), (SHARES, SHARES, ""), (_RAW, MULTILABEL, UNCALIBRATED)]
        for model, name, suffix in of:
            for m in self.metrics[model]:
                if not suffix or (m.genre == ALL and m.name in _BEFORE):
                    yield (name, ARTIST_KIND, self.fold, m.genre, f"{m.name}{suffix}", m.value, m.low, m.high, m.n)

    @property
    def has_area(self) -> bool:
        """False where no group has test tracks both with it and without it."""
        return any((m.genre, m.name) == (ALL, MACRO_AUC) for m in self.metrics[MULTILABEL])

    def overall(self, metric: str, model: str = MULTILABEL) -> Metric:
        """A number over all groups; ``macro_auc`` only where there is one (``has_area``)."""
        return next(m for m in self.metrics[model] if (m.genre, m.name) == (ALL, metric))

    def contender(self, *, uses_outcome: bool) -> Contender:
        """As the gate sees it: by macro AUC, whose value for shares that are the same for all tracks is 0.5."""
        area = self.overall(MACRO_AUC)
        return Contender(
            MULTILABEL,
            validation=area.value,  # it has no rival
            value=area.value,
            low=area.low if area.low is not None else area.value,
            ece=self.overall(CLASSWISE_ECE).value,
            ece_by_chance=self.overall(ECE_BY_CHANCE).value,
            uses_outcome=uses_outcome,
        )


def measure_sets(context: Context, tracks: DataFrame, *, fold: int, features: Sequence[str]) -> MeasuredSets | None:
    """Fit on training tracks, calibrate on validation tracks, measure on test tracks.

    None where the tracks show fewer than two groups, or the fold has nothing to train or to test on.
    """
    members = group_members(tracks, context.tables.read("curated.track_genres")).where(F.col(GENRE_GROUP) != UNKNOWN)
    labels = sorted(row[GENRE_GROUP] for row in members.select(GENRE_GROUP).distinct().collect())  # some dozens
    if len(labels) < 2:
        return None
    rows = _rows(context, tracks, members, fold=fold, features=features, labels=labels)
    # Imputing, scaling and the test read them; training keeps its own vectors.
    rows = rows.repartition(context.settings.tables.partitions, TRACK_ID).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        found = _measured(context, rows, features=features, labels=labels, fold=fold)
    finally:
        rows.unpersist()
    if found:
        numbers = {f"{MULTILABEL}.{m.name}.artist_{fold}": m.value for m in found.metrics[MULTILABEL] if m.genre == ALL}
        context.run.metrics(numbers)
    return found


def sets_measured_again(
    context: Context, tracks: DataFrame, model: PipelineModel, *, like: MeasuredSets, features: Sequence[str]
) -> float:
    """The macro AUC of a model of an earlier run on today's test rows, of the same groups."""
    members = group_members(tracks, context.tables.read("curated.track_genres"))
    rows = _rows(context, tracks, members, fold=like.fold, features=features, labels=like.labels)
    scored = model.transform(rows.where(F.col(PART) == TEST)).select(
        F.lit(MULTILABEL).alias(STAGE), UNIT, LABEL_SET, F.col(LABEL_CALIBRATED).alias(LABEL_PROBABILITY)
    )
    classify = context.settings.classify
    answers = with_answers(scored, abstain_below=classify.abstain_below)
    # About 8 rows per group and 3 more.
    found = evaluate_sets(answers, by=[STAGE], resamples=1, seed=context.settings.run.seed).collect()
    numbers = set_metrics(found, by=[STAGE], labels=like.labels)[MULTILABEL,]
    return next(m.value for m in numbers if (m.genre, m.name) == (ALL, MACRO_AUC))


def _rows(
    context: Context,
    tracks: DataFrame,
    members: DataFrame,
    *,
    fold: int,
    features: Sequence[str],
    labels: Sequence[str],
) -> DataFrame:
    splits = of_kind(context.tables.read("models.splits"), ARTIST_KIND)
    chosen = labelled(tracks, splits, target=TARGET_GROUP, features=features)
    rows = chosen.join(label_sets(members, labels=labels), on=TRACK_ID, how="inner")
    return with_part(rows, fold=fold, folds=context.settings.splits.folds)


def _measured(
    context: Context, rows: DataFrame, *, features: Sequence[str], labels: Sequence[str], fold: int
) -> MeasuredSets | None:
    parts = {row[PART] for row in rows.select(PART).distinct().collect()}  # at most three
    if not {TRAIN, TEST} <= parts:
        return None
    train = rows.where(F.col(PART) == TRAIN)
    preparation = pipeline.fit_preparation(train, features=features)
    model = MultiLabelLogistic(nLabels=len(labels)).fit(preparation.transform(train))
    scored = model.transform(preparation.transform(rows.where(F.col(PART) != TRAIN)))
    scored = scored.select(TRACK_ID, UNIT, PART, LABEL_SET, LABEL_PROBABILITY).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        classify, seed = context.settings.classify, context.settings.run.seed
        calibrator = LabelSetCalibrator(seed=seed).fit(scored.where(F.col(PART) == VALID))
        test = calibrator.transform(scored.where(F.col(PART) == TEST))
        stages = _stages(test, model.shares, abstain_below=classify.abstain_below)
        by = [STAGE]
        # About 8 rows per group and 3 more for each of the three stages.
        collected = evaluate_sets(stages, by=by, resamples=classify.resamples, seed=seed).collect()
    finally:
        scored.unpersist()
    metrics = {name: of for (name,), of in set_metrics(collected, by=by, labels=labels).items()}
    whole = PipelineModel(stages=[*preparation.stages, model, calibrator])
    return MeasuredSets(tuple(labels), whole, metrics, fold)


def _stages(test: DataFrame, shares: Sequence[float], *, abstain_below: float) -> DataFrame:
    """The same tracks by the calibrated model, by the model as it was fitted, and by the groups' shares alone."""
    constant = array_to_vector(F.array(*[F.lit(share) for share in shares]))
    named = {MULTILABEL: F.col(LABEL_CALIBRATED), _RAW: F.col(LABEL_PROBABILITY), SHARES: constant}
    frames = [
        test.select(F.lit(name).alias(STAGE), UNIT, LABEL_SET, p.alias(LABEL_PROBABILITY)) for name, p in named.items()
    ]
    return with_answers(reduce(DataFrame.unionByName, frames), abstain_below=abstain_below)
