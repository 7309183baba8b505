"""Figures of judged lists: by hand, and by counting."""

from __future__ import annotations

import numpy as np
import pytest

from spark_app.recommend.evaluation.judged import Asked, Lists
from spark_app.recommend.evaluation.measures import BESIDE, CLUSTER, RANDOM, RECOMMENDED, Draws, coverage, measures
from spark_app.similarity.ranking_metrics import chance_metrics


def lists(flags, *, twins=None, artist=None, popularity=None, z=None):
    """Lists whose ``together`` flags are given, -1 where a list has ended."""
    flags = np.array(flags)
    nothing = np.zeros(flags.shape, dtype=bool)
    return Lists(
        is_there=flags >= 0,
        track=np.arange(flags.size).reshape(flags.shape),
        is_twin=nothing if twins is None else np.array(twins, dtype=bool),
        same_artist=nothing if artist is None else np.array(artist, dtype=bool),
        together=flags > 0,
        popularity=np.full(flags.shape, np.nan) if popularity is None else np.array(popularity, dtype=float),
        z=np.zeros((*flags.shape, 1)) if z is None else np.array(z, dtype=float)[..., None],
    )


def asked(n_relevant, *, n_candidates=9, unit=None):
    n = len(n_relevant)
    relevant = {"playlists": np.array(n_relevant)}
    return Asked(np.arange(n) if unit is None else np.array(unit), relevant, {"playlists": np.full(n, n_candidates)})


DRAWS = Draws(200, 1)


def figures(asked, found, k=2):
    return {(one.method, one.protocol, one.name): one for one in measures(asked, found, k=k, draws=DRAWS)}


def test_by_hand_with_a_twin_taken_out_and_a_seed_without_truth_left_out():
    ours = lists([[0, 1, 1], [1, -1, -1], [1, 1, 1]], twins=[[1, 0, 0], [0, 0, 0], [0, 0, 0]])
    theirs = lists([[0, 1, 0], [0, 0, 0], [0, 0, 0]])
    found = figures(asked([4, 1, 0]), {RECOMMENDED: ours, CLUSTER: theirs})
    hit, recall = found[RECOMMENDED, "playlists", "hit"], found[RECOMMENDED, "playlists", "recall"]
    assert (hit.value, hit.n_queries, recall.value) == (1.0, 2, pytest.approx((2 / 4 + 1) / 2))
    assert found[CLUSTER, "playlists", "mrr"].value == pytest.approx(0.25)
    assert (hit.difference, found[CLUSTER, "playlists", "hit"].difference) == (0.5, 0.0)
    chance = chance_metrics(np.array([9, 9]), np.array([4, 1]), k=2).mean(axis=0)
    assert found[RANDOM, "playlists", "hit"].value == pytest.approx(chance[0])


def test_intervals_are_of_artists_and_differences_are_paired():
    rng = np.random.default_rng(0)
    base = rng.integers(0, 2, (300, 2))
    better = np.maximum(base, rng.uniform(size=base.shape) < 0.3)  # never worse: the difference varies less
    found = figures(
        asked([2] * 300, unit=np.repeat(np.arange(100), 3)), {RECOMMENDED: lists(better), CLUSTER: lists(base)}
    )
    ours, theirs = found[RECOMMENDED, "playlists", "precision"], found[CLUSTER, "playlists", "precision"]
    assert ours.low < ours.value < ours.high
    assert ours.difference == pytest.approx(ours.value - theirs.value)
    assert 0 < ours.difference_low < ours.difference < ours.difference_high
    assert ours.difference_high - ours.difference_low < ours.high - theirs.low


def test_what_lists_are_like():
    ours = lists(
        [[0, 0], [0, -1]],
        artist=[[1, 0], [0, 1]],  # the second list has ended before its second rank
        popularity=[[10, 30], [np.nan, 5]],
        z=[[0, 3], [1, 9]],
    )
    found = figures(asked([1, 1]), {RECOMMENDED: ours, CLUSTER: ours})
    value = {
        name: found[RECOMMENDED, BESIDE, name] for name in ("same_artist_share", "mean_popularity", "list_distance")
    }
    assert [one.value for one in value.values()] == [0.25, 20.0, 3.0]
    assert [one.n_queries for one in value.values()] == [2, 1, 1]
    assert coverage(ours, k=2, n_tracks=6) == 0.5
    assert coverage(ours, k=1, n_tracks=6) == pytest.approx(2 / 6)


def test_without_truth_there_is_no_figure_of_it():
    found = figures(asked([0, 0]), {RECOMMENDED: lists([[1], [1]]), CLUSTER: lists([[1], [1]])})
    assert {protocol for _, protocol, _ in found} == {BESIDE}
    assert found[RECOMMENDED, BESIDE, "mean_popularity"].value is None
