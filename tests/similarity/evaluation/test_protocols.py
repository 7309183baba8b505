"""Who is relevant and who is no candidate, against the same said track by track."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spark_app.similarity.evaluation.protocols import PROTOCOLS, Relations
from tests.similarity.evaluation import oracle
from tests.similarity.evaluation.oracle import Track


def relations_of(tracks):
    columns = {
        "artist_id": [one.artist for one in tracks],
        "album_id": [one.album for one in tracks],
        "variant_group": [one.song for one in tracks],
        "family": [one.family for one in tracks],
    }
    codes = {name: pd.factorize(pd.Series(values, dtype=object))[0] for name, values in columns.items()}
    place = {one.id: i for i, one in enumerate(tracks)}
    pairs = [(i, place[other]) for i, one in enumerate(tracks) for other in one.related if other in place]
    query, other = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return Relations.of(codes, {"playlists": (query, other)}, n=len(tracks))


def random_tracks(n, seed=0):
    draw = np.random.default_rng(seed)

    def some(prefix, of):
        number = draw.integers(0, of)
        return f"{prefix}{number}" if number else None

    return [
        Track(
            id=f"t{i:03d}",
            group="rock",
            artist=some("a", 5),
            album=some("b", 6),
            variant=some("v", 9) or "",  # here twins need not share an artist
            family=some("f", 20),
            related=tuple(f"t{other:03d}" for other in draw.integers(0, n + 9, 5)),  # itself and strangers among them
        )
        for i in range(n)
    ]


@pytest.mark.parametrize("name", PROTOCOLS)
def test_relations_equal_those_said_track_by_track(name):
    tracks, protocol = random_tracks(60), PROTOCOLS[name]
    relations, everyone = relations_of(tracks), np.arange(60)

    is_out = relations.is_left_out(protocol, everyone[:, None], everyone[None, :])
    is_relevant = relations.is_relevant(protocol, everyone[:, None], everyone[None, :]) & ~is_out
    n_relevant, n_candidates = relations.counts(protocol, everyone)

    np.fill_diagonal(is_out, True)  # whoever searches never gives the query itself
    others = ~np.eye(60, dtype=bool)
    expected_out = np.array([[oracle.is_out(name, q, x) or q is x for x in tracks] for q in tracks])
    relevant = np.array([[oracle.is_relevant(name, q, x) for x in tracks] for q in tracks]) & ~expected_out
    np.testing.assert_array_equal(is_out, expected_out)
    np.testing.assert_array_equal(is_relevant & others, relevant)
    np.testing.assert_array_equal(n_relevant, relevant.sum(axis=1))
    np.testing.assert_array_equal(n_candidates, (~expected_out).sum(axis=1))
    assert relevant.any()


def test_some_queries_are_counted_as_among_all():
    relations, some = relations_of(random_tracks(30)), np.array([7, 3])
    for protocol in PROTOCOLS.values():
        whole = relations.counts(protocol, np.arange(30))
        np.testing.assert_array_equal(relations.counts(protocol, some), np.array(whole)[:, some])


def test_a_group_of_one_has_no_candidates():
    relations = relations_of([Track("alone", "rock", "a", "b", related=("alone",))])
    for protocol in PROTOCOLS.values():
        n_relevant, n_candidates = relations.counts(protocol, np.arange(1))
        assert (n_relevant.tolist(), n_candidates.tolist()) == ([0], [0])
