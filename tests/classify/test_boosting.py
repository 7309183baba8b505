"""Gradient boosting."""

from __future__ import annotations

import numpy as np
import pytest
import xgboost
from pyspark.sql import functions as F

from spark_app.classify import boosting
from spark_app.classify.boosting import GradientBoosting, GradientBoostingModel
from spark_app.errors import DataError, UsageError
from tests.classify.clouds import arrays, frame, predictions, probabilities


def boosted(**changes):
    return GradientBoosting(**{"rounds": 8, "depth": 3, "rowShare": 1.0, "featureShare": 1.0, **changes})


@pytest.mark.parametrize("labels", [(0, 1), (0, 1, 2)])
def test_equals_xgboost_on_one_machine_with_weights(spark, labels):
    values, found = arrays(labels=labels, spread=2)
    weights = 1 + found / 2
    reference = xgboost.XGBClassifier(n_estimators=8, max_depth=3, learning_rate=0.1, tree_method="hist")
    reference.fit(values.astype(np.float32), found, sample_weight=weights)
    rows = frame(spark, values, found, weights)
    model = boosted(weightCol="weight").fit(rows)
    assert probabilities(model, rows) == pytest.approx(reference.predict_proba(values.astype(np.float32)), abs=1e-5)


def test_labels_without_rows_have_probability_zero_and_the_rest_keep_their_places(spark):
    rows = frame(spark, *arrays(labels=(1, 3)))
    model = boosted(nLabels=5).fit(rows)
    found = probabilities(model, rows)
    assert found.shape == (120, 5)
    assert (found[:, [0, 2, 4]] == 0).all()
    assert found.sum(axis=1) == pytest.approx(1, abs=1e-12)
    assert predictions(model, rows).tolist() == [1.0, 3.0] * 60


def test_a_single_label_is_certain(spark):
    rows = frame(spark, *arrays(labels=(2,)))
    assert probabilities(boosted().fit(rows), rows)[0].tolist() == [0.0, 0.0, 1.0]


def test_training_stops_early_on_validation_rows_alone(spark):
    values, labels = arrays(rows=200, spread=3)
    rows = frame(spark, values, labels).withColumn("is_valid", F.pmod(F.hash("track_id"), F.lit(3)) == 0)
    early = boosted(rounds=60, rate=0.5, patience=2, validationCol="is_valid").fit(rows)
    late = boosted(rounds=60, rate=0.5).fit(rows.where("not is_valid"))
    assert trees(early) < trees(late) == 180
    # The trees it kept are the first ones of a training without validation.
    few = boosted(rounds=trees(early) // 3, rate=0.5).fit(rows.where("not is_valid"))
    assert probabilities(early, rows) == pytest.approx(probabilities(few, rows), abs=1e-6)
    with pytest.raises(DataError, match="no row to stop on"):
        boosted(validationCol="never").fit(rows.withColumn("never", F.lit(False)))


def trees(model):
    return len(xgboost.Booster(model_file=bytearray(model.arrays["booster"].tobytes())).get_dump())


def test_a_reloaded_model_gives_the_same_output(spark, tmp_path):
    rows = frame(spark, *arrays())
    model = boosted().fit(rows)
    model.save(str(tmp_path / "model"))
    again = GradientBoostingModel.load(str(tmp_path / "model"))
    assert again.transform(rows).collect() == model.transform(rows).collect()


def test_without_xgboost_the_extra_is_named(spark, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match="needs xgboost") as error:
        boosting.check_installed()
    assert "spark_app[boost]" in error.value.remedy
