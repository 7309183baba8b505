"""Calibration."""

from __future__ import annotations

import numpy as np
import pytest
from pyspark.ml.linalg import DenseVector
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import log_loss

from spark_app.classify import calibration_maps as maps
from spark_app.classify.calibrate import Calibrator, CalibratorModel, in_stages
from tests.classify.evaluation.predictions import SCHEMA


def overconfident(n=1500, *, power=3.0, seed=0):
    """True labels drawn from known probabilities, and what a model says that raises them to ``power``."""
    rng = np.random.default_rng(seed)
    truth = rng.dirichlet([1.0, 1.0, 1.0], n)
    label = (rng.random(n)[:, None] > truth.cumsum(axis=1)).sum(axis=1)
    said = truth**power
    return truth, said / said.sum(axis=1, keepdims=True), label


def frame(spark, p, label):
    rows = [
        (f"t{i:04}", "valid", f"u{i // 3}", None if y is None else float(y), float(np.argmax(q)), DenseVector(q))
        for i, (q, y) in enumerate(zip(p, label, strict=True))
    ]
    return spark.createDataFrame(rows, SCHEMA)


def test_the_temperature_is_the_power_that_made_the_model_overconfident():
    truth, said, label = overconfident(20000)
    found = maps.fit_temperature(said, label)
    assert found.temperature == pytest.approx(3.0, rel=0.05)
    assert maps.Map(maps.TEMPERATURE, 3.0).apply(said) == pytest.approx(
        truth, abs=1e-3
    )  # probabilities are clipped at 1e-12
    grid = [log_loss(label, maps.Map(maps.TEMPERATURE, t).apply(said)) for t in np.linspace(2.5, 3.5, 21)]
    assert log_loss(label, found.apply(said)) <= min(grid) + 1e-9


def test_the_isotonic_map_is_scikit_learns_on_the_bins_and_sums_to_one():
    _, said, label = overconfident(600)
    found = maps.fit_isotonic(said, label)
    order = np.argsort(said[:, 1], kind="stable")
    groups = np.array_split(order, 6)  # 600 rows without ties: six bins of a hundred
    score, share = ([f[g].mean() for g in groups] for f in (said[:, 1], (label == 1).astype(float)))
    oracle = IsotonicRegression(y_min=1 / 602, y_max=601 / 602).fit(score, share).predict(score)
    assert found.knots[1][0] == pytest.approx(score)
    assert found.knots[1][1] == pytest.approx(oracle)
    assert found.apply(said).sum(axis=1) == pytest.approx(np.ones(600))
    constant = maps.fit_isotonic(np.full((50, 2), 0.5), np.arange(50) % 2)
    assert constant.apply(np.array([[0.1, 0.9]])) == pytest.approx(np.array([[0.5, 0.5]]))


def test_calibration_halves_the_error_of_fresh_rows_and_right_probabilities_are_left_alone():
    _, said, label = overconfident()
    _, fresh, fresh_label = overconfident(seed=1)
    found = maps.choose_map(said, label, np.arange(len(label)) % 5)
    assert found.kind == maps.TEMPERATURE
    assert maps.answer_error(found.apply(fresh), fresh_label) < maps.answer_error(fresh, fresh_label) / 2
    assert maps.answer_error(found.apply(said), label) <= maps.answer_error(said, label)

    assert maps.choose_map(said, label, np.zeros(len(label), int)).kind == maps.IDENTITY  # nothing to cross-fit with
    rng = np.random.default_rng(2)
    nothing = np.full((500, 3), 1 / 3)
    assert maps.choose_map(nothing, rng.integers(0, 3, 500), np.arange(500) % 5).kind == maps.IDENTITY


def test_a_twisted_label_is_mended_by_the_isotonic_maps():
    rng = np.random.default_rng(5)
    score = rng.random(4000)
    label = (rng.random(4000) > np.where(score > 0.5, 0.8, 0.6)).astype(int)  # says much, knows little
    found = maps.choose_map(np.column_stack([score, 1 - score]), label, np.arange(4000) % 5)
    assert found.kind == maps.ISOTONIC


def test_weights_of_training_are_taken_out_of_probabilities_and_stay_in_the_answer(spark):
    truth, _, label = overconfident(6000, power=1.0)
    weights = [0.5, 1.0, 4.0]
    said = truth * weights
    said /= said.sum(axis=1, keepdims=True)  # Bayes' rule with the shares of the weighted training rows
    found = maps.choose_map(said, label, np.arange(len(label)) % 5, weights)
    assert found.divisors == (0.5, 1.0, 4.0)
    assert found.kind == maps.IDENTITY
    assert found.apply(said) == pytest.approx(truth, abs=1e-12)
    # A model that did not follow the weights keeps its probabilities.
    assert maps.choose_map(truth, label, np.arange(len(label)) % 5, weights).divisors == ()

    rows = frame(spark, said[:1500], label[:1500])
    model = Calibrator(seed=3, weights=weights).fit(rows)
    assert model.map.divisors == (0.5, 1.0, 4.0)
    plain = model.copy()._set(kind=maps.IDENTITY, scores=[], values=[])
    found = plain.transform(rows).orderBy("track_id").collect()
    # Taken out and put back once: the probabilities are the true ones, the answer is the model's own.
    assert np.array([row.calibrated for row in found]) == pytest.approx(truth[:1500], abs=1e-12)
    assert [row.prediction for row in found] == said[:1500].argmax(axis=1).tolist()


@pytest.fixture(params=[maps.TEMPERATURE, maps.ISOTONIC, maps.IDENTITY])
def fitted(request, spark):
    """A frame and a model of each kind."""
    _, said, label = overconfident(400)
    model = CalibratorModel()._set(kind=request.param, temperature=2.0, scores=[], values=[])
    if request.param == maps.ISOTONIC:
        knots = maps.fit_isotonic(said, label).knots
        model._set(scores=[list(x) for x, _ in knots], values=[list(y) for _, y in knots])
    return frame(spark, said[:40], label[:40]), said[:40], model


def test_transform_applies_the_map_and_the_answer_is_its_likeliest_label(fitted):
    rows, said, model = fitted
    found = model.transform(rows.repartition(3)).orderBy("track_id").toPandas()  # 40 rows
    expected = model.map.apply(said)
    ours = np.stack([vector.toArray() for vector in found["calibrated"]])
    assert ours == pytest.approx(expected, abs=1e-12)
    assert ours[np.arange(40), found["prediction"].astype(int)].tolist() == ours.max(axis=1).tolist()
    assert found["probability"].tolist() == [DenseVector(p) for p in said]


def test_a_reloaded_model_gives_the_same_output(fitted, tmp_path):
    rows, _, model = fitted
    model.save(str(tmp_path / "model"))
    again = CalibratorModel.load(str(tmp_path / "model"))
    assert again.transform(rows).collect() == model.transform(rows).collect()


def test_fit_does_not_depend_on_the_partitioning_and_leaves_out_rows_without_label(spark):
    _, said, label = overconfident(600)
    rows = frame(spark, said, label)
    model = Calibrator(seed=3).fit(rows)
    assert model.map.kind == maps.TEMPERATURE
    assert Calibrator(seed=3).fit(rows.repartition(4).orderBy("prediction")).map == model.map
    without = frame(spark, np.vstack([said, [[0.0, 0.0, 1.0]]]), [*label, None])
    assert Calibrator(seed=3).fit(without).map == model.map
    assert Calibrator().fit(rows.limit(0)).map.kind == maps.IDENTITY
    assert Calibrator().fit(rows.limit(1)).map.kind == maps.IDENTITY


def test_the_rows_of_one_artist_fold_are_enough_to_cross_fit(spark):
    _, said, label = overconfident(3000)
    whole = frame(spark, said, label)
    # The formula of the folds, with the seed that the job gives to both.
    one_fold = whole.where("pmod(xxhash64(unit, 42L), 5) = 1")
    assert 400 < one_fold.count() < 800
    assert Calibrator(seed=42).fit(one_fold).map.kind == maps.TEMPERATURE


def test_the_stages_hold_the_answer_before_and_after(spark):
    _, said, label = overconfident(40)
    model = CalibratorModel()._set(kind=maps.TEMPERATURE, temperature=2.0, scores=[], values=[])
    rows = in_stages(frame(spark, said, label), model).orderBy("stage", "track_id").collect()
    assert [row.stage for row in rows] == ["calibrated"] * 40 + ["raw"] * 40
    assert [list(row.probability) for row in rows[40:]] == said.tolist()
    assert np.array([row.probability for row in rows[:40]]) == pytest.approx(model.map.apply(said), abs=1e-12)
    assert {row.track_id for row in rows} == {f"t{i:04}" for i in range(40)}
