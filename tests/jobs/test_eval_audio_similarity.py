"""eval_audio_similarity as a job."""

from __future__ import annotations

import pytest

from spark_app.jobs.eval_audio_similarity import JOB
from tests.similarity.catalogues import fill_catalogue, vector


def test_scores_each_track_once_in_its_first_group(make_context):
    context = make_context("similar.k=1")
    fill_catalogue(
        context,
        [
            ("a", "x", ["rock", "pop"], vector(0)),
            ("b", "x", ["rock"], vector(1)),
            ("c", "y", ["rock"], vector(1.5)),
            ("twin", "y", ["rock"], vector(9)),
            ("p", "x", ["pop"], vector(0)),
        ],
        twins={"c": "c", "twin": "c"},
    )

    outcome = JOB.run(context)

    # Nearest in rock: a: b (hit); b: c; c: b; twin: c (hit, but a twin). p is alone in pop.
    # By evaluation.md c and its twin have nothing to find, nor has p: hits 1 of 2. Chance: 1 of 3 others each.
    assert outcome.detail == "same artist hit@1 0.500 (random 0.333), 3 queries excluded"
    assert (outcome.read, outcome.kept) == (5, 5)
    rows = context.tables.read("results.eval_audio_similarity").collect()
    of_all = {(r.protocol, r.engine, r.metric): r for r in rows if r.genre == "all"}
    assert of_all["P0", "exact", "hit@1"].value == pytest.approx(2 / 5)
    assert of_all["artist_with_twins", "exact", "hit@1"].value == pytest.approx(2 / 4)
    assert {r.genre for r in rows} == {"rock", "pop", "all", "macro"}
    assert {(r.engine, r.scaling, r.k) for r in rows} == {("exact", "z", 1), ("random", "none", 1)}
