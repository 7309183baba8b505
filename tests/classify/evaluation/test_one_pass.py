"""Every metric equals scikit-learn's on the same predictions."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn import metrics as sk

from spark_app.classify.evaluation.one_pass import evaluate
from spark_app.errors import DataError
from tests.classify.evaluation.predictions import LABELS, PLAN, evaluated, frame, random_predictions
from tests.frames import assert_same_rows


def scikit_learn(label, probability):
    """The same numbers by scikit-learn, and by the definition where it has none."""
    given, truth, k = probability.argmax(axis=1), np.eye(5)[label], np.arange(5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # predicted labels without true rows
        balanced = sk.balanced_accuracy_score(label, given)
    aucs = [sk.roc_auc_score(truth[:, c], probability[:, c]) for c in k if 0 < truth[:, c].sum() < len(label)]
    sums = {"brier": ((probability - truth) ** 2).sum(axis=1).mean()}
    f1 = {
        f"{kind}_f1": sk.f1_score(label, given, labels=k, average=kind, zero_division=0)
        for kind in ("macro", "weighted")
    }
    auc = {"macro_auc": np.mean(aucs)} if aucs else {}
    return sums | f1 | auc | {
        "accuracy": sk.accuracy_score(label, given),
        "balanced_accuracy": balanced,
        "top_3_accuracy": sk.top_k_accuracy_score(label, probability, k=3, labels=k),
        "log_loss": sk.log_loss(label, probability, labels=k),
        "ece": brute_force_ece(probability.max(axis=1), given == label),
        "classwise_ece": np.mean([brute_force_ece(probability[:, c], truth[:, c]) for c in k]),
    }  # fmt: skip


def brute_force_ece(scores, hits):
    """15 bins of equal mass by counting, row by row, how many scores are smaller."""
    bins = np.array([15 * sum(other < score for other in scores) // len(scores) for score in scores])
    gaps = [abs(scores[bins == b].mean() - hits[bins == b].mean()) * (bins == b).mean() for b in set(bins)]
    return sum(gaps)


@pytest.mark.parametrize(
    ("n", "true"), [(300, (0, 1, 2, 3)), (64, (0, 1, 2, 3, 4)), (50, (3,)), (1, (1,))],
    ids=["a missing label and ties", "all labels", "one label only", "a single row"],
)  # fmt: skip
def test_every_metric_equals_scikit_learn(spark, n, true):
    label, probability = random_predictions(n, true=true)

    found = evaluated(frame(spark, label, probability))["test",]

    oracle = scikit_learn(label, probability)
    ours = {name: found.value(name) for name in oracle}
    assert ours == pytest.approx(oracle, abs=1e-9)
    if "macro_auc" not in oracle:
        assert found.value("macro_auc") is None
    given = probability.argmax(axis=1)
    rows = sk.precision_recall_fscore_support(label, given, labels=range(5), zero_division=0)
    for i, genre in enumerate(LABELS):
        values = [found.value(name, genre) for name in ("precision", "recall", "f1", "support")]
        assert values == pytest.approx([column[i] for column in rows], abs=1e-9)
        if 0 < (label == i).sum() < n:
            auc = sk.roc_auc_score(label == i, probability[:, i])
            assert found.value("auc", genre) == pytest.approx(auc, abs=1e-9)
    assert found.confusion.tolist() == sk.confusion_matrix(label, given, labels=range(5)).tolist()
    assert {m.n for m in found.metrics if m.genre == "all"} == {n}


def test_certain_and_impossible_probabilities_have_scikit_learns_finite_log_loss(spark):
    label, probability = [0, 1, 2], np.eye(5)[[0, 1, 4]]
    found = evaluated(frame(spark, label, probability))["test",]
    assert found.value("log_loss") == pytest.approx(sk.log_loss(label, probability, labels=range(5)), abs=1e-9)


def test_the_curves_hold_scikit_learns_points_the_bins_and_the_risk(spark):
    label, probability = random_predictions(120)
    found = evaluated(frame(spark, label, probability))["test",]

    false, true, _ = sk.roc_curve(label == 3, probability[:, 3], drop_intermediate=False)
    assert found.curves["roc", "rock"] == pytest.approx(np.array([false, true]), abs=1e-12)
    score, share, rows = found.curves["reliability", "all"]
    assert rows.sum() == 120
    assert (rows * share).sum() == pytest.approx((probability.argmax(axis=1) == label).sum())
    assert (rows * score).sum() == pytest.approx(probability.max(axis=1).sum())
    # By hand: at the threshold of each point, who answers and how many of those are wrong.
    confidence, wrong = probability.max(axis=1), probability.argmax(axis=1) != label
    for coverage, risk, threshold in found.curves["risk_coverage", "all"].T:
        assert coverage == pytest.approx((confidence >= threshold).mean())
        assert risk == pytest.approx(wrong[confidence >= threshold].mean())
    assert found.value("coverage") == pytest.approx((confidence >= 0.4).mean())
    assert found.value("selective_accuracy") == pytest.approx(1 - wrong[confidence >= 0.4].mean())


def test_nothing_depends_on_the_partitioning_and_sets_are_kept_apart(spark):
    first, second = frame(spark, *random_predictions(60)), frame(spark, *random_predictions(60, seed=2), part="valid")
    both = first.unionByName(second)
    once = evaluate(both.repartition(1, "track_id"), by=["part"], plan=PLAN)
    again = evaluate(both.repartition(5, "unit").orderBy("prediction"), by=["part"], plan=PLAN)
    assert sorted(once.collect(), key=str) == sorted(again.collect(), key=str)
    alone = evaluate(first, by=["part"], plan=PLAN)
    assert_same_rows(once.where("part = 'test'").drop("points"), alone.drop("points"))


def test_rows_of_an_undeclared_label_are_left_out(spark):
    label, probability = random_predictions(30)
    rows = frame(spark, [None, *label[1:]], probability)
    assert evaluated(rows)["test",].value("accuracy") == pytest.approx(
        sk.accuracy_score(label[1:], probability[1:].argmax(axis=1))
    )


def test_a_probability_that_is_no_number_is_an_error(spark):
    rows = frame(spark, [0], np.array([[np.nan, 0.5, 0.5, 0, 0]]))
    with pytest.raises(DataError, match="test gives probabilities that are not numbers"):
        evaluated(rows)


def test_permuted_labels_give_chance(spark):
    rng = np.random.default_rng(3)
    label, probability = random_predictions(2000, true=(0, 1, 2, 3, 4))
    found = evaluated(frame(spark, rng.permutation(label), probability, units=2000))["test",]
    low, high = next((m.low, m.high) for m in found.metrics if m.name == "balanced_accuracy")
    assert low < 1 / 5 < high
    assert found.value("macro_auc") == pytest.approx(0.5, abs=0.03)  # three standard errors at 400 of 2,000
    assert evaluated(frame(spark, label, probability))["test",].value("macro_auc") > 0.6
