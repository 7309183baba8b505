"""What is told of a cluster."""

from __future__ import annotations

import pytest

from spark_app.cluster.cards import cluster_cards
from spark_app.cluster.words import in_words
from spark_app.columns import AUDIO12
from tests.similarity.catalogues import vector


def exemplar(group, cluster, n_tracks, centre, profile=(0.0,) * 12):
    row = {"genre_group": group, "cluster": cluster, "k": 2, "n_tracks": n_tracks, "inertia": 1.0, "centre": centre}
    told = {"profile": profile, "exemplars": ["a", "b"], "k_score": None, "stability": 0.5, "engine": "scikit_learn"}
    return {**row, **told}


def test_shares_are_of_the_group_and_centres_are_told_in_the_features_own_units():
    means, deviations = [100.0, 0.5, *[0.0] * 9, None], [10.0, 0.0, *[1.0] * 9, None]
    found = cluster_cards(
        [exemplar("rock", 1, 1, vector(-2)), exemplar("pop", 0, 7, vector(0)), exemplar("rock", 0, 3, vector(1, 0))],
        means=means,
        deviations=deviations,
    )

    assert [(card["genre_group"], card["cluster"], card["share"]) for card in found] == [
        ("pop", 0, 1.0),
        ("rock", 0, 0.75),
        ("rock", 1, 0.25),
    ]
    assert [card["centre_raw"][:2] for card in found] == [[100.0, 0.5], [110.0, 0.5], [80.0, 0.5]]
    assert {card["centre_raw"][11] for card in found} == {0.0}  # a feature without a mean has z-scores of 0
    assert {card["exemplar_id"] for card in found} == {"a"}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, "like the genre as a whole"),
        ({"tempo": 0.49, "energy": -0.49}, "like the genre as a whole"),
        ({"tempo": 0.5}, "faster (+0.5 sd)"),
        (
            {"tempo": -0.9, "acousticness": 1.44, "mode": -0.6, "energy": 0.59},
            "more acoustic (+1.4 sd), slower (−0.9 sd), more in minor (−0.6 sd)",
        ),
        ({"danceability": 1, "energy": -1}, "more danceable (+1.0 sd), calmer (−1.0 sd)"),  # equals in their order
    ],
)
def test_the_most_telling_features_come_first(told, expected):
    assert in_words([told.get(name, 0.0) for name in AUDIO12]) == expected


def test_every_feature_has_its_words():
    words = {in_words([sign if name == one else 0.0 for name in AUDIO12]) for one in AUDIO12 for sign in (1.0, -1.0)}
    assert len(words) == 2 * len(AUDIO12)
