"""All eight kinds of classifiers behind one interface."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from pyspark.ml import PipelineModel

from spark_app.classify import pipeline
from spark_app.classify.candidates import CANDIDATES, chosen
from spark_app.classify.candidates.base import TrainingSpec
from spark_app.errors import UsageError
from spark_app.jobs.model_params import model_params
from spark_app.settings import load_settings
from tests.classify.clouds import arrays, frame, predictions, probabilities

QUICK = (
    "trees=6", "forest.trees_per_task=3", "logistic.iterations=15", "svm.iterations=15", "rbf.components=200",
    "perceptron.hidden=6", "perceptron.iterations=80", "boosting.rounds=6", "boosting.depth=3",
)  # fmt: skip
NAMES = (
    "random_forest", "decision_tree", "logistic_regression", "logistic_one_vs_rest", "linear_svm", "rbf_svm",
    "multilayer_perceptron", "gradient_boosting",
)  # fmt: skip


def spec(**changes):
    classify = load_settings([], [f"classify.{quick}" for quick in QUICK]).classify
    return TrainingSpec(**{
        "labels": ("ambient", "jazz", "opera", "pop", "rock"),
        "n_features": 3, "seed": 3, "params": model_params(classify), "key": "track_id", **changes,
    })  # fmt: skip


def labelled(spark, labels=(1, 3), weights=None):
    """Two well separated clouds among five declared labels."""
    values, found = arrays(rows=80, labels=labels, spread=0.3)
    rows = frame(spark, values, found, None if weights is None else weights(found))
    metadata = {"ml_attr": {"type": "nominal", "name": "label_index", "vals": list(spec().labels)}}
    return rows.withMetadata(pipeline.LABEL_INDEX, metadata), found


def test_all_eight_are_there_by_name():
    assert tuple(CANDIDATES) == NAMES
    with pytest.raises(UsageError, match="unknown or repeated classifiers: adaboost, rbf_svm"):
        chosen(["rbf_svm", "adaboost", "rbf_svm"])


@pytest.mark.parametrize("name", NAMES)
def test_labels_without_rows_are_never_predicted_and_a_reloaded_model_agrees(spark, tmp_path, name):
    rows, labels = labelled(spark)
    model = PipelineModel(stages=[CANDIDATES[name].build(spec()).fit(rows)])

    found = probabilities(model, rows)
    assert found.shape == (80, 5)
    assert found.sum(axis=1) == pytest.approx(1, abs=1e-9)
    assert found.min() >= 0
    assert found[:, [0, 2, 4]].max() < 0.02
    assert predictions(model, rows).tolist() == found.argmax(axis=1).tolist() == labels.tolist()

    model.save(str(tmp_path / "model"))
    again = PipelineModel.load(str(tmp_path / "model"))
    assert probabilities(again, rows) == pytest.approx(found, abs=1e-12)


@pytest.mark.parametrize("name", [name for name in NAMES if CANDIDATES[name].takes_weights])
def test_rows_of_weight_next_to_nothing_lose_against_the_rest(spark, name):
    # The same point under both labels: the heavy one wins.
    values = np.repeat([[1.0, 0, 0], [0, 1.0, 0]], 20, axis=0)
    labels = np.tile([0, 1], 20)
    rows = frame(spark, values, labels, np.where(labels == 1, 1.0, 0.01))
    model = CANDIDATES[name].build(spec(labels=("a", "b"), weight="weight")).fit(rows)
    assert set(predictions(model, rows)) == {1.0}


def test_the_perceptron_refuses_weights():
    with pytest.raises(UsageError, match="takes no row weights"):
        CANDIDATES["multilayer_perceptron"].build(spec(weight="weight"))


def test_hyper_parameters_can_be_replaced():
    params = spec().params
    forest = dataclasses.replace(params, forest=dataclasses.replace(params.forest, trees=7))
    assert CANDIDATES["random_forest"].build(spec(params=forest)).getOrDefault("trees") == 7
