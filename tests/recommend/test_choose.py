"""Which candidates make a list: relevance, variety, one of a recording, few of an artist."""

from __future__ import annotations

import numpy as np
import pytest

from spark_app.recommend.choose import Choice, Pools, chosen, scores


def pools(score, *, artist=None, recording=None, vectors=None):
    """One seed; candidates differ in everything that is not given, and lie at 0, 100, 200, ..."""
    n = len(score)
    vectors = 100.0 * np.arange(n)[:, None] if vectors is None else np.array(vectors, dtype=float)
    codes = [np.arange(n) if given is None else np.array(given) for given in (artist, recording)]
    return Pools(np.array(score)[None], codes[0][None], codes[1][None], vectors[None])


def test_scores_by_hand():
    found = scores(np.zeros((1, 2)), np.array([[0.0, 0.0], [3.0, 4.0], [3.0, 4.0]]), np.array([False, False, True]))
    assert found.tolist() == [1.0, 1 / 6, 1 / 6 + 0.05]


def test_relevance_alone_orders_by_score_and_ties_by_position():
    found = chosen(pools([0.2, 0.9, 0.5, 0.9, np.nan]), Choice(k=10, per_artist=9, relevance=1.0))
    assert found.tolist() == [[1, 3, 2, 0, -1, -1, -1, -1, -1, -1]]


def test_one_of_a_recording_and_few_of_an_artist():
    candidates = pools([0.9, 0.8, 0.7, 0.6, 0.5], artist=[1, 1, 1, 2, 2], recording=[7, 7, 8, 9, 7])
    assert chosen(candidates, Choice(k=5, per_artist=9, relevance=1.0)).tolist() == [[0, 2, 3, -1, -1]]
    assert chosen(candidates, Choice(k=5, per_artist=1, relevance=1.0)).tolist() == [[0, 3, -1, -1, -1]]


def test_variety_by_hand():
    # b lies where a does, c is far from both. With w = 0.5 after a: b 0.4 - 0.5 = -0.1, c 0.25 - 0.5 / 11 = 0.205.
    candidates = pools([0.9, 0.8, 0.5], vectors=[[0], [0], [10]])
    assert chosen(candidates, Choice(k=3, per_artist=9, relevance=0.5)).tolist() == [[0, 2, 1]]
    assert chosen(candidates, Choice(k=3, per_artist=9, relevance=1.0)).tolist() == [[0, 1, 2]]


def one_by_one(score, artist, recording, vectors, choice):
    """Oracle: the definition, a candidate at a time."""
    taken = []
    while len(taken) < choice.k:
        best = None
        for i in range(len(score)):
            is_out = i in taken or any(recording[i] == recording[j] for j in taken)
            if is_out or np.isnan(score[i]) or sum(artist[i] == artist[j] for j in taken) >= choice.per_artist:
                continue
            like = max((1 / (1 + np.linalg.norm(vectors[i] - vectors[j])) for j in taken), default=0.0)
            value = choice.relevance * score[i] - (1 - choice.relevance) * like
            if best is None or value > best[0] + 1e-12:
                best = value, i
        if best is None:
            break
        taken.append(best[1])
    return taken + [-1] * (choice.k - len(taken))


@pytest.mark.parametrize("relevance", [0.3, 0.7, 1.0])
def test_equals_the_definition_and_shorter_lists_begin_longer_ones(relevance):
    rng = np.random.default_rng(1)
    n, width = 20, 30
    score = rng.uniform(size=(n, width))
    score[rng.uniform(size=score.shape) < 0.2] = np.nan
    artist, recording = rng.integers(0, 9, (n, width)), rng.integers(0, 25, (n, width))
    vectors = rng.normal(size=(n, width, 3))
    choice = Choice(k=12, per_artist=2, relevance=relevance)
    found = chosen(Pools(score, artist, recording, vectors), choice)
    expected = [one_by_one(*rows, choice) for rows in zip(score, artist, recording, vectors, strict=True)]
    assert found.tolist() == expected
    short = chosen(Pools(score, artist, recording, vectors), Choice(k=5, per_artist=2, relevance=relevance))
    assert short.tolist() == found[:, :5].tolist()


def test_nobody_has_candidates():
    nothing = Pools(np.zeros((2, 0)), np.zeros((2, 0), int), np.zeros((2, 0), int), np.zeros((2, 0, 3)))
    assert chosen(nothing, Choice(k=2, per_artist=1, relevance=0.5)).tolist() == [[-1, -1], [-1, -1]]
