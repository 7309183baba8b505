"""Plans, vectors and cards for tests of clusters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from pyspark.sql import functions as F

from spark_app.cluster.plan import ClusterPlan
from spark_app.columns import AUDIO12
from tests.similarity.catalogues import members

_PLAN = ClusterPlan(
    k=8,
    min_k=2,
    max_k=20,
    starts=2,
    init_steps=2,
    task_rows=500_000,
    sample_rows=2000,
    stability_seeds=0,
    exemplars=2,
    seed=1,
)


def plan(**changes):
    """A plan without stability, but for what a test says."""
    return replace(_PLAN, **changes)


def blobs(centres, n, *, spread=0.1, seed=0):
    """Twelve z-scores around the given points of a plane, in turn; shape (n, 12)."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(scale=spread, size=(n, len(AUDIO12)))
    vectors[:, :2] += np.array(centres, dtype=float)[np.arange(n) % len(centres)]
    return vectors


def by_artist(spark, rows):
    """Members of (track_id, genre_group, z-scores, artist)."""
    frame = members(spark, [row[:3] for row in rows])
    artists = spark.createDataFrame(sorted({(row[0], row[3]) for row in rows}), "track_id string, artist_id string")
    return frame.join(artists, on="track_id", how="left")


def alone(frame):
    """Members none of which has an artist."""
    return frame.withColumn("artist_id", F.lit(None).cast("string"))


def card(group, cluster, n_tracks, centre, **more):
    """A stored card: the first features of its raw centre are given, the others are 0."""
    raw = [*map(float, centre), *[0.0] * (len(AUDIO12) - len(centre))]
    found = {"genre_group": group, "cluster": cluster, "n_tracks": n_tracks, "centre_raw": raw, "centre": raw}
    return {**found, "exemplar_id": f"{group}{cluster}", "version": 1, **more}
