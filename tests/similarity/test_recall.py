"""Measured recall of the engines on a hashed sample."""

from __future__ import annotations

import numpy as np
import pytest
from pyspark.sql import functions as F
from scipy.spatial.distance import cdist

from spark_app.similarity.lsh import lsh_neighbours
from spark_app.similarity.recall import (
    exact_truth,
    hashed_sample,
    kth_distances,
    recall_rows,
    right_per_query,
    with_thresholds,
)
from tests.frames import assert_same_rows
from tests.similarity.catalogues import brute_force, members, random_vectors, vector


def test_a_sample_depends_on_ids_and_seed_only(spark):
    rows = [(f"t{i}", group, vector(i)) for i in range(30) for group in ("rock", "pop")] + [("t1", "jazz", vector(1))]
    draw = lambda rows, seed: {  # noqa: E731
        (row.track_id, row.genre_group) for row in hashed_sample(members(spark, rows), size=5, seed=seed).collect()
    }

    once = draw(rows, 1)

    assert [sum(group == name for _, group in once) for name in ("rock", "pop", "jazz")] == [5, 5, 1]
    assert draw(rows[::-1], 1) == once
    assert draw(rows, 2) != once


def test_kth_distances_equal_brute_force(monkeypatch):
    vectors = random_vectors(50)
    monkeypatch.setattr("spark_app.similarity.recall._BLOCK_ROWS", 7)
    np.testing.assert_allclose(kth_distances(vectors, 4), brute_force(vectors, 4)[1][:, 3], rtol=1e-12)


@pytest.mark.parametrize("metric", ["cosine", "inner_product"])
def test_kth_distances_of_other_metrics_equal_those_of_scipy(metric):
    vectors = random_vectors(50)
    distance = cdist(vectors, vectors, "cosine") if metric == "cosine" else -vectors @ vectors.T
    np.fill_diagonal(distance, np.inf)
    np.testing.assert_allclose(kth_distances(vectors, 4, metric), np.sort(distance, axis=1)[:, 3], rtol=1e-9)


@pytest.mark.parametrize("metric", ["cosine", "inner_product"])
def test_the_exact_engine_is_right_by_other_metrics_too(spark, metric):
    rows = [(f"t{i:02d}", "rock", z) for i, z in enumerate(random_vectors(40))]
    sample = hashed_sample(members(spark, rows), size=100, seed=1)

    truth = exact_truth(sample, k=3, sizes={"rock": 40}, metric=metric)

    assert {row.recall for row in recall_rows(truth, engine="exact", k=3).collect()} == {1.0}
    expected = {f"t{i:02d}": kth for i, kth in enumerate(kth_distances(random_vectors(40), 3, metric))}
    assert {row.track_id: row.kth_distance for row in truth.collect()} == pytest.approx(expected)


def test_recall_counts_what_lies_within_the_exact_kth_distance(spark):
    truth = spark.createDataFrame(
        [(1, "rock", 2, 1.0), (2, "rock", 2, 1.0), (100_001, "pop", 1, 5.0)],
        "member long, genre_group string, k int, kth_distance double",
    ).withColumns({"n_right": F.lit(9), "seconds": F.lit(None).cast("double")})
    found = spark.createDataFrame(
        [
            (1, 1, 8, 0.5),
            (1, 2, 9, 1.0 + 1e-10),  # a tie but for rounding: right
            (1, 3, 7, 1.0),  # as near, but third of two: not counted
            (2, 1, 9, 1.001),  # beyond the exact second: wrong
        ],
        "member long, rank int, neighbour long, distance double",
    )

    actual = recall_rows(right_per_query(found, truth), engine="spark_lsh", k=2)

    # rock: (2/2 + 0/2) / 2; pop found nothing: 0; all: (1 + 0 + 0) / 3
    expected = spark.createDataFrame(
        [
            ("rock", "spark_lsh", 2, 2, 2, 0.5, None),
            ("pop", "spark_lsh", 1, 1, 1, 0.0, None),
            ("all", "spark_lsh", 2, 3, 3, 1 / 3, None),
        ],
        "genre_group string, engine string, k int, n_tracks long, n_queries long, recall double, search_seconds double",
    )
    assert_same_rows(actual, expected)


@pytest.fixture(scope="module")
def measured(_session):
    """Two groups in the same place, 40 tracks each and three neighbours, and a group of one track."""
    rows = [(f"t{i:02d}", group, z) for group in ("rock", "pop") for i, z in enumerate(random_vectors(40))]
    sample = hashed_sample(members(_session, [*rows, ("t00", "jazz", vector(0))]), size=100, seed=1)
    # Groups have their places in this order. Hashes have a bucket's edge at 0, so the first group is left to jazz.
    truth = with_thresholds(exact_truth(sample, k=3, sizes={"jazz": 1, "rock": 40, "pop": 40}), share=0.9)
    return truth.schema, truth.collect()


@pytest.fixture
def truth(spark, measured):
    schema, rows = measured
    return spark.createDataFrame(rows, schema)


def test_the_exact_engine_is_always_right_and_a_lone_track_is_no_query(truth):
    rows = {row.genre_group: row for row in recall_rows(truth, engine="exact", k=3).collect()}

    assert set(rows) == {"rock", "pop", "all"}
    assert {row.recall for row in rows.values()} == {1.0}
    assert (rows["all"].n_queries, rows["rock"].k) == (80, 3)
    assert rows["all"].search_seconds == pytest.approx(rows["rock"].search_seconds + rows["pop"].search_seconds)


def test_a_threshold_is_the_90th_percentile_of_its_group(truth):
    kth = brute_force(random_vectors(40), 3)[1][:, 2]
    for row in truth.select("genre_group", "threshold").distinct().collect():
        assert row.threshold == pytest.approx(np.percentile(kth, 90), abs=1e-8)


def test_lsh_in_one_wide_bucket_finds_all_below_the_threshold_and_nothing_in_another_group(truth):
    threshold = truth.first()["threshold"]
    found = lsh_neighbours(truth, k=3, tables=1, bucket_length=1000.0, max_threshold=threshold, seed=1)

    # With one bucket per group the join is complete, so NumPy's brute force below the threshold is the oracle.
    group_of = {row.member: (row.genre_group, int(row.track_id[1:])) for row in truth.collect()}
    actual = {
        (*group_of[row.member], row["rank"]): (group_of[row.neighbour][0], round(row.distance, 9))
        for row in found.collect()
    }
    _, distances = brute_force(random_vectors(40), 3)
    expected = {
        (group, track, rank + 1): (group, round(distances[track, rank], 9))
        for group in ("rock", "pop")
        for track in range(40)
        for rank in range(3)
        if distances[track, rank] < threshold
    }
    assert actual == expected


def test_lsh_with_narrow_buckets_misses_neighbours(truth):
    threshold = truth.first()["threshold"]
    found = lsh_neighbours(truth, k=3, tables=1, bucket_length=0.5, max_threshold=threshold, seed=1)

    row = recall_rows(right_per_query(found, truth), engine="spark_lsh", k=3).where("genre_group = 'all'").collect()[0]

    assert 0.05 < row.recall < 0.8
