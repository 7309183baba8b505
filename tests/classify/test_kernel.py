"""Random Fourier features."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.svm import SVC

from spark_app.classify.kernel import RandomFourierFeatures, RandomFourierModel
from spark_app.errors import DataError, UsageError
from tests.classify.clouds import arrays, frame


def waves(model, rows):
    found = model.transform(rows).select("track_id", "waves").orderBy("track_id").collect()
    return np.stack([row.waves.toArray() for row in found])


def fitted(rows, **changes):
    return RandomFourierFeatures(inputCol="features", outputCol="waves", **changes).fit(rows)


def test_dot_products_approach_the_rbf_kernel(spark):
    values, labels = arrays(rows=30)
    rows = frame(spark, values, labels)
    found = waves(fitted(rows, components=8000, gamma=0.2, seed=1), rows)
    assert found.shape == (30, 8000)
    # The error of one product is about 1 / sqrt(4000).
    assert found @ found.T == pytest.approx(rbf_kernel(values, gamma=0.2), abs=0.06)
    assert (found**2).sum(axis=1) == pytest.approx(1, abs=1e-12)


def test_the_default_gamma_is_scikit_learns_scale_whatever_the_partitions(spark):
    values, labels = arrays()
    expected = SVC(gamma="scale").fit(values, labels)._gamma
    for partitions in (1, 5):
        model = fitted(frame(spark, values, labels).repartition(partitions), components=4)
        assert model.getOrDefault("gamma") == pytest.approx(expected, rel=1e-12)


def test_a_seed_repeats_and_another_does_not(spark):
    rows = frame(spark, *arrays(rows=6))
    first = waves(fitted(rows, components=4, seed=1), rows)
    assert waves(fitted(rows.repartition(3), components=4, seed=1), rows) == pytest.approx(first, abs=1e-12)
    assert waves(fitted(rows, components=4, seed=2), rows) != pytest.approx(first, abs=1e-3)


def test_equal_values_everywhere_have_gamma_one(spark):
    rows = frame(spark, np.full((3, 2), 4.0), [0, 1, 0])
    assert fitted(rows, components=2).getOrDefault("gamma") == 1.0


def test_odd_numbers_of_components_and_no_row_are_errors(spark):
    rows = frame(spark, *arrays())
    with pytest.raises(UsageError, match="5 components"):
        fitted(rows, components=5)
    with pytest.raises(DataError, match="no row to train on"):
        fitted(rows.where("false"))


def test_reloaded_features_are_the_same(spark, tmp_path):
    rows = frame(spark, *arrays(rows=6))
    model = fitted(rows, components=4)
    model.save(str(tmp_path / "model"))
    again = RandomFourierModel.load(str(tmp_path / "model"))
    assert again.transform(rows).collect() == model.transform(rows).collect()
