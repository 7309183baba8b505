"""Reasons name what two tracks share."""

from __future__ import annotations

import numpy as np
import pytest

from spark_app.columns import AUDIO12
from spark_app.recommend.reasons import HEARD, Heard, reasons


def z_scores(**given):
    return [float(given.get(name, 9 if position % 2 else -9)) for position, name in enumerate(HEARD)]


def far(**given):
    """A track that differs from ``z_scores`` by 18 in every feature that is not given."""
    return [float(given.get(name, -9 if position % 2 else 9)) for position, name in enumerate(HEARD)]


def heard(tempo, values):
    z = np.zeros((1, len(AUDIO12)))
    z[0, [AUDIO12.index(name) for name in HEARD]] = values
    return Heard(np.array([tempo]), z)


@pytest.mark.parametrize(
    ("seed", "other", "artist", "cluster", "expected"),
    [
        # 1.5 and 1.5: level 1.5, gap 0. Valence -0.1 and 0.3: close, but nothing special.
        (z_scores(energy=1.5, valence=-0.1), far(energy=1.5, valence=0.3), False, True,
         "tempo 128 vs 126, both high energy, valence close, same cluster"),
        (z_scores(energy=-2), far(energy=-1.8), True, False, "tempo 128 vs 126, both low energy, same artist"),
        # Three close features, equally told: the first two by name.
        (z_scores(energy=0, valence=0, loudness=0), far(energy=0, valence=0, loudness=0), False, False,
         "tempo 128 vs 126, energy close, loudness close"),
        # 0.6 apart is not close; the least different is named.
        (z_scores(energy=0), far(energy=0.6), False, False, "tempo 128 vs 126, nearest in energy"),
    ],
)  # fmt: skip
def test_says_what_two_tracks_share(seed, other, artist, cluster, expected):
    told = reasons(
        heard(127.6, seed), heard(126.4, other), same_artist=np.array([artist]), same_cluster=np.array([cluster])
    )
    assert told.tolist() == [expected]


def test_many_tracks_are_told_row_by_row():
    none, many = np.array([False, False]), [heard(127.6, z_scores(energy=0)), heard(60.0, z_scores(energy=-2))]
    rows = Heard(*(np.concatenate([getattr(one, name) for one in many]) for name in ("tempo", "z")))
    told = reasons(rows, rows, same_artist=none, same_cluster=none)
    alone = [reasons(one, one, same_artist=none[:1], same_cluster=none[:1])[0] for one in many]
    assert told.tolist() == alone
