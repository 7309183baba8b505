"""recommend_tracks as a job, after the jobs it reads from."""

from __future__ import annotations

import pytest

from spark_app.errors import SkipStep
from spark_app.jobs import cluster_genres, find_similar_tracks, recommend_tracks
from tests.similarity.catalogues import fill_catalogue, vector


def test_recommends_from_neighbours_and_clusters_with_a_reason_each(make_context):
    context = make_context("similar.k=3", "similar.lsh_sample=0", "recommend.k=2", "cluster.k=2")
    fill_catalogue(
        context,
        [
            ("a", "x", ["rock"], vector(0)),
            ("a live", "x", ["rock"], vector(0)),
            ("b", "y", ["rock"], vector(0, 0.25)),
            ("c", "z", ["rock"], vector(9)),
        ],
        twins={"a": "a", "a live": "a"},
    )
    cluster_genres.JOB.run(context)
    find_similar_tracks.JOB.run(context)

    outcome = recommend_tracks.JOB.run(context)

    rows = context.tables.read("results.recommendations").where("seed_id = 'a'").orderBy("rank").collect()
    assert [(r.track_id, round(r.score, 9), r.same_cluster) for r in rows] == [
        ("b", round(1 / 1.25 + 0.05, 9), True),
        ("c", round(1 / 10, 9), False),
    ]
    assert rows[0].reason == "tempo 100 vs 100, acousticness close, danceability close, same cluster"
    assert rows[1].reason == "tempo 100 vs 100, acousticness close, energy close"
    # b and c each know one recording of a, and each other.
    assert outcome.detail == "8 recommendations, 0 lists shorter than 2"
    assert (outcome.read, outcome.kept) == (4, 4)


def test_without_clusters_distance_alone_ranks_and_short_lists_are_counted(make_context):
    context = make_context("similar.lsh_sample=0", "recommend.k=2")
    fill_catalogue(context, [("a", "x", [], vector(0)), ("b", "y", [], vector(1))])
    find_similar_tracks.JOB.run(context)

    assert recommend_tracks.JOB.run(context).detail == "2 recommendations, 2 lists shorter than 2"


def test_without_neighbours_the_step_is_skipped(make_context):
    with pytest.raises(SkipStep, match="no neighbours"):
        recommend_tracks.JOB.run(make_context())
