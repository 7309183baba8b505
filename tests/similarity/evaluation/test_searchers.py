"""Rankings of one group against brute force."""

from __future__ import annotations

import numpy as np
import pytest

from spark_app.similarity.evaluation import searchers
from spark_app.similarity.evaluation.searchers import by_distance, by_lists, by_popularity, ranked
from spark_app.similarity.exact import nearest
from tests.similarity.catalogues import random_vectors
from tests.similarity.evaluation.oracle import distance

EVERYONE = np.arange(40)


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "inner_product"])
def test_exact_equals_brute_force_by_every_metric(metric):
    vectors = random_vectors(40)

    found = by_distance("exact", metric, vectors, seed=1).first(EVERYONE, 5)

    far = np.array([[distance(metric, x, y) for y in vectors] for x in vectors])
    np.fill_diagonal(far, np.inf)
    np.testing.assert_array_equal(found, np.argsort(far, axis=1, kind="stable")[:, :5])


def test_a_zero_vector_stands_at_a_right_angle_to_all_others():
    # By angle from (1, 0): (2, 1), then the zero vector at 90 degrees, then (-1, 1).
    vectors = np.array([[1.0, 0.0], [-1.0, 1.0], [0.0, 0.0], [2.0, 1.0]])
    assert by_distance("exact", "cosine", vectors, seed=1).first(np.array([0]), 3).tolist() == [[3, 2, 1]]


@pytest.mark.parametrize("engine", ["ivf", "graph", "lsh"])
def test_engines_that_are_tuned_find_nearly_what_the_exact_search_finds(engine):
    vectors = random_vectors(300)[:, :4]
    ranker = by_distance(engine, "euclidean", vectors, seed=1)
    assert (ranker.first(np.arange(300), 5) == nearest(vectors, k=5)[0]).mean() > 0.97
    assert not ranker.gave_way()


@pytest.mark.parametrize("engine", ["ivf", "graph", "lsh"])
def test_an_engine_that_does_not_reach_its_recall_gives_way_and_says_so(monkeypatch, engine):
    vectors = random_vectors(60)
    monkeypatch.setattr(searchers, "RECALL", 1.5)  # out of reach
    ranker = by_distance(engine, "euclidean", vectors, seed=1)
    assert not ranker.gave_way()

    assert (ranker.first(np.arange(60), 5) == nearest(vectors, k=5)[0]).all()
    assert ranker.gave_way()
    # Where a list holds all there are, no engine has anything to save.
    few = by_distance(engine, "euclidean", vectors[:6], seed=1)
    assert few.first(np.arange(6), 5).shape == (6, 5)
    assert not few.gave_way()


def test_an_engine_is_tuned_once_for_a_length_with_the_seed_of_the_run(monkeypatch):
    goals, choose = [], searchers.choose
    monkeypatch.setattr(searchers, "choose", lambda tracks, goal: goals.append(goal) or choose(tracks, goal))
    ranker = by_distance("ivf", "euclidean", random_vectors(60), seed=7)
    for block, k in (([0, 1], 5), ([2], 5), ([3], 20)):
        ranker.first(np.array(block), k)
    assert [(goal.k, goal.seed, goal.engine) for goal in goals] == [(5, 7, "ivf"), (20, 7, "ivf")]


def test_equal_products_go_by_position():
    vectors = np.array([[1.0, 0.0], [3.0, 1.0], [3.0, -1.0], [4.0, 0.0]])
    found, away = nearest(vectors, k=9, queries=np.array([0, 3]), metric="inner_product")
    assert found.tolist() == [[3, 1, 2], [1, 2, 0]]
    assert away.tolist() == [[-4, -3, -3], [-12, -12, -4]]


def test_popularity_ranks_alike_for_everyone_but_the_query_itself():
    ranker = by_popularity(np.array([10, np.nan, 90, 10]))
    assert ranker.first(np.arange(4), 3).tolist() == [[2, 3, 1], [2, 0, 3], [0, 3, 1], [2, 0, 1]]
    assert ranker.first(np.arange(4), 1).tolist() == [[2], [2], [0], [2]]
    assert ranker.deepest == 3


def lists_of(ranker, queries, k, is_left_out):
    found = {}
    for places, lists in ranked(ranker, queries, k=k, is_left_out=is_left_out):
        assert not set(places) & set(found)
        found.update(zip(places.tolist(), lists.tolist(), strict=True))
    return found


def test_lists_go_on_until_enough_remains():
    # On a line; the query 0 leaves out the 20 tracks next to it, the others nothing.
    vectors = np.arange(40.0)[:, None] * np.ones((1, 12))
    depths = []
    whole = by_distance("exact", "euclidean", vectors, seed=1)
    ranker = type(whole)(lambda queries, k: depths.append((len(queries), k)) or whole.first(queries, k), whole.deepest)

    found = lists_of(ranker, np.array([30, 0]), 4, lambda asked, others: (asked == 0) & (others <= 20))

    assert found[0] == [29, 31, 28, 32, 27, 33]  # by place in the queries
    assert found[1] == list(range(1, 25))
    assert depths == [(2, 6), (1, 24)]


def test_lists_in_blocks_are_those_of_all_at_once(monkeypatch):
    # On a line; every fifth query leaves out the 20 tracks next to it.
    ranker = by_distance("exact", "euclidean", np.arange(40.0)[:, None] * np.ones((1, 12)), seed=1)

    def is_near(asked, others):
        return (asked % 5 == 0) & (abs(asked - others) <= 10)

    at_once, asked = lists_of(ranker, EVERYONE, 4, is_near), []

    def three_at_a_time(n_rows, cells_per_row):
        asked.append((n_rows, cells_per_row))
        return (slice(start, min(start + 3, n_rows)) for start in range(0, n_rows, 3))

    monkeypatch.setattr(searchers, "blocks", three_at_a_time)
    assert lists_of(ranker, EVERYONE, 4, is_near) == at_once
    assert asked == [(40, 6), (8, 24)]  # so much memory is asked for


def test_lists_end_where_the_group_or_the_engine_ends():
    ranker = by_lists(np.array([[1, 2, -1], [0, -1, -1], [-1, -1, -1]]))

    found = lists_of(ranker, np.arange(3), 9, lambda asked, others: others == 2)

    assert found == {0: [1, 2, -1], 1: [0, -1, -1], 2: [-1, -1, -1]}
    alone = by_distance("exact", "euclidean", np.ones((1, 12)), seed=1)
    assert lists_of(alone, np.array([0]), 3, lambda asked, others: others < 0) == {0: []}
