"""Several genres a track."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from pyspark.ml.linalg import DenseVector, VectorUDT
from pyspark.sql import types as T
from scipy.special import expit
from sklearn import metrics as sk
from sklearn.linear_model import LogisticRegression

from spark_app.classify.evaluation.label_sets import evaluate_sets, set_metrics
from spark_app.classify.multilabel import (
    MultiLabelLogistic,
    MultiLabelLogisticModel,
    label_sets,
    with_answers,
)
from spark_app.errors import DataError
from tests.frames import assert_same_rows

LABELS = ("jazz", "pop", "rock", "all of them", "none of them")
SCHEMA = T.StructType(
    [
        T.StructField("features", VectorUDT()),
        T.StructField("label_set", T.ArrayType(T.IntegerType())),
    ]
)


def tracks(n=200, seed=0):
    """Features and memberships ``(n, 5)``; pop is rare, one label is carried by all and one by none."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    chance = expit(np.column_stack([x[:, 0], 2 * x[:, 1] - 3, x[:, 2] - x[:, 0]]))
    return x, np.column_stack([rng.random((n, 3)) < chance, np.ones(n), np.zeros(n)]).astype(int)


def frame(spark, x, y):
    return spark.createDataFrame(
        [(DenseVector(row), np.flatnonzero(of).tolist()) for row, of in zip(x, y, strict=True)], SCHEMA
    )


def probabilities(model, rows):
    return np.array([row.label_probability.toArray() for row in model.transform(rows).collect()])


@pytest.fixture
def fitted(spark):
    x, y = tracks()
    rows = frame(spark, x, y)
    return x, y, rows, MultiLabelLogistic(nLabels=5, ridge=2.0).fit(rows)


def test_each_label_equals_scikit_learns_logistic_regression(fitted):
    x, y, rows, model = fitted
    found = probabilities(model, rows)
    for k in range(3):
        oracle = LogisticRegression(C=0.5, tol=1e-12, max_iter=10000).fit(x, y[:, k]).predict_proba(x)[:, 1]
        assert found[:, k] == pytest.approx(oracle, abs=1e-6)
        assert found[:, k].mean() == pytest.approx(y[:, k].mean(), abs=1e-8)
    # Smoothed shares by hand: (200 + 0.5) / 201 and 0.5 / 201.
    assert found[:, 3:] == pytest.approx(np.tile([200.5 / 201, 0.5 / 201], (200, 1)))


def test_the_fit_does_not_depend_on_the_partitioning_and_a_reloaded_model_gives_the_same(fitted, tmp_path):
    _, _, rows, model = fitted
    again = MultiLabelLogistic(nLabels=5, ridge=2.0).fit(rows.repartition(4))
    assert probabilities(again, rows) == pytest.approx(probabilities(model, rows), abs=1e-9)
    model.save(str(tmp_path / "model"))
    reloaded = MultiLabelLogisticModel.load(str(tmp_path / "model"))
    assert reloaded.transform(rows).collect() == model.transform(rows).collect()


def test_a_separable_label_ends_at_finite_weights_and_no_rows_are_an_error(spark):
    x = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    y = np.array([[0], [0], [1], [1]])
    rows = frame(spark, x, y)
    found = probabilities(MultiLabelLogistic(nLabels=1, ridge=0.01).fit(rows), rows)[:, 0]
    oracle = LogisticRegression(C=100.0, tol=1e-12, max_iter=10000).fit(x, y[:, 0]).predict_proba(x)[:, 1]
    assert found == pytest.approx(oracle, abs=1e-6)
    one = frame(spark, x[:1], y[:1])
    assert probabilities(MultiLabelLogistic(nLabels=1).fit(one), one)[0, 0] == pytest.approx(0.5 / 2)
    with pytest.raises(DataError, match="no rows to learn genres from"):
        MultiLabelLogistic(nLabels=1).fit(rows.limit(0))


def test_every_metric_equals_scikit_learn(spark):
    rng = np.random.default_rng(4)
    y = tracks(120)[1]
    y = y[y[:, :3].sum(axis=1) > 0]
    p = rng.integers(0, 10, y.shape) / 10  # many ties
    answers = p >= 0.5
    sets = [[np.flatnonzero(row).tolist() for row in of] for of in (y, answers)]
    unit = np.arange(len(y)) % 30
    rows = [
        ("test", f"u{u:02}", true, DenseVector(q), given)
        for u, true, q, given in zip(unit, sets[0], p, sets[1], strict=True)
    ]
    schema = T.StructType(
        [
            T.StructField("stage", T.StringType()),
            T.StructField("unit", T.StringType()),
            T.StructField("label_set", T.ArrayType(T.IntegerType())),
            T.StructField("label_probability", VectorUDT()),
            T.StructField("answer_set", T.ArrayType(T.IntegerType())),
        ]
    )
    collected = evaluate_sets(spark.createDataFrame(rows, schema), by=["stage"], resamples=400, seed=3).collect()

    metrics = {(m.genre, m.name): m for m in set_metrics(collected, by=["stage"], labels=LABELS)["test",]}
    found = {key: m.value for key, m in metrics.items()}

    carried = [k for k in range(5) if y[:, k].any()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        oracle = {
            "micro_f1": sk.f1_score(y, answers, average="micro", zero_division=0),
            "macro_f1": sk.f1_score(y, answers, average="macro", zero_division=0),
            "mean_average_precision": sk.average_precision_score(y[:, carried], p[:, carried], average="macro"),
            "subset_accuracy": sk.accuracy_score(y, answers),
            "coverage_error": sk.coverage_error(y, p),
            "coverage": answers.any(axis=1).mean(),
            "macro_auc": np.mean([sk.roc_auc_score(y[:, k], p[:, k]) for k in range(3)]),
        }
    assert {name: found["all", name] for name in oracle} == pytest.approx(oracle, abs=1e-9)
    for k in carried:
        ap = sk.average_precision_score(y[:, k], p[:, k])
        assert found[LABELS[k], "average_precision"] == pytest.approx(ap, abs=1e-9)
    assert ("none of them", "average_precision") not in found
    # Intervals: whole units drawn anew by hand, as often as the bootstrap does.
    rng, draws = np.random.default_rng(8), []
    for _ in range(400):
        drawn = np.concatenate([np.flatnonzero(unit == u) for u in rng.integers(0, 30, 30)])
        draws.append(sk.f1_score(y[drawn], answers[drawn], average="micro", zero_division=0))
    micro = metrics["all", "micro_f1"]
    assert (micro.low, micro.high) == pytest.approx(tuple(np.percentile(draws, [2.5, 97.5])), abs=0.02)
    for name in ("macro_f1", "macro_auc", "subset_accuracy", "coverage_error", "coverage", "classwise_ece"):
        assert metrics["all", name].low <= found["all", name] <= metrics["all", name].high
        assert metrics["all", name].low < metrics["all", name].high


def test_answers_are_all_likely_genres_else_the_likeliest_else_unknown(spark):
    rows = [([0.7, 0.5, 0.1],), ([0.2, 0.4, 0.1],), ([0.2, 0.1, 0.1],), ([0.4, 0.4, 0.0],)]
    schema = T.StructType([T.StructField("label_probability", VectorUDT())])
    scored = spark.createDataFrame([(DenseVector(p),) for (p,) in rows], schema)
    found = [row.answer_set for row in with_answers(scored, abstain_below=0.3).collect()]
    assert found == [[0, 1], [1], [], [0, 1]]


def test_the_declared_groups_of_a_track_become_positions(spark):
    memberships = spark.createDataFrame(
        [("a", "rock"), ("a", "jazz"), ("a", "rock"), ("b", "unknown"), ("c", "pop")],
        "track_id string, genre_group string",
    )
    expected = spark.createDataFrame([("a", [0, 2]), ("c", [1])], "track_id string, label_set array<int>")
    assert_same_rows(label_sets(memberships, labels=["jazz", "pop", "rock"]), expected)
