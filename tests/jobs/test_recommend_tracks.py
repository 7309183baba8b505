"""recommend_tracks as a job, after the jobs it reads from."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from spark_app.cli import recommend
from spark_app.errors import SkipStep
from spark_app.jobs import cluster_genres, find_similar_tracks, recommend_tracks
from tests.cli.commands import run
from tests.similarity.catalogues import fill, fill_catalogue, vector


def test_recommends_from_neighbours_and_clusters_with_a_reason_each(make_context):
    context = make_context(
        "similar.k=3", "similar.lsh_sample=0", "recommend.k=2", "cluster.k=2", "recommend.eval.queries=0"
    )
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


SETTINGS = ("similar.k=3", "similar.lsh_sample=0", "recommend.k=4", "recommend.pool=99", "cluster.k=3")


@pytest.fixture
def catalogue(make_context):
    """60 tracks of 15 artists, who each have a place on a plane, in two overlapping groups; twelve are near-twins."""
    rng = np.random.default_rng(3)
    centres = rng.normal(scale=3, size=(15, 2))
    tracks = []
    for i in range(60):
        groups = [["rock"], ["pop"], ["rock", "pop"]][i % 3]
        tracks.append((f"t{i:02}", f"a{i % 15:02}", groups, vector(*(centres[i % 15] + rng.normal(scale=0.3, size=2)))))
    context = make_context(*SETTINGS)
    fill_catalogue(context, tracks, twins={f"t{i:02}": f"t{i - i % 10:02}" for i in range(60) if i % 10 < 2})
    for job in (cluster_genres, find_similar_tracks):
        job.JOB.run(context)
    return context


def test_the_command_recommends_what_the_job_stored(catalogue, capsys):
    recommend_tracks.JOB.run(catalogue)
    stored = {}
    for row in catalogue.tables.read("results.recommendations").orderBy("seed_id", "rank").collect():
        stored.setdefault(row.seed_id, []).append((row.track_id, row.score, row.genre_group, row.reason))
    for seed in ("t00", "t11", "t59"):
        settings = [part for one in SETTINGS for part in ("--set", one)]
        assert run(recommend, catalogue.settings.root, "recommend", "--track-id", seed, "--json", *settings) == 0
        told = json.loads(capsys.readouterr().out)["recommendations"]
        assert [(r["track_id"], r["score"], r["genre_group"], r["reason"]) for r in told] == stored[seed]


def test_lists_are_measured_beside_random_members_of_the_cluster(catalogue):
    # Two playlists for every artist hold all his tracks: what lies together is played together.
    entries = [(f"p{a}{n}", i, f"t{i:02}") for a in range(15) for n in "ab" for i in range(60) if i % 15 == a]
    frame = catalogue.spark.createDataFrame(entries, "playlist_id string, position int, track_id string")
    fill(catalogue, "curated.playlist_tracks", frame)

    outcome = recommend_tracks.JOB.run(catalogue)

    rows = {(r.method, r.metric): r for r in catalogue.tables.read("results.eval_recommendations").collect()}
    ours, theirs = rows["recommended", "playlists.hit@4"], rows["cluster_member", "playlists.hit@4"]
    assert f"playlists hit@4 {ours.value:.3f} (random member of the cluster {theirs.value:.3f})" in outcome.detail
    assert ours.difference == pytest.approx(ours.value - theirs.value)
    assert ours.difference_low > 0
    assert ours.n_queries == theirs.n_queries == 60
    assert {method for method, _ in rows} == {"recommended", "nearest", "cluster_member", "popularity", "random"}
    # All that is played together is of one artist, so that without him nothing is left to find.
    assert not any(metric.startswith("playlists_other_artist") for _, metric in rows)
    assert rows["recommended", "coverage"].value > 0.5


def test_what_is_measured_is_what_is_stored(catalogue):
    recommend_tracks.JOB.run(catalogue)
    rows = {(r.method, r.metric): r for r in catalogue.tables.read("results.eval_recommendations").collect()}
    lists = catalogue.tables.read("results.recommendations").collect()
    artist = {f"t{i:02}": i % 15 for i in range(60)}
    hits = {r.seed_id for r in lists if artist[r.seed_id] == artist[r.track_id]}
    assert rows["recommended", "artist.hit@4"].value == pytest.approx(len(hits) / 60)
    by_artist = [artist[r.seed_id] == artist[r.track_id] for r in lists]
    assert rows["recommended", "same_artist_share"].value == pytest.approx(np.mean(by_artist))


def test_excluded_artists_and_tracks_are_never_recommended(catalogue):
    catalogue = replace(catalogue, settings=excluding(catalogue.settings, tracks=["t00", "t01"], artists=["gone"]))
    recommend_tracks.JOB.run(catalogue)
    found = {row.track_id for row in catalogue.tables.read("results.recommendations").collect()}
    assert not found & {"t00", "t01"}
    assert len(found) > 30


def excluding(settings, **excluded):
    section = settings.recommend
    wanted = section.model_copy(update={"exclude": section.exclude.model_copy(update=excluded)})
    return settings.model_copy(update={"recommend": wanted})
