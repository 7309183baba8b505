"""Hashed samples."""

from __future__ import annotations

from spark_app.features.samples import hashed_sample


def ids(frame):
    return sorted(row.track_id for row in frame.collect())


def test_a_sample_depends_on_keys_and_seed_alone(spark):
    frame = spark.createDataFrame([(f"t{i}",) for i in range(200)], "track_id string")
    sample = ids(hashed_sample(frame, key="track_id", rows=20, seed=1))
    assert len(sample) == 20
    assert ids(hashed_sample(frame.repartition(7), key="track_id", rows=20, seed=1)) == sample
    assert ids(hashed_sample(frame, key="track_id", rows=20, seed=2)) != sample
    assert set(sample) < set(ids(hashed_sample(frame, key="track_id", rows=50, seed=1)))  # a larger one holds it
    assert len(ids(hashed_sample(frame, key="track_id", rows=1_000, seed=1))) == 200
