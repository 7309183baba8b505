"""Forests as flat arrays."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

from spark_app.classify.forest import Forest, flat_tree, merged


@pytest.fixture
def clouds():
    """300 rows of three overlapping clouds; float32, as the application's rows are."""
    rng = np.random.default_rng(4)
    labels = rng.integers(3, size=300)
    return (rng.normal(size=(300, 4)) + labels[:, None] * 0.7).astype(np.float32), labels


def test_a_row_equal_to_the_threshold_goes_left_and_trees_are_averaged():
    # By hand: the first tree asks "value <= 2?", the second is a single leaf.
    forest = Forest(
        roots=np.array([0, 3], dtype=np.int32),
        feature=np.array([0, -1, -1, -1], dtype=np.int16),
        threshold=np.array([2.0, 0, 0, 0], dtype=np.float32),
        right=np.array([2, 0, 1, 2], dtype=np.int32),
        shares=np.array([[255, 0], [0, 255], [51, 204]], dtype=np.uint8),
    )
    expected = [[0.6, 0.4], [0.1, 0.9]]
    assert forest.probabilities(np.array([[2.0], [2.5]])) == pytest.approx(np.array(expected), abs=1e-12)


def test_merged_trees_give_scikit_learns_probabilities_up_to_the_rounding_of_shares(clouds):
    values, labels = clouds
    reference = RandomForestClassifier(7, min_samples_leaf=2, random_state=3).fit(values, labels)
    forest = merged([flat_tree(tree, n_labels=3) for tree in reference.estimators_])
    # Shares are kept in 255ths: half of one is the most that rounding does, before the rows are normalised.
    assert forest.probabilities(values) == pytest.approx(reference.predict_proba(values), abs=0.006)
    assert len(forest.roots) == 7


def test_equal_leaves_are_kept_once_and_a_label_unknown_to_a_tree_has_share_zero(clouds):
    values, labels = clouds
    found = np.where(labels == 1, 3, labels)
    trees = [DecisionTreeClassifier(max_features=2, random_state=seed).fit(values, found) for seed in range(5)]
    forest = merged([flat_tree(tree, n_labels=5) for tree in trees])
    # Every leaf of an unpruned tree is pure: three labels, three rows.
    assert forest.shares.tolist() == [[0, 0, 0, 255, 0], [0, 0, 255, 0, 0], [255, 0, 0, 0, 0]]
    assert forest.probabilities(values).argmax(axis=1).tolist() == found.tolist()
    assert (forest.probabilities(values)[:, [1, 4]] == 0).all()


def test_thresholds_are_rounded_down_so_that_no_float32_value_changes_sides():
    # 1 + 2^-23 is the next float32 after 1: their middle is no float32, and rounds to even, to 1.
    rows = np.array([[1.0], [1.0 + 2**-23]], dtype=np.float32)
    reference = RandomForestClassifier(1, bootstrap=False, random_state=0).fit(rows, [0, 1])
    forest = flat_tree(reference.estimators_[0], n_labels=2)
    assert forest.probabilities(rows).tolist() == reference.predict_proba(rows).tolist()
