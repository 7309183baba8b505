"""The ablation; scikit-learn's linear discriminant analysis is the oracle."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.impute import SimpleImputer
from sklearn.metrics import accuracy_score, f1_score

from spark_app.explore.ablation import Rows, ablations

FEATURES = ["tempo", "energy", "loudness"]


def clouds(seed, n=600):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    values = rng.normal(size=(n, 3)) * [1, 40, 0.1]
    values[:, 0] += labels
    values[:, 1] += 30 * (labels == 2)
    return values, labels


def test_each_model_equals_scikit_learn_without_that_feature():
    (train, seen), (valid, truth) = clouds(1), clouds(2)
    train[::7, 1] = np.nan
    valid[::5, 1] = np.nan
    found = ablations(Rows(train, seen), Rows(valid, truth), features=FEATURES, n_labels=3)

    assert [row.feature for row in found] == ["none", *FEATURES]
    for row, left_out in zip(found, [None, 0, 1, 2], strict=True):
        columns = [i for i in range(3) if i != left_out]
        imputer = SimpleImputer(strategy="median", add_indicator=True).fit(train[:, columns])
        model = LinearDiscriminantAnalysis(solver="lsqr").fit(imputer.transform(train[:, columns]), seen)
        guess = model.predict(imputer.transform(valid[:, columns]))
        assert row.accuracy == pytest.approx(accuracy_score(truth, guess), abs=1e-12)
        assert row.macro_f1 == pytest.approx(f1_score(truth, guess, average="macro"), abs=1e-12)
        assert row.accuracy_change == pytest.approx(row.accuracy - found[0].accuracy, abs=1e-12)
        assert row.macro_f1_change == pytest.approx(row.macro_f1 - found[0].macro_f1, abs=1e-12)
    assert min(found, key=lambda row: row.accuracy).feature == "tempo"


def test_the_standard_error_is_that_of_the_rows_that_differ():
    (train, seen), (valid, truth) = clouds(1), clouds(2)
    whole, without, *_ = ablations(Rows(train, seen), Rows(valid, truth), features=FEATURES, n_labels=3)
    models = [LinearDiscriminantAnalysis().fit(train[:, part], seen) for part in ([0, 1, 2], [1, 2])]
    right = [model.predict(valid[:, part]) == truth for model, part in zip(models, ([0, 1, 2], [1, 2]), strict=True)]
    paired = right[1].astype(int) - right[0]
    assert without.accuracy_change_se == pytest.approx(paired.std() / np.sqrt(len(truth)), abs=1e-12)
    assert whole.accuracy_change_se == 0.0


def test_constant_and_missing_features_change_nothing_and_an_unseen_label_is_never_guessed():
    (train, seen), (valid, truth) = clouds(3), clouds(4)
    train[:, 1], valid[:, 1] = 7.0, 9.0
    train[:, 2] = np.nan
    found = ablations(Rows(train, seen), Rows(valid, truth), features=FEATURES, n_labels=4)
    assert [row.accuracy_change for row in found[2:]] == [0.0, 0.0]
    model = LinearDiscriminantAnalysis().fit(train[:, :1], seen)
    assert found[0].accuracy == pytest.approx(model.score(valid[:, :1], truth), abs=1e-12)
    assert found[0].macro_f1 == pytest.approx(
        f1_score(truth, model.predict(valid[:, :1]), average="macro", labels=[0, 1, 2]) * 3 / 4, abs=1e-12
    )
