"""Extra features and class weights."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from spark_app.classify.extras import EXTRAS, extra_columns, uses_outcome, with_extras
from spark_app.classify.weights import balanced_weights, with_weight
from spark_app.errors import UsageError
from tests.frames import assert_same_rows


def test_extra_features_are_doubles_and_unknown_values_are_null(spark):
    tracks = spark.createDataFrame(
        [("a", 1999, True, 75.0, 30), ("b", None, None, None, None), ("c", 2020, False, 330.0, 0)],
        "track_id string, release_year int, explicit boolean, tempo double, popularity int",
    )
    names = list(EXTRAS)
    # By hand: 75 doubled is 150; 330 halved twice is 82.5.
    expected = spark.createDataFrame(
        [("a", 1999.0, 1.0, 150.0, 30.0), ("b", None, None, None, None), ("c", 2020.0, 0.0, 82.5, 0.0)],
        "track_id string, extra_release_year double, extra_explicit double, extra_tempo_folded double, "
        "extra_popularity double",
    )
    assert_same_rows(with_extras(tracks, names=names).select("track_id", *extra_columns(names)), expected)


def test_every_tempo_lies_in_one_octave_and_octaves_are_equal(spark):
    tempos = [80.0 * 2**octave * step for octave in range(-3, 4) for step in (1.0, 1.25, 1.9999999999)]
    rows = with_extras(spark.createDataFrame([(t,) for t in tempos], "tempo double"), names=["tempo_folded"])
    found = np.array([row.extra_tempo_folded for row in rows.collect()])
    assert ((found >= 80) & (found < 160)).all()
    assert found == pytest.approx(np.tile([80.0, 100.0, 159.999999992], 7), rel=1e-12)


def test_only_popularity_is_known_after_release_alone():
    assert [name for name in EXTRAS if uses_outcome([name])] == ["popularity"]
    with pytest.raises(UsageError, match="unknown extra features: mood"):
        uses_outcome(["mood"])


def test_balanced_weights_are_scikit_learns(spark):
    labels = np.array(["jazz"] * 2 + ["pop"] * 5 + ["rock"] * 3)
    expected = compute_class_weight("balanced", classes=np.array(["jazz", "pop", "rock"]), y=labels)
    found = balanced_weights({"jazz": 2, "pop": 5, "rock": 3, "polka": 0})
    assert found == pytest.approx(dict(zip(["jazz", "pop", "rock"], expected, strict=True)))

    rows = with_weight(spark.createDataFrame([("jazz",), ("polka",), (None,)], "label string"), weights=found)
    assert [row.class_weight for row in rows.collect()] == [pytest.approx(expected[0]), 1.0, 1.0]
