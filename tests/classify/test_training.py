"""Which rows a classifier is given."""

from __future__ import annotations

import pytest
from pyspark.ml import Estimator
from pyspark.ml.functions import array_to_vector
from pyspark.sql import functions as F

from spark_app.classify.candidates.base import Candidate, TrainingSpec
from spark_app.classify.probabilities import with_prediction
from spark_app.classify.training import PART, fit_on_fold


class Model:
    """Says label 0 of every row."""

    def transform(self, rows):
        return with_prediction(rows, F.array(F.lit(0.7), F.lit(0.3)))


class Recorder(Estimator):
    """Keeps what it is fitted on: parts, and which rows are marked for validation."""

    def __init__(self, spec, seen_by):
        super().__init__()
        self.mark, self.seen_by = spec.validation, seen_by

    def fit(self, dataset):
        mark = F.col(self.mark) if self.mark else F.lit(None)
        self.seen_by.append({tuple(row) for row in dataset.select(PART, mark).collect()})
        return Model()

    def _fit(self, dataset):
        raise NotImplementedError


@pytest.mark.parametrize(
    ("takes_validation", "may_stop", "seen"),
    [
        (False, True, {("train", None)}),
        (True, False, {("train", None)}),
        (True, True, {("train", False), ("valid", True)}),
    ],
)
def test_test_rows_are_never_seen_and_validation_rows_only_to_stop(
    spark, monkeypatch, takes_validation, may_stop, seen
):
    monkeypatch.setattr("spark_app.classify.training.PipelineModel", lambda stages: stages)
    rows = [(f"t{i}", part, f"u{i}", float(i % 2)) for i, part in enumerate(["train", "valid", "test"] * 4)]
    frame = spark.createDataFrame(rows, "track_id string, part string, unit string, label_index double")
    frame = frame.withColumn("features", array_to_vector(F.array(F.lit(1.0))))
    seen_by = []
    candidate = Candidate("recorder", lambda spec: Recorder(spec, seen_by), takes_validation=takes_validation)

    fitted = fit_on_fold(frame, candidate, TrainingSpec(("a", "b"), 1, 1, params=None), may_stop=may_stop)

    assert seen_by == [seen]
    assert {row[PART] for row in fitted.scored.select(PART).collect()} == {"valid", "test"}
    fitted.scored.unpersist()
