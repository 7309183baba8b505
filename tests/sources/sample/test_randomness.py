"""Random values as functions of seed, name and id."""

from __future__ import annotations

import numpy as np
import pytest

from spark_app.sources.sample.randomness import Draws

N = 20_000


def drawn(spark, *expressions):
    named = [f"{expression} AS c{i}" for i, expression in enumerate(expressions)]
    return spark.range(N).selectExpr(*named).toPandas().to_numpy().T  # 20,000 rows


def test_a_uniform_draw_fills_the_unit_interval_evenly_and_another_seed_or_name_gives_independent_numbers(spark):
    a, b, c = drawn(spark, *[d.uniform(n, "id") for d, n in ((Draws(1), "x"), (Draws(2), "x"), (Draws(1), "y"))])

    assert a.min() >= 0
    assert a.max() < 1
    # Ten cells of 2,000; the standard deviation of a count is 42.
    assert np.abs(np.histogram(a, bins=10, range=(0, 1))[0] - 2_000).max() < 200
    # The standard error of a correlation over 20,000 rows is 0.007.
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.03
    assert abs(np.corrcoef(a, c)[0, 1]) < 0.03


def test_a_normal_draw_has_mean_and_median_zero_and_standard_deviation_one(spark):
    (z,) = drawn(spark, Draws(1).normal("z", "id"))

    assert z.mean() == pytest.approx(0, abs=0.03)
    assert np.median(z) == pytest.approx(0, abs=0.04)
    assert z.std() == pytest.approx(1, abs=0.02)
    assert np.abs(z).max() < 3.47


def test_an_index_takes_every_value_below_its_bound(spark):
    (i,) = drawn(spark, Draws(1).index("i", 7, "id"))
    assert np.bincount(i).min() > N / 7 * 0.9
    assert set(i) == set(range(7))


def test_a_choice_follows_its_weights(spark):
    (names,) = drawn(spark, Draws(1).choose("c", {"often": 90, "O'Rarely": 10}, "id"))
    assert set(names) == {"often", "O'Rarely"}
    assert (names == "often").mean() == pytest.approx(0.9, abs=0.01)


def test_a_chance_of_zero_never_happens_and_a_chance_of_one_always(spark):
    never, always = drawn(spark, Draws(1).chance("p", 0, "id"), Draws(1).chance("p", 1, "id"))
    assert not never.any()
    assert always.all()


def test_a_large_or_negative_seed_is_as_good_as_any(spark):
    numbers = drawn(spark, *[Draws(seed).uniform("x", "id") for seed in (-1, 2**70, 0)])
    assert len({tuple(column[:3]) for column in numbers}) == 3


def test_the_same_numbers_come_out_of_any_partitioning(spark):
    expression = Draws(1).normal("z", "id") + " AS z"
    one = spark.range(0, 50, 1, 1).selectExpr("id", expression).collect()
    seven = spark.range(0, 50, 1, 7).repartition(3).selectExpr("id", expression).collect()
    assert sorted(one) == sorted(seven)
