"""Mergeable moments."""

from __future__ import annotations

import math

import numpy as np
import pytest

from spark_app.errors import DataError, SchemaError
from spark_app.features.moments import Moments, fit_moments, merge_groups

SCHEMA = "track_id string, genre_group string, tempo double, mode double"


def tracks(spark, rows):
    return spark.createDataFrame(rows, SCHEMA)


def test_counts_mean_squared_deviations_and_bounds_of_each_column(spark):
    frame = tracks(spark, [("a", "rock", 2.0, None), ("b", "rock", 4.0, 1.0), ("c", "jazz", 9.0, 1.0)])

    tempo, mode = fit_moments(frame, columns=["tempo", "mode"])["all"]

    # By hand: mean 5, deviations -3, -1, 4, their squares 9 + 1 + 16; largest |z| = 4 / std.
    assert (tempo.n, tempo.n_null, tempo.mean, tempo.minimum, tempo.maximum) == (3, 0, 5.0, 2.0, 9.0)
    assert tempo.m2 == pytest.approx(26.0, abs=1e-12)
    assert tempo.max_abs_z == pytest.approx(4 / math.sqrt(26 / 3), abs=1e-12)
    assert mode == Moments(n=2, n_null=1, mean=1.0, m2=0.0, minimum=1.0, maximum=1.0)
    assert mode.is_constant
    assert not tempo.is_constant


def test_groups_are_described_each_by_itself_and_a_null_group_is_left_out(spark):
    frame = tracks(
        spark, [("a", "rock", 2.0, None), ("b", "rock", 4.0, 1.0), ("c", None, 9.0, 1.0), ("d", "jazz", 7.0, None)]
    )

    found = fit_moments(frame, columns=["tempo", "mode"], group="genre_group")

    assert list(found) == ["jazz", "rock"]
    assert found["rock"][0] == Moments(n=2, n_null=0, mean=3.0, m2=2.0, minimum=2.0, maximum=4.0)
    assert found["jazz"] == (Moments(n=1, mean=7.0, minimum=7.0, maximum=7.0), Moments(n_null=1))


def test_a_column_of_tenths_is_constant_although_its_floating_mean_is_not_a_tenth(spark):
    frame = spark.createDataFrame([(0.1,)] * 10, "tempo double").coalesce(1)  # their mean is 0.09999999999999999
    (found,) = fit_moments(frame, columns=["tempo"])["all"]
    assert (found.mean, found.m2, found.is_constant) == (0.1, 0.0, True)


def test_merging_equals_numpy_on_all_values_at_once():
    rng = np.random.default_rng(7)
    values = rng.normal(230_000, 1_000, 5_000)
    pieces = np.split(values, [0, 1, 1_200, 4_999])  # one of them empty, two of a single value

    merged = Moments(n_null=2)
    for piece in pieces:
        found = Moments()
        if len(piece):
            found = Moments(len(piece), 1, piece.mean(), ((piece - piece.mean()) ** 2).sum(), piece.min(), piece.max())
        merged = merged.merge(found)

    assert (merged.n, merged.n_null) == (5_000, 6)
    assert merged.mean == pytest.approx(values.mean(), rel=1e-13)
    assert merged.std == pytest.approx(values.std(), rel=1e-12)
    assert (merged.minimum, merged.maximum) == (values.min(), values.max())


def test_no_value_is_neutral_under_merge():
    some = Moments(n=2, n_null=1, mean=3.0, m2=2.0, minimum=2.0, maximum=4.0)
    assert some.merge(Moments()) == some
    assert Moments().merge(some) == some
    assert Moments().merge(Moments()) == Moments()


def test_groups_of_new_rows_merge_into_those_of_old_rows(spark):
    old = tracks(spark, [("a", "rock", 2.0, None), ("b", "jazz", 4.0, 1.0)])
    new = tracks(spark, [("c", "rock", 9.0, 1.0), ("d", "pop", 7.0, 0.0)])

    def fit(frame):
        return fit_moments(frame, columns=["tempo", "mode"], group="genre_group")

    assert merge_groups(fit(old), fit(new)) == fit(old.unionByName(new))


@pytest.mark.parametrize("partitions", [1, 7])
def test_moments_do_not_depend_on_partitioning(spark, partitions):
    frame = spark.range(2_000).selectExpr("2e5 + pmod(xxhash64(id), 100000) / 7 as duration_ms")

    (one,) = fit_moments(frame, columns=["duration_ms"])["all"]
    (other,) = fit_moments(frame.repartition(partitions), columns=["duration_ms"])["all"]

    assert other.mean == pytest.approx(one.mean, rel=1e-12)
    assert other.m2 == pytest.approx(one.m2, rel=1e-12)
    assert (other.n, other.minimum, other.maximum) == (one.n, one.minimum, one.maximum)


def test_the_same_partitions_give_the_same_bits(spark):
    frame = spark.range(0, 5_000, 1, 8).selectExpr("sin(id) * 1e5 as loudness")
    first = fit_moments(frame, columns=["loudness"])
    assert all(fit_moments(frame, columns=["loudness"]) == first for _ in range(3))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e200])
def test_a_value_that_is_not_finite_or_overflows_names_its_column(spark, value):
    frame = tracks(spark, [("a", "rock", value, 1.0), ("b", "rock", 4.0, 0.0)])
    with pytest.raises(DataError, match=r"\['tempo'\]: NaN or infinite"):
        fit_moments(frame, columns=["tempo", "mode"])


def test_an_empty_frame_a_missing_and_a_text_column_are_errors(spark):
    frame = tracks(spark, [("a", "rock", 1.0, 1.0)])
    with pytest.raises(DataError, match="no row"):
        fit_moments(frame.limit(0), columns=["tempo"])
    with pytest.raises(SchemaError, match=r"\['energy'\]"):
        fit_moments(frame, columns=["energy"])
    with pytest.raises(SchemaError, match=r"\['genre_group'\]: not numeric"):
        fit_moments(frame, columns=["tempo", "genre_group"])
