"""find_similar_tracks as a job."""

from __future__ import annotations

import pytest

from spark_app.columns import AUDIO12
from spark_app.errors import SkipStep
from spark_app.jobs.find_similar_tracks import JOB
from tests.similarity.catalogues import brute_force, fill_catalogue, random_vectors, vector

WITHOUT_KEY = [value if name != "key" else None for name, value in zip(AUDIO12, vector(1), strict=True)]


def test_writes_exact_neighbours_and_the_recall_of_both_engines(make_context):
    context = make_context("similar.k=3", "similar.lsh_sample=20")
    vectors = random_vectors(30).round(1)
    rock = [(f"r{i:02d}", "x", ["rock"], z) for i, z in enumerate(vectors.tolist())]
    fill_catalogue(
        context, [*rock, ("u1", None, [], vector(1)), ("u2", None, [], vector(2)), ("null", "x", ["rock"], WITHOUT_KEY)]
    )

    outcome = JOB.run(context)

    assert (outcome.read, outcome.kept, outcome.status) == (32, 32, "OK")
    words = outcome.detail.split(", ")
    assert words[:3] == ["2 groups", "1 of them with fewer than 3 neighbours a track", "1 skipped_null"]
    assert words[3] == "exact recall 1.000"
    assert words[4].startswith("spark_lsh recall 0.")
    rows = context.tables.read("results.neighbours").collect()
    expected, _ = brute_force(vectors, 3)
    assert {(r.track_id, r["rank"]): r.neighbour_id for r in rows if r.genre_group == "rock"} == {
        (f"r{i:02d}", rank + 1): f"r{neighbour:02d}"
        for i, line in enumerate(expected)
        for rank, neighbour in enumerate(line)
    }
    assert sorted((r.track_id, r.neighbour_id) for r in rows if r.genre_group == "unknown") == [
        ("u1", "u2"),
        ("u2", "u1"),
    ]
    assert {r.engine for r in rows} == {"exact"}
    recall = {(r.genre_group, r.engine): r for r in context.tables.read("results.neighbour_recall").collect()}
    assert set(recall) == {(g, e) for g in ("rock", "unknown", "all") for e in ("exact", "spark_lsh")}
    assert recall["rock", "exact"].n_tracks == 20
    assert recall["unknown", "exact"].k == 1
    assert recall["all", "spark_lsh"].search_seconds > 0
    assert 0 < recall["all", "spark_lsh"].recall < recall["all", "exact"].recall == 1


def test_the_sample_can_be_left_out(make_context):
    context = make_context("similar.lsh_sample=0")
    fill_catalogue(context, [("a", "x", ["rock"], vector(1)), ("b", "x", ["rock"], vector(2))])

    assert JOB.run(context).detail == "1 group, 1 of them with fewer than 10 neighbours a track"
    assert context.tables.read("results.neighbour_recall").count() == 0


def test_without_any_key_the_step_is_skipped_with_its_reason(make_context):
    context = make_context()
    fill_catalogue(context, [("a", "x", ["rock"], WITHOUT_KEY)])
    with pytest.raises(SkipStep, match="no key column"):
        JOB.run(context)
