"""Several genres a track, measured on one artist-disjoint fold, for the job train_genre_classifiers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark import StorageLevel
from pyspark.sql import functions as F

from spark_app.classify import pipeline
from spark_app.classify.evaluation.label_sets import evaluate_sets, set_metrics
from spark_app.classify.multilabel import MULTILABEL, MultiLabelLogistic, label_sets, with_answers
from spark_app.classify.target import TARGET_GROUP, labelled
from spark_app.classify.training import PART
from spark_app.columns import ALL, GENRE_GROUP, TRACK_ID, UNKNOWN
from spark_app.curate.membership import group_members
from spark_app.features.splits import ARTIST_KIND, TEST, TRAIN, of_kind, with_part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import DataFrame

    from spark_app.classify.evaluation.metrics import Metric
    from spark_app.jobs.base import Context


def measure_sets(
    context: Context, tracks: DataFrame, *, fold: int, features: Sequence[str]
) -> list[tuple[object, ...]]:
    """Rows of ``models.genre_metrics`` for the model that gives every track a set of genre groups.

    Empty where the tracks show fewer than two groups, or the fold has nothing to test on.
    """
    members = group_members(tracks, context.tables.read("curated.track_genres")).where(F.col(GENRE_GROUP) != UNKNOWN)
    groups = [row[GENRE_GROUP] for row in members.select(GENRE_GROUP).distinct().collect()]  # at most some dozens
    labels = sorted(groups)
    if len(labels) < 2:
        return []
    splits = of_kind(context.tables.read("models.splits"), ARTIST_KIND)
    chosen = labelled(tracks, splits, target=TARGET_GROUP, features=features)
    rows = chosen.join(label_sets(members, labels=labels), on=TRACK_ID, how="inner")
    rows = with_part(rows, fold=fold, folds=context.settings.splits.folds)
    # Imputing, scaling and the test read them; training keeps its own vectors.
    rows = rows.repartition(context.settings.tables.partitions, TRACK_ID).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        found = _measured(context, rows, features=features, labels=labels)
    finally:
        rows.unpersist()
    context.run.metrics({f"{MULTILABEL}.{m.name}.artist_{fold}": m.value for m in found if m.genre == ALL})
    return [(MULTILABEL, ARTIST_KIND, fold, m.genre, m.name, m.value, m.low, m.high, m.n) for m in found]


def _measured(context: Context, rows: DataFrame, *, features: Sequence[str], labels: Sequence[str]) -> list[Metric]:
    parts = {row[PART] for row in rows.select(PART).distinct().collect()}  # at most three
    if not {TRAIN, TEST} <= parts:
        return []
    train, test = rows.where(F.col(PART) == TRAIN), rows.where(F.col(PART) == TEST)
    preparation = pipeline.fit_preparation(train, features=features)
    model = MultiLabelLogistic(nLabels=len(labels)).fit(preparation.transform(train))
    scored = with_answers(
        model.transform(preparation.transform(test)), abstain_below=context.settings.classify.abstain_below
    )
    # 6 rows per group and 3 more.
    return set_metrics(evaluate_sets(scored).collect(), labels=labels)
