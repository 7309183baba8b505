"""Labelled rows of a real catalogue with their artist folds, and what scikit-learn makes of the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import mean, stdev
from typing import TYPE_CHECKING

import numpy as np
from pyspark.sql import functions as F

from benchmarks.record import run_jobs
from spark_app.classify.target import labelled
from spark_app.columns import AUDIO12, FOLD, TRACK_ID
from spark_app.features.splits import ARTIST_KIND, of_kind
from spark_app.jobs import curate_tracks, ingest_catalogue, make_splits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import DataFrame

    from spark_app.jobs.base import Context

FOLDS = 5


@dataclass(frozen=True)
class Fold:
    """One fold's rows, prepared as the application does: medians, indicators, z-scores of the training rows.

    Attributes:
        number: Fold that tests.
        train: Values ``(n_train, n_features)`` and labels.
        test: The same of the test rows.
    """

    number: int
    train: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]


def artist_folds(context: Context) -> Iterator[Fold]:
    """The five folds of the catalogue that ``sources.tracks`` names: fold k tests, k + 1 stays out."""
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    run_jobs(context, [ingest_catalogue.JOB, curate_tracks.JOB, make_splits.JOB])
    tracks, splits = context.tables.read("curated.tracks"), context.tables.read("models.splits")
    found = labelled(tracks, of_kind(splits, ARTIST_KIND), target="genre", features=AUDIO12)
    rows = found.toPandas().sort_values(TRACK_ID, ignore_index=True)  # some 28,000 or 50,000 rows
    labels = np.unique(rows["label"], return_inverse=True)[1]
    values = rows[list(AUDIO12)].astype(float)
    for number in range(FOLDS):
        is_test = (rows[FOLD] == number).to_numpy()
        is_train = ~is_test & (rows[FOLD] != (number + 1) % FOLDS).to_numpy()
        prepared = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
        train = prepared.fit_transform(values[is_train])
        yield Fold(number, (train, labels[is_train]), (prepared.transform(values[is_test]), labels[is_test]))


def accuracy(model: object, rows: DataFrame) -> float:
    """Share of right predictions of a Spark ML model."""
    found = model.transform(rows).agg(F.avg((F.col("prediction") == F.col("label_index")).cast("double")))  # type: ignore[attr-defined]
    return float(found.collect()[0][0])  # one row


def summary(values: list[float]) -> dict[str, object]:
    """Mean and sample standard deviation."""
    spread = stdev(values) if len(values) > 1 else 0.0
    return {"mean": round(mean(values), 4), "sd": round(spread, 4), "each": [round(v, 4) for v in values]}
