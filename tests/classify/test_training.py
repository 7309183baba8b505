"""Which rows a classifier is given."""

from __future__ import annotations

import pytest
from pyspark.ml import Estimator
from pyspark.ml.functions import array_to_vector
from pyspark.sql import functions as F

from spark_app.classify.probabilities import with_prediction
from spark_app.classify.training import IS_VALIDATION, PART, fit_on_fold


class Model:
    """Says label 0 of every row."""

    def transform(self, rows):
        return with_prediction(rows, F.array(F.lit(0.7), F.lit(0.3)))


class Recorder(Estimator):
    """Keeps what it is fitted on."""

    def fit(self, dataset):
        self.seen = {(row[PART], row[IS_VALIDATION]) for row in dataset.select(PART, IS_VALIDATION).collect()}
        return Model()

    def _fit(self, dataset):
        raise NotImplementedError


@pytest.mark.parametrize(
    ("stops", "seen"),
    [(False, {("train", False)}), (True, {("train", False), ("valid", True)})],
)
def test_test_rows_are_never_seen_and_validation_rows_only_to_stop(spark, monkeypatch, stops, seen):
    monkeypatch.setattr("spark_app.classify.training.PipelineModel", lambda stages: stages)
    rows = [(f"t{i}", part, f"u{i}", float(i % 2)) for i, part in enumerate(["train", "valid", "test"] * 4)]
    frame = spark.createDataFrame(rows, "track_id string, part string, unit string, label_index double")
    frame = frame.withColumn("features", array_to_vector(F.array(F.lit(1.0))))
    recorder = Recorder()

    fitted = fit_on_fold(frame, recorder, seed=1, stops=stops)

    assert recorder.seen == seen
    assert {row[PART] for row in fitted.scored.select(PART).collect()} == {"valid", "test"}
    fitted.scored.unpersist()
