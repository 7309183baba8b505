"""cluster_genres as a job."""

from __future__ import annotations

import pytest

from spark_app.columns import AUDIO12
from spark_app.errors import SkipStep
from spark_app.jobs.cluster_genres import JOB
from tests.similarity.catalogues import fill_catalogue, random_vectors, vector

WITHOUT_KEY = [value if name != "key" else None for name, value in zip(AUDIO12, vector(1), strict=True)]


def test_clusters_every_group_but_unknown_and_counts_tracks_without_a_vector(make_context):
    context = make_context("cluster.k=3", "cluster.starts=1")
    rock = [(f"r{i}", "x", ["rock"], z) for i, z in enumerate(random_vectors(9))]
    fill_catalogue(
        context,
        [
            *rock,
            ("o", "x", ["other", "rock"], vector(1)),
            ("u", "x", [], vector(2)),
            ("null", "x", ["rock"], WITHOUT_KEY),
        ],
    )

    outcome = JOB.run(context)

    assert (outcome.read, outcome.kept, outcome.status) == (11, 11, "OK")
    assert outcome.detail == "4 clusters in 2 groups, 1 skipped_null"
    clusters = context.tables.read("models.genre_clusters").collect()
    assert sorted((r.track_id, r.genre_group) for r in clusters) == sorted(
        [("o", "other"), ("o", "rock"), *[(track, "rock") for track, *_ in rock]]
    )
    cards = context.tables.read("models.cluster_cards").collect()
    assert sum(card.n_tracks for card in cards) == 11


def test_without_genres_or_without_a_feature_the_step_is_skipped(make_context):
    context = make_context()
    fill_catalogue(context, [("a", "x", [], vector(1))])
    with pytest.raises(SkipStep, match="no genres"):
        JOB.run(context)

    fill_catalogue(context, [("a", "x", ["rock"], WITHOUT_KEY)])
    with pytest.raises(SkipStep, match="no key column"):
        JOB.run(context)
