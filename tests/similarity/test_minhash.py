"""Hash tables of sets: how often two sets meet, what is compared, and the recall that they are tuned to."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from spark_app.similarity.engines import built, loaded
from spark_app.similarity.minhash import MinHashTables
from spark_app.similarity.sets import Sets
from spark_app.similarity.shard import Shard, Tracks
from spark_app.similarity.tuning import Goal, choose
from tests.similarity.catalogues import brute_force_sets, planted_sets


def tracks_of(lists: list[list]) -> Tracks:
    return Tracks.of(pa.array(lists), "jaccard")


def tables_of(lists: list[list], *, tables: int, hashes: int) -> MinHashTables:
    return MinHashTables(tracks_of(lists).space.rows, {"tables": tables, "hashes": hashes}, seed=3)


@pytest.mark.parametrize(("hashes", "expected"), [(1, 1 / 3), (2, 1 / 9)])
def test_two_sets_share_a_code_as_often_as_their_similarity_says(hashes, expected):
    # Elements that follow each other, the hardest for linear hash functions: 20 of 60 shared.
    lists = [list(range(40)), list(range(20, 60)), list(range(1_000))]
    codes = tables_of(lists, tables=3_000, hashes=hashes).codes(Sets.of(pa.array(lists)).matrix)
    assert (codes[0] == codes[1]).mean() == pytest.approx(expected, abs=0.03)  # three deviations


def test_codes_do_not_depend_on_the_number_of_tables_nor_on_the_other_sets():
    lists = planted_sets(5)
    rows = Sets.of(pa.array(lists)).matrix
    few, many = (tables_of(lists, tables=tables, hashes=2) for tables in (3, 8))
    np.testing.assert_array_equal(few.codes(rows), many.codes(rows)[:, :3])
    np.testing.assert_array_equal(few.codes(rows[7:9]), few.codes(rows)[7:9])
    [ladder] = MinHashTables.ladders(rows, np.arange(50), tables=3, scale=1.0, seed=3)
    _, (parameters, codes), *_ = ladder
    assert parameters == {"hashes": 2}
    np.testing.assert_array_equal(codes, few.codes(rows))


def test_a_query_is_compared_with_the_sets_of_its_bucket_and_salt_cuts_large_ones(monkeypatch):
    lists = [[i % 3, 100 + i] for i in range(300)]
    tables = tables_of(lists, tables=1, hashes=1)
    codes = tables.codes(tables.rows)[:, 0]
    sizes = np.unique(codes, return_counts=True)[1]

    found, compared = tables.search(tables.rows, 5)

    assert compared == (sizes**2).sum()  # by hand: one table, every set with its bucket
    assert sizes.max() > 40
    for query in range(0, 300, 7):
        bucket = np.flatnonzero(codes == codes[query])
        far = np.array([len({*lists[query]} ^ {*lists[other]}) for other in bucket])
        near = bucket[np.lexsort((bucket, far))][:5]  # sets of two: the more they differ in, the farther
        assert found[query].tolist() == [*near, *[-1] * (5 - len(near))]

    monkeypatch.setattr("spark_app.similarity.minhash._BUCKET", 10)
    salted = tables_of(lists, tables=1, hashes=1)
    found, fewer = salted.search(salted.rows, 5)
    assert fewer < compared / 2
    assert found[:, 0].tolist() == list(range(300))  # a set finds itself: queries are dealt like sets
    np.testing.assert_array_equal(salted.search(salted.rows[40:60], 5)[0], found[40:60])


def test_a_pair_that_meets_in_several_tables_is_compared_once():
    lists = planted_sets(10)
    tables = tables_of(lists, tables=20, hashes=1)
    codes = tables.codes(tables.rows)
    met = (codes[:, None] == codes[None]).any(axis=2)
    assert tables.search(tables.rows, 3)[1] == met.sum()


def test_a_track_for_which_too_few_are_found_is_searched_exactly():
    lists = planted_sets(20, each=4)
    tracks = tracks_of(lists)
    shard = Shard(tracks, "lsh", built("lsh", tracks.space.rows, {"tables": 1, "hashes": 4}, seed=1))
    assert ((shard.searcher.search(tracks.space.rows, 11)[0] >= 0).sum(axis=1) < 6).all()

    positions, distance = shard.neighbours(np.arange(80), 5)

    expected = brute_force_sets([set(one) for one in lists], 5)
    np.testing.assert_array_equal(positions, expected[0])
    np.testing.assert_array_equal(distance, expected[1])


@pytest.mark.parametrize("equal", [0, 10_000])
def test_tuning_reaches_the_recall_that_was_asked_for_with_a_part_of_the_pairs(equal):
    tracks = tracks_of(planted_sets(300) + [[1, 2, 3]] * equal)

    choice = choose(tracks, Goal(k=5, recall=0.95, engine="lsh", sample=400))

    assert choice.engine == "lsh"
    assert 0.95 <= choice.low <= choice.recall <= choice.high <= 1
    assert choice.compared < 0.1 * 3_000
    everyone = np.arange(3_000)
    shard = Shard(tracks, choice.engine, choice.searcher)
    _, distance = shard.neighbours(everyone, 5)
    _, exact = Shard(tracks, "exact", built("exact", tracks.space.rows, {}, seed=1)).neighbours(everyone, 5)
    assert (distance <= exact[:, -1:] * (1 + 1e-9)).mean() >= 0.95
    assert 0 < shard.compared < 0.1 * 3_000**2


def test_auto_is_exact_for_small_groups_and_hashes_large_ones_where_that_is_cheaper():
    alike, unlike = tracks_of(planted_sets(300)), tracks_of(planted_sets(300, kept=0.0))
    assert choose(alike, Goal(k=5, recall=0.95, exact_rows=3_000)).engine == "exact"
    assert choose(alike, Goal(k=5, recall=0.95, exact_rows=100, sample=200)).engine == "lsh"
    assert choose(unlike, Goal(k=5, recall=0.95, exact_rows=100, sample=200)).engine == "exact"


def test_a_stored_engine_answers_as_before():
    rows, parameters = tracks_of(planted_sets(30)).space.rows, {"tables": 4, "hashes": 2}
    before = built("lsh", rows, parameters, seed=5)
    again = loaded("lsh", rows, parameters, before.dump(), seed=5)
    np.testing.assert_array_equal(again.search(rows, 8)[0], before.search(rows, 8)[0])
