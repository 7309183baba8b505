"""What recall costs."""

from __future__ import annotations

import pytest

from spark_app.similarity.curves import recall_curve
from tests.similarity.catalogues import random_vectors


@pytest.mark.parametrize("engine", ["ivf", "graph", "lsh"])
def test_recall_grows_with_the_pairs_that_are_compared(engine):
    points = recall_curve(random_vectors(1_500), engine, k=5)
    recalls, shares = ([point[name] for point in points] for name in ("recall", "compared_share"))
    assert len(points) > 1
    assert recalls[-1] > 0.95
    assert recalls[-1] > recalls[0]
    assert shares[-1] > shares[0] > 0
    assert all(point["low"] <= point["recall"] <= point["high"] for point in points)


def test_a_curve_is_the_same_every_time():
    assert recall_curve(random_vectors(600), "ivf") == recall_curve(random_vectors(600), "ivf")
