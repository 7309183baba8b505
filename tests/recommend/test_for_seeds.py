"""Lists for several seeds: agreement between them, never the middle."""

from __future__ import annotations

import numpy as np
import pytest

from spark_app.recommend.agreement import agreement
from spark_app.recommend.choose import Choice
from spark_app.recommend.for_seeds import Group, Known, recommended
from tests.similarity.catalogues import vector


def test_agreement_by_hand():
    # Seed 1 orders b, a; seed 2 orders a, c (b is none of its candidates).
    score = np.array([[0.5, 0.9, np.nan], [0.8, np.nan, 0.2]])
    expected = np.array([1 / 62 + 1 / 61, 1 / 61, 1 / 62]) * 61 / 2
    np.testing.assert_allclose(agreement(score), expected, rtol=1e-15)
    assert agreement(np.array([[0.3, 0.1]])).tolist() == [1.0, pytest.approx(61 / 62)]
    assert agreement(np.array([[np.nan]])).tolist() == [0.0]


def known(points, *, artist=None, recording=None, groups=None, cluster=None):
    n = len(points)
    z = np.array([vector(*point) for point in points])
    names = groups or {"rock": range(n)}
    return Known(
        z,
        np.full(n, 100.0),
        np.array(artist or range(n)),
        np.array(recording or range(n)),
        {
            name: Group(np.isin(np.arange(n), list(members)), np.array(cluster or [-1] * n))
            for name, members in names.items()
        },
    )


def picks(tracks, seeds, *, k=3, relevance=1.0, pool=2, per_artist=9, groups=("rock",), passing=None):
    passing = np.ones(len(tracks.z), dtype=bool) if passing is None else np.array(passing)
    of_seeds = {seed: groups for seed in seeds}
    choice = Choice(k, per_artist, relevance)
    return recommended(tracks, seeds, passing, groups=of_seeds, pool=pool, choice=choice)


def test_the_middle_between_two_seeds_is_not_what_they_agree_on():
    # Seeds at -10 and 10, two tracks near to each, one in the middle: the mean of the seeds would choose it.
    tracks = known([(-10,), (10,), (-9,), (-8.5,), (9,), (8.5,), (0,)])
    found = picks(tracks, [0, 1], k=4)
    assert {pick.at for pick in found} == {2, 3, 4, 5}
    assert [pick.n_near for pick in found] == [1] * 4


def test_what_several_seeds_lie_near_to_comes_first():
    # Track 3 is second nearest to both seeds; each has one that only itself lies nearest to.
    tracks = known([(0,), (4,), (-0.5,), (2,), (4.5,)])
    found = picks(tracks, [0, 1], k=3)
    assert [(pick.at, pick.n_near) for pick in found] == [(3, 2), (2, 1), (4, 1)]
    assert found[0].score == pytest.approx(61 / 62)


def test_neither_seeds_nor_their_twins_nor_what_does_not_pass():
    tracks = known([(0,), (0.1,), (0.2,), (0.3,), (0.4,)], recording=[7, 7, 1, 2, 3])
    assert [pick.at for pick in picks(tracks, [0], passing=[True, True, True, False, True])] == [2, 4]


def test_the_group_is_one_with_a_shared_cluster_and_the_reason_tells_so():
    tracks = known([(0,), (1,), (2,)], groups={"jazz": [0, 1], "rock": [0, 1, 2]})
    in_rock = Group(tracks.groups["rock"].is_member, np.array([5, 5, 6]))
    tracks = Known(tracks.z, tracks.tempo, tracks.artist, tracks.recording, {**tracks.groups, "rock": in_rock})
    found = picks(tracks, [0], groups=("rock", "jazz"))
    assert [(pick.at, pick.group) for pick in found] == [(1, "rock"), (2, "rock")]
    assert [pick.score for pick in found] == [0.5 + 0.05, 1 / 3]
    assert found[0].reason.endswith(", same cluster")
    assert "cluster" not in found[1].reason


def test_tracks_without_features_are_never_recommended_and_nothing_is_an_empty_list():
    tracks = known([(0,), (np.nan,)])
    assert picks(tracks, [0]) == []
