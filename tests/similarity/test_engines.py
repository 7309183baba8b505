"""Engines that look at a part of the vectors: what they find, and the recall that they are tuned to."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.spatial import cKDTree

from spark_app.errors import UsageError
from spark_app.similarity.costs import lists_for
from spark_app.similarity.engines import built, loaded
from spark_app.similarity.shard import Shard, Tracks
from spark_app.similarity.tuning import Goal, choose
from tests.similarity.catalogues import brute_force, random_vectors

PARAMETERS = {
    "exact": {},
    "ivf": {"lists": 16, "probes": 6},
    "graph": {"breadth": 32},
    "lsh": {"tables": 12, "length": 4, "width": 2.5},
}
SIGNS = {"tables": 12, "bits": 8}


def flat_vectors(n: int) -> np.ndarray:
    """Vectors that vary in four directions mostly: twelve equal ones leave an engine little to tell them apart by."""
    return random_vectors(n) * np.where(np.arange(12) < 4, 1.0, 0.05)


def parameters_of(engine: str, metric: str) -> dict[str, float]:
    return SIGNS if engine == "lsh" and metric != "euclidean" else PARAMETERS[engine]


def shard_of(vectors: np.ndarray, engine: str, metric: str = "euclidean", **changed: float) -> Shard:
    tracks, parameters = Tracks.of(vectors, metric), {**parameters_of(engine, metric), **changed}
    return Shard(tracks, engine, built(engine, tracks.space.rows, parameters, seed=1))


@pytest.mark.parametrize("engine", PARAMETERS)
def test_engines_find_most_of_what_a_tree_finds(engine):
    vectors = flat_vectors(2_000)
    shard = shard_of(vectors, engine)

    positions, distance = shard.neighbours(np.arange(2_000), 10)

    expected = cKDTree(vectors).query(vectors, k=11)[0][:, 1:]
    right = distance <= expected[:, -1:] * (1 + 1e-9)
    assert right.mean() > (0.999 if engine == "exact" else 0.8)
    assert (positions != np.arange(2_000)[:, None]).all()
    assert (np.diff(distance, axis=1) >= 0).all()
    # What is said to be a distance is one.
    told = np.sqrt(((vectors[:, None] - vectors[positions]) ** 2).sum(axis=2))
    np.testing.assert_allclose(distance, told, rtol=1e-12)


@pytest.mark.parametrize("engine", ["ivf", "graph", "lsh"])
def test_engines_compare_a_part_of_the_pairs(engine):
    shard = shard_of(flat_vectors(2_000), engine)
    shard.neighbours(np.arange(2_000), 10)
    assert 0 < shard.compared < 0.9 * 2_000**2


@pytest.mark.parametrize("engine", PARAMETERS)
@pytest.mark.parametrize("metric", ["euclidean", "cosine", "inner_product"])
def test_a_stored_engine_answers_as_before(engine, metric):
    shard = shard_of(random_vectors(500), engine, metric)
    rows = shard.tracks.space.rows

    stored = json.loads(json.dumps(parameters_of(engine, metric)))
    again = loaded(engine, rows, stored, shard.searcher.dump(), seed=1)

    found, compared = shard.searcher.search(rows[:50], 10)
    np.testing.assert_array_equal(again.search(rows[:50], 10)[0], found)
    assert again.search(rows[:50], 10)[1] == compared


@pytest.mark.parametrize(("engine", "changed"), [("ivf", {"probes": 1}), ("lsh", {"tables": 1, "length": 8})])
def test_a_track_for_which_too_few_are_found_is_searched_exactly(engine, changed):
    vectors = random_vectors(300)
    shard = shard_of(vectors, engine, **changed)
    rows = shard.tracks.space.queries(shard.tracks.members.distinct)
    short = (shard.searcher.search(rows, 15)[0] >= 0).sum(axis=1) < 11
    assert short.any()

    positions, _ = shard.neighbours(np.arange(300), 10)

    queries = np.flatnonzero(short[shard.tracks.members.which])
    np.testing.assert_array_equal(positions[queries], brute_force(vectors, 10)[0][queries])


@pytest.mark.parametrize("engine", PARAMETERS)
def test_equal_vectors_are_found_whatever_the_engine(engine):
    vectors = np.concatenate([np.ones((200, 12)), random_vectors(400)])
    positions, distance = shard_of(vectors, engine).neighbours(np.array([0, 5, 199]), 3)
    assert positions.tolist() == [[1, 2, 3], [0, 1, 2], [0, 1, 2]]
    assert not distance.any()


@pytest.mark.parametrize("engine", ["ivf", "graph", "lsh"])
def test_tuning_reaches_the_recall_that_was_asked_for(engine):
    vectors = np.random.default_rng(3).normal(size=(3_000, 4))
    tracks = Tracks.of(vectors, "euclidean")

    choice = choose(tracks, Goal(k=10, recall=0.95, engine=engine, sample=400))

    assert choice.engine == engine
    assert 0.95 <= choice.low <= choice.recall <= choice.high <= 1
    assert choice.compared < 3_000
    _, distance = Shard(tracks, engine, choice.searcher).neighbours(np.arange(3_000), 10)
    expected = cKDTree(vectors).query(vectors, k=11)[0][:, -1:]
    assert (distance <= expected * (1 + 1e-9)).mean() >= 0.95


def test_auto_is_exact_for_small_groups_and_the_cheapest_engine_for_large_ones():
    tracks = Tracks.of(np.random.default_rng(3).normal(size=(30_000, 4)), "euclidean")

    assert choose(tracks, Goal(k=5, recall=0.9, exact_rows=30_000)).engine == "exact"
    choice = choose(tracks, Goal(k=5, recall=0.9, exact_rows=1_000, sample=200))
    assert (choice.engine, choice.parameters["lists"]) == ("ivf", lists_for(30_000))


def test_an_engine_that_cannot_reach_the_recall_gives_way_to_the_exact_search(monkeypatch):
    monkeypatch.setattr("spark_app.similarity.tuning._BREADTHS", (1,))
    tracks = Tracks.of(random_vectors(2_000), "euclidean")
    assert choose(tracks, Goal(k=20, recall=1.0, engine="graph", sample=300)).engine == "exact"


def test_an_unknown_engine_is_refused():
    with pytest.raises(UsageError, match="no engine 'annoy'"):
        built("annoy", random_vectors(3).astype(np.float32), {}, seed=1)


def test_hash_tables_of_another_version_are_refused():
    with pytest.raises(UsageError, match=r"bits.*flips.*tables"):
        loaded("lsh", random_vectors(3).astype(np.float32), {"tables": 4, "bits": 8, "flips": 0}, b"", seed=1)
