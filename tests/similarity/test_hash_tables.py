"""Hash tables of vectors: how often two vectors meet, what is compared, and the recall that they are tuned to."""

from __future__ import annotations

import json
from math import exp, pi, sqrt

import numpy as np
import pytest
from scipy.spatial import cKDTree
from scipy.stats import norm

from spark_app.similarity import hash_tables
from spark_app.similarity.engines import built, loaded
from spark_app.similarity.hash_tables import BucketedRandomProjection, HashTables, SignRandomProjection
from spark_app.similarity.minhash import MinHashTables
from spark_app.similarity.projections import Projections, _bucket, _side, buckets, signs
from spark_app.similarity.shard import Shard, Tracks
from spark_app.similarity.tuning import Choice, Goal, choose
from tests.similarity.catalogues import random_vectors


def rows_of(n: int, n_dimensions: int = 12) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, n_dimensions)).astype(np.float32)


def clustered(n: int, n_dimensions: int = 12) -> np.ndarray:
    """Vectors of forty clusters, some eight times as wide as others."""
    random = np.random.default_rng(5)
    which = random.integers(0, 40, n)
    widths = random.uniform(0.1, 0.8, 40)[which][:, None]
    return random.normal(size=(40, n_dimensions))[which] * 2 + widths * random.normal(size=(n, n_dimensions))


def tuned(vectors: np.ndarray, metric: str = "euclidean", **changed: float) -> tuple[Tracks, Choice]:
    tracks = Tracks.of(vectors, metric)
    return tracks, choose(tracks, Goal(**{"k": 10, "recall": 0.95, "engine": "lsh", "sample": 300, **changed}))


def test_a_code_mixes_the_floors_of_projections():
    # By hand: one table, (x + 0.5, x + 2 y) of width 1, so numbers (0, 2), (0, 2), (1, 2), (0, 1) and (-1, -2).
    directions = np.array([[[1.0], [0.0]], [[1.0], [2.0]]], dtype=np.float32)
    lines = Projections(directions, np.array([[0.5], [0.0]], dtype=np.float32), _bucket)
    rows = np.array([[0.25, 1.0], [0.4, 0.9], [0.75, 0.8], [0.0, 0.9], [-0.75, -0.5]], dtype=np.float32)

    one, two = (lines.codes(rows, length)[:, 0].tolist() for length in (1, 2))

    assert [one.index(code) for code in one] == [0, 0, 2, 0, 4]
    assert [two.index(code) for code in two] == [0, 0, 2, 3, 4]


def test_a_sign_tells_the_side_of_a_hyperplane_through_the_mean():
    rows = np.array([[3.0, 1.0], [5.0, 1.0], [4.0, 7.0]], dtype=np.float32)
    lines = signs(rows, tables=50, seed=1)
    direction = lines.directions[0]
    expected = (rows - rows.mean(axis=0)) @ direction > 0
    projected = rows @ direction + lines.offsets[0]
    np.testing.assert_array_equal(_side(projected), expected)


@pytest.mark.parametrize("distance", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("length", [1, 3])
def test_two_vectors_share_a_bucket_as_often_as_the_paper_says(distance, length):
    rows = rows_of(2)
    rows[1] = rows[0] + distance * (rows[1] - rows[0]) / np.linalg.norm(rows[1] - rows[0])
    codes = buckets(12, tables=4_000, width=2.0, seed=7).codes(rows, length)
    # Datar et al. 2004, section 3.2, of the normal distribution.
    t = 2.0 / distance
    expected = 1 - 2 * norm.cdf(-t) - 2 / (sqrt(2 * pi) * t) * (1 - exp(-(t**2) / 2))
    assert (codes[0] == codes[1]).mean() == pytest.approx(expected**length, abs=0.024)  # three deviations


def test_two_vectors_share_a_sign_as_often_as_their_angle_says():
    rows = np.array([[1, 0], [0.5, sqrt(0.75)], [-1.5, -sqrt(0.75)]], dtype=np.float32)  # of mean 0, 60 degrees apart
    codes = signs(rows, tables=4_000, seed=7).codes(rows, 2)
    assert (codes[0] == codes[1]).mean() == pytest.approx((2 / 3) ** 2, abs=0.024)


def test_codes_depend_neither_on_other_rows_nor_on_the_number_of_tables(monkeypatch):
    rows = rows_of(1_200)
    few, many = (buckets(12, tables=tables, width=1.5, seed=3) for tables in (3, 8))
    whole = many.codes(rows, 4)
    np.testing.assert_array_equal(few.codes(rows, 4), whole[:, :3])
    for part in (slice(0, 1), slice(700, 703), slice(100, 900)):
        np.testing.assert_array_equal(many.codes(rows[part], 4), whole[part])
    monkeypatch.setattr("spark_app.similarity.projections._BLOCK", 1)
    np.testing.assert_array_equal(many.codes(rows[:50], 4), whole[:50])


@pytest.mark.parametrize("family", [BucketedRandomProjection, SignRandomProjection])
def test_a_ladder_tells_the_codes_of_the_tables_that_are_built(family):
    rows, drawn = rows_of(300), np.arange(10, 60)
    for ladder in family.ladders(rows, drawn, tables=6, scale=0.8, seed=3):
        for parameters, codes in list(ladder)[::5]:
            tables = family.build(rows, {"tables": 6, **parameters}, 3)
            np.testing.assert_array_equal(tables.codes(rows[drawn]), codes)


def test_a_pair_counts_in_tuning_as_often_as_it_is_compared():
    shared = np.array([[True, False, True], [False, False, False]])
    assert BucketedRandomProjection.compared(shared).tolist() == [2, 0]
    assert MinHashTables.compared(shared).tolist() == [1, 0]
    rows = rows_of(400)
    tables = BucketedRandomProjection.build(rows, {"tables": 5, "length": 2, "width": 4.0}, 4)
    codes = tables.codes(rows)
    assert tables.search(rows, 5)[1] == BucketedRandomProjection.compared(codes[:, None] == codes).sum()


def test_a_query_is_compared_with_the_rows_of_its_bucket():
    rows = rows_of(1_000)
    tables = BucketedRandomProjection.build(rows, {"tables": 1, "length": 2, "width": 4.0}, 4)
    codes = tables.codes(rows)[:, 0]
    sizes = np.unique(codes, return_counts=True)[1]

    found, compared = tables.search(rows, 5)

    assert compared == (sizes**2).sum()  # by hand: one table, every row with its bucket
    assert sizes.min() < 5 < sizes.max()  # small buckets are taken whole
    for query in range(0, 1_000, 7):
        bucket = np.flatnonzero(codes == codes[query])
        far = ((rows[bucket] - rows[query]) ** 2).sum(axis=1)
        assert set(found[query]) - {-1} == set(bucket[np.argsort(far)[:5]])
        assert (found[query] >= 0).sum() == min(5, len(bucket))


def test_a_large_bucket_is_cut_by_content(monkeypatch):
    rows = rows_of(1_000)
    monkeypatch.setattr(hash_tables, "_BUCKET", 20)
    tables = BucketedRandomProjection.build(rows, {"tables": 1, "length": 1, "width": 1e9}, 4)  # one bucket, or two

    found, compared = tables.search(rows, 5)

    assert compared <= 20 * 1_000
    assert (found == np.arange(1_000)[:, None]).any(axis=1).all()  # a row finds itself: queries are dealt like rows
    # Alone, among others, in another order: the answer is the same.
    others = np.random.default_rng(1).permutation(1_000)[:40]
    asked = tables.search(rows[others], 5)[0]
    np.testing.assert_array_equal(np.sort(asked, axis=1), np.sort(found[others], axis=1))
    for query in (3, 500):
        np.testing.assert_array_equal(np.sort(tables.search(rows[query : query + 1], 5)[0][0]), np.sort(found[query]))


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "inner_product"])
def test_answers_do_not_depend_on_what_else_is_asked(metric):
    tracks, choice = tuned(clustered(2_000), metric, recall=0.8)
    shard = Shard(tracks, choice.engine, choice.searcher)
    assert choice.engine == "lsh"
    together = shard.neighbours(np.arange(2_000), 10)
    for part in (np.array([5]), np.arange(300, 900, 7)):
        for alone, whole in zip(shard.neighbours(part, 10), together, strict=True):
            np.testing.assert_array_equal(alone, whole[part])


VECTORS = {
    "clustered": clustered(3_000),
    "uniform": np.random.default_rng(2).random((3_000, 6)),
    "one cluster far from the others": np.r_[clustered(2_900), 1_000 + random_vectors(100)],
}


@pytest.mark.parametrize("name", VECTORS)
def test_tuning_reaches_the_recall_that_was_asked_for_with_a_part_of_the_pairs(name):
    vectors = VECTORS[name]

    tracks, choice = tuned(vectors)

    assert choice.engine == "lsh"
    assert choice.parameters.keys() == {"tables", "length", "width"}
    assert 0.95 <= choice.low <= choice.recall <= choice.high <= 1
    assert choice.compared < 0.5 * 3_000
    _, distance = Shard(tracks, "lsh", choice.searcher).neighbours(np.arange(3_000), 10)
    expected = cKDTree(vectors).query(vectors, k=11)[0][:, -1:]
    assert (distance <= expected * (1 + 1e-9)).mean() >= 0.95


@pytest.mark.parametrize(("metric", "names"), [("cosine", {"tables", "bits"}), ("inner_product", {"tables", "bits"})])
def test_angles_are_hashed_by_signs(metric, names):
    choice = tuned(clustered(2_000), metric, recall=0.8)[1]
    assert (choice.engine, set(choice.parameters)) == ("lsh", names)
    assert choice.low >= 0.8


def test_tuned_tables_are_the_same_when_they_are_loaded_again():
    tracks, choice = tuned(clustered(1_000))
    rows = tracks.space.rows

    again = loaded("lsh", rows, json.loads(json.dumps(choice.parameters)), choice.searcher.dump(), seed=42)

    for one, other in zip(again.search(rows, 15), choice.searcher.search(rows, 15), strict=True):
        np.testing.assert_array_equal(one, other)
    other_seed = built("lsh", rows, choice.parameters, seed=43)
    assert (other_seed.codes(rows) != again.codes(rows)).any()


def test_tables_are_tuned_where_vectors_have_their_like_as_neighbours():
    choice = tuned(np.repeat(random_vectors(300), 8, axis=0), k=5, sample=100)[1]
    assert (choice.engine, choice.recall) == ("lsh", 1.0)


def test_ten_thousand_identical_vectors_beside_others():
    vectors = np.r_[np.ones((10_000, 12)), clustered(1_000)]
    tracks, choice = tuned(vectors, k=5)
    positions, distance = Shard(tracks, choice.engine, choice.searcher).neighbours(np.array([0, 9_999]), 3)
    assert choice.engine == "lsh"
    assert positions.tolist() == [[1, 2, 3], [0, 1, 2]]
    assert not distance.any()


def test_vectors_that_float32_cannot_tell_apart_end_in_one_bucket():
    vectors = np.r_[random_vectors(5_000) * 1e-12, random_vectors(50)]
    tracks, choice = tuned(vectors)
    assert np.isfinite(list(choice.parameters.values())).all()
    _, distance = Shard(tracks, choice.engine, choice.searcher).neighbours(np.arange(5), 3)
    assert (distance < 1e-10).all()


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_constant_columns_are_no_hindrance(metric):
    constant = np.tile([0.0, 7.0, -1e3] if metric == "euclidean" else [0.0, 0.5, 1.0], (1_000, 1))
    choice = tuned(np.column_stack([clustered(1_000, 4), constant]), metric, recall=0.9)[1]
    assert choice.engine == "lsh"
    assert choice.low >= 0.9
    assert choice.compared < 500


@pytest.mark.parametrize("parameters", [{"length": 3, "width": 1.0}, {"bits": 3}])
def test_one_row_finds_itself(parameters):
    row = np.zeros((1, 12), dtype=np.float32)
    found, compared = built("lsh", row, {"tables": 4, **parameters}, seed=1).search(row, 3)
    assert (sorted(found[0]), compared) == ([-1, -1, 0], 4)


def test_a_query_far_beyond_the_rows_falls_into_no_bucket():
    rows = rows_of(100)
    tables = HashTables(rows, buckets(12, tables=4, width=0.01, seed=1), 2)
    assert tables.search(np.full((1, 12), 1e30, dtype=np.float32), 3) == (pytest.approx(np.full((1, 3), -1)), 0)
