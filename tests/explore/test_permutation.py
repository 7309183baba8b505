"""The permutation test; exhaustive enumeration is the oracle, Holm is worked out by hand."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from spark_app.explore.permutation import exceedances, n_chunks, observed_distance, p_values


def counted(spark, values, labels, permutations, partitions=2, seed=3):
    chunks = spark.range(n_chunks(permutations), numPartitions=partitions).withColumnRenamed("id", "chunk")
    rows = exceedances(chunks, values=values, labels=labels, permutations=permutations, seed=seed).collect()
    found = np.zeros((labels.shape[1], values.shape[1]), dtype=int)
    for row in rows:  # genres x features
        found[row["genre"], row["feature"]] = row["n"]
    return found


def exact_p(values, is_genre):
    """Share of all relabellings that separate at least as far."""

    def distance(chosen):
        mask = np.isin(np.arange(len(values)), chosen)
        return abs(values[mask].mean() - values[~mask].mean())

    observed = distance(np.flatnonzero(is_genre))
    found = [distance(list(chosen)) >= observed - 1e-12 for chosen in combinations(range(len(values)), is_genre.sum())]
    return np.mean(found)


def test_p_values_approach_those_of_all_relabellings(spark):
    rng = np.random.default_rng(1)
    values = np.column_stack([rng.normal(size=10), rng.normal(size=10)])
    labels = np.column_stack([np.arange(10) < 4, np.arange(10) % 2 == 0]).astype(float)
    values[:4, 1] += 2.5
    found = p_values(counted(spark, values, labels, 4_000), permutations=4_000)
    expected = [[exact_p(values[:, f], labels[:, g] == 1) for f in (0, 1)] for g in (0, 1)]
    assert found == pytest.approx(np.array(expected), abs=0.035)  # four standard errors of 4,000 draws


def test_counts_depend_on_the_seed_and_not_on_the_tasks(spark):
    rng = np.random.default_rng(4)
    values, labels = rng.normal(size=(60, 3)), (rng.random((60, 2)) < 0.4).astype(float)
    values[5, 1] = np.nan
    found = counted(spark, values, labels, 700)
    assert (counted(spark, values, labels, 700, partitions=5) == found).all()
    assert (counted(spark, values, labels, 700, seed=9) != found).any()
    assert found.max() <= 700


def test_a_planted_difference_is_found_and_noise_is_not(spark):
    rng = np.random.default_rng(8)
    values, labels = rng.normal(size=(400, 2)), (np.arange(400) < 80).astype(float)[:, None]
    values[:80, 1] += 1
    exceeded = counted(spark, values, labels, 500)
    assert exceeded[0, 1] == 0
    assert exceeded[0, 0] > 25


def test_the_observed_distance_leaves_missing_values_out():
    values = np.array([[1.0, np.nan], [3.0, 5.0], [8.0, 6.0], [np.nan, 7.0]])
    labels = np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    # By hand: 1 and 3 against 8; 5 against 6 and 7; 1 against 3 and 8; no value of the second feature in genre two.
    assert observed_distance(values, labels)[0].tolist() == [6.0, 1.5]
    assert observed_distance(values, labels)[1, 0] == 4.5
    assert np.isnan(observed_distance(values, labels)[1, 1])


def test_the_smallest_p_value_counts_the_observed_labels():
    assert p_values(np.array([0, 9]), permutations=99).tolist() == [0.01, 0.1]
