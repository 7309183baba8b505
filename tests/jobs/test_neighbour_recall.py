"""Rows of results.neighbour_recall."""

from __future__ import annotations

import pytest

from spark_app.jobs.find_similar_tracks import JOB
from spark_app.jobs.neighbour_recall import tuned_recall
from spark_app.similarity.index_files import StoredShard
from tests.similarity.catalogues import fill_catalogue, random_vectors


def test_shards_count_by_their_tracks_and_a_group_whose_first_shard_is_exact_is_told():
    shards = {
        "metal": [StoredShard("metal", 0, 9, 9, "exact", compared=9)],
        "rock": [
            StoredShard("rock", 0, 300, 300, "exact", compared=300),
            StoredShard("rock", 1, 100, 100, "ivf", {"probes": 2}, recall=0.9, low=0.88, high=0.92, n_sample=50),
            StoredShard("rock", 2, 200, 200, "graph", {"breadth": 16}, recall=0.96, low=0.93, n_sample=60, compared=40),
        ],
    }

    (row,) = tuned_recall(shards, k=7)

    # By hand: (300 * 1 + 100 * 0.9 + 200 * 0.96) / 600, and sqrt((1/6 * 0.02)^2 + (1/3 * 0.03)^2) on either side.
    assert (row["recall"], row["low"], row["high"]) == pytest.approx((0.97, 0.97 - 0.0105409, 0.97 + 0.0105409))
    told = {name: row[name] for name in ("genre_group", "engine", "parameters", "k", "n_tracks", "n_queries")}
    assert told == {
        "genre_group": "rock",
        "engine": "graph",  # of the largest shard that has an engine
        "parameters": '{"breadth": 16}',
        "k": 7,
        "n_tracks": 600,
        "n_queries": 110,
    }
    assert row["compared"] == 340


@pytest.mark.parametrize("metric", ["cosine", "inner_product"])
def test_recall_is_that_of_the_metric_and_mllib_stands_beside_euclidean_distances_alone(make_context, metric):
    context = make_context("similar.k=3", "similar.lsh_sample=20", f"similar.metric={metric}")
    fill_catalogue(context, [(f"r{i:02d}", "x", ["rock"], z) for i, z in enumerate(random_vectors(30).tolist())])

    outcome = JOB.run(context)

    rows = context.tables.read("results.neighbour_recall").collect()
    assert {(row.genre_group, row.engine, row.recall) for row in rows} == {("rock", "exact", 1), ("all", "exact", 1)}
    assert outcome.detail == "1 group, exact recall 1.000"
