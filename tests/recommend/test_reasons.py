"""Reasons name what two tracks share."""

from __future__ import annotations

import pytest
from pyspark.sql import functions as F

from spark_app.recommend.reasons import HEARD, reason

FEATURES = "struct<tempo: double, z: array<double>>"


def z_scores(**given):
    return [float(given.get(name, 9 if position % 2 else -9)) for position, name in enumerate(HEARD)]


def far(**given):
    """A track that differs from ``z_scores`` by 18 in every feature that is not given."""
    return [float(given.get(name, -9 if position % 2 else 9)) for position, name in enumerate(HEARD)]


@pytest.mark.parametrize(
    ("seed", "other", "artist", "cluster", "expected"),
    [
        # 1.5 and 1.5: level 1.5, gap 0. Valence -0.1 and 0.3: close, but nothing special.
        (z_scores(energy=1.5, valence=-0.1), far(energy=1.5, valence=0.3), False, True,
         "tempo 128 vs 126, both high energy, valence close, same cluster"),
        (z_scores(energy=-2), far(energy=-1.8), True, False, "tempo 128 vs 126, both low energy, same artist"),
        # Three close features, equally told: the first two by name.
        (z_scores(energy=0, valence=0, loudness=0), far(energy=0, valence=0, loudness=0), False, False,
         "tempo 128 vs 126, energy close, loudness close"),
        # 0.6 apart is not close; the least different is named.
        (z_scores(energy=0), far(energy=0.6), False, False, "tempo 128 vs 126, nearest in energy"),
    ],
)  # fmt: skip
def test_says_what_two_tracks_share(spark, seed, other, artist, cluster, expected):
    frame = spark.createDataFrame(
        [((127.6, seed), (126.4, other), artist, cluster)],
        f"seed {FEATURES}, other {FEATURES}, artist boolean, cluster boolean",
    )
    text = reason(F.col("seed"), F.col("other"), same_artist=F.col("artist"), same_cluster=F.col("cluster"))
    assert frame.select(text).first()[0] == expected
