"""K-Means in every genre group, in tasks and by Spark ML."""

from __future__ import annotations

import pytest

from spark_app.cluster import mllib
from spark_app.cluster.cards import exemplar_rows
from spark_app.cluster.groups import cluster_groups, with_artists
from spark_app.similarity.groups import sizes_of
from tests.cluster.plans import alone, blobs, by_artist, plan
from tests.similarity.catalogues import members, random_vectors, vector

GROUPS = [
    *[(f"r{i}", "rock", vector(x)) for i, x in enumerate((0, 1, 5, 100, 101))],
    ("lone", "other", vector(7)),
    *[(f"p{i}", "pop", vector(2)) for i in (2, 1)],
]
BOTH_WAYS = pytest.mark.parametrize("task_rows", [500_000, 1], ids=["in tasks", "by Spark ML"])


def clustered(frame, **changes):
    return cluster_groups(frame, sizes=sizes_of(frame), plan=plan(**changes))


@BOTH_WAYS
def test_every_group_is_clustered_and_each_cluster_has_a_card(spark, task_rows):
    found = clustered(alone(members(spark, GROUPS)), k=2, starts=2, task_rows=task_rows).collect()

    assert {
        (r.track_id, r.genre_group): (r.cluster, round(r.distance, 9)) for r in found
    } == {  # by hand: centres 2 and 100.5
        ("r0", "rock"): (0, 2.0),
        ("r1", "rock"): (0, 1.0),
        ("r2", "rock"): (0, 3.0),
        ("r3", "rock"): (1, 0.5),
        ("r4", "rock"): (1, 0.5),
        ("lone", "other"): (0, 0.0),
        ("p1", "pop"): (0, 0.0),
        ("p2", "pop"): (0, 0.0),
    }
    cards = {
        (c.genre_group, c.cluster): (c.k, c.n_tracks, round(c.inertia, 9), c.exemplars, round(c.centre[0], 9))
        for c in found
        if c.k
    }
    assert cards == {
        ("rock", 0): (2, 3, 14.0, ["r1", "r0"], 2.0),
        ("rock", 1): (2, 2, 0.5, ["r3", "r4"], 100.5),  # equally near: the smaller id first
        ("other", 0): (1, 1, 0.0, ["lone"], 7.0),
        ("pop", 0): (1, 2, 0.0, ["p1", "p2"], 2.0),
    }
    engines = {c.genre_group: c.engine for c in found if c.k}
    # One member is not above one row.
    assert engines["rock"] == engines["pop"] == ("scikit_learn" if task_rows > 1 else "mllib")
    assert engines["other"] == "scikit_learn"


@BOTH_WAYS
def test_a_profile_is_in_standard_deviations_of_the_group(spark, task_rows):
    rows = [(f"t{i}", "rock", vector(x, 0.1)) for i, x in enumerate((0, 1, 2, 5))]
    found = clustered(alone(members(spark, rows)), k=2, task_rows=task_rows)

    profiles = {c.cluster: c.profile for c in exemplar_rows(found).collect()}
    # By hand: mean 2, deviation sqrt(3.5); the second feature is constant, and its mean in floating point is not 0.1.
    assert profiles[0] == pytest.approx([-1 / 3.5**0.5, *[0] * 11])
    assert profiles[1] == pytest.approx([3 / 3.5**0.5, *[0] * 11])


@BOTH_WAYS
def test_exemplars_are_of_different_artists_while_there_are_some(spark, task_rows):
    near = [("a1", "x", 0), ("a2", "x", 1), ("b1", "y", -1), ("n1", None, 3), ("n2", None, -3)]  # centre 0
    frame = by_artist(spark, [(track, "rock", vector(at), artist) for track, artist, at in near])

    def exemplars(n):
        (card,) = exemplar_rows(clustered(frame, k=1, exemplars=n, task_rows=task_rows)).collect()
        return card.exemplars

    assert exemplars(4) == ["a1", "b1", "n1", "n2"]  # without an artist, each track stands alone
    assert exemplars(9) == ["a1", "a2", "b1", "n1", "n2"]


@pytest.mark.parametrize(("partition_rows", "partitions"), [(50_000, 1), (50, 5)])
def test_both_ways_give_the_same_clusters(spark, monkeypatch, partition_rows, partitions):
    monkeypatch.setattr(mllib, "_PARTITION_ROWS", partition_rows)
    frame = alone(members(spark, [(f"t{i:03}", "rock", z) for i, z in enumerate(blobs([(0, 0), (4, 0), (0, 6)], 240))]))

    def found(**changes):
        rows = clustered(frame, k=3, sample_rows=100, stability_seeds=2, **changes).orderBy("track_id").collect()
        members = {row.track_id: (row.cluster, pytest.approx(row.distance, rel=1e-9)) for row in rows}
        cards = {row.cluster: row.asDict() for row in rows if row.k}
        return members, cards

    assert clustered(frame, k=3, task_rows=100).rdd.getNumPartitions() == partitions
    (in_tasks, cards), (by_mllib, others) = found(), found(task_rows=100)
    assert by_mllib == in_tasks
    assert cards.keys() == others.keys() == {0, 1, 2}
    for number, card in cards.items():
        assert (card.pop("engine"), others[number].pop("engine")) == ("scikit_learn", "mllib")
        for name, value in card.items():
            told = (
                value if value is None or isinstance(value, (str, int)) or name == "exemplars" else pytest.approx(value)
            )
            assert others[number][name] == told, name


def test_both_ways_are_equally_good_on_a_cloud(spark):
    frame = alone(members(spark, [(f"t{i:03}", "rock", z) for i, z in enumerate(random_vectors(400))]))
    inertia = [
        sum(card.inertia for card in exemplar_rows(clustered(frame, k=4, starts=5, task_rows=rows)).collect())
        for rows in (1000, 100)
    ]
    assert inertia[1] == pytest.approx(inertia[0], rel=0.01)


@BOTH_WAYS
def test_the_number_of_clusters_is_chosen_per_group(spark, task_rows):
    rows = [(f"r{i:02}", "rock", z) for i, z in enumerate(blobs([(0, 0), (9, 0), (0, 9)], 36))]
    rows += [(f"p{i:02}", "pop", z) for i, z in enumerate(blobs([(0, 0), (9, 9)], 24))]
    frame = alone(members(spark, rows))

    found = exemplar_rows(clustered(frame, k="auto", max_k=5, starts=1, task_rows=task_rows)).collect()
    assert {(card.genre_group, card.k, card.k_score > 0.5) for card in found} == {("rock", 3, True), ("pop", 2, True)}
    if task_rows > 1:
        found = exemplar_rows(clustered(frame, k="distinct/10", max_k=60, starts=1)).collect()
        assert {(card.genre_group, card.k, card.k_score > 0.5) for card in found} == {
            ("rock", 3, True),
            ("pop", 2, True),
        }


def test_a_large_group_of_one_vector_is_one_cluster(spark):
    frame = alone(members(spark, [(f"t{i}", "rock", vector(0.1)) for i in range(10)]))
    for k in (3, "distinct/2"):
        (card,) = exemplar_rows(clustered(frame, k=k, stability_seeds=2, task_rows=5)).collect()
        assert (card.k, card.n_tracks, card.inertia, card.exemplars) == (1, 10, 0, ["t0", "t1"])
        assert (card.stability, card.k_score) == (None, None)
        assert card.centre == pytest.approx(vector(0.1))


@BOTH_WAYS
def test_clusters_do_not_depend_on_partitioning(spark, task_rows):
    rows = [(f"t{i:03d}", "rock", z) for i, z in enumerate(random_vectors(80))]

    def fit(frame):
        found = clustered(alone(frame), k=4, starts=1, sample_rows=20, stability_seeds=2, task_rows=task_rows)
        return sorted(found.collect())

    assert fit(members(spark, rows[::-1]).repartition(5)) == fit(members(spark, rows))


def test_clusters_do_not_depend_on_other_groups(spark):
    rows = [(f"t{i:03d}", "rock" if i % 2 else "pop", z) for i, z in enumerate(random_vectors(80))]

    def fit(rows):
        found = clustered(alone(members(spark, rows)), k=4, sample_rows=20, stability_seeds=2)
        return sorted(row for row in found.collect() if row.genre_group == "pop")

    assert fit(rows) == fit([row for row in rows if row[1] == "pop"])


def test_without_members_there_is_no_row(spark):
    found = cluster_groups(alone(members(spark, GROUPS[:0])), sizes={}, plan=plan())
    assert found.collect() == []


def test_the_first_artist_stands_for_a_track(spark):
    frame = spark.createDataFrame([("a",), ("b",), ("c",), ("d",)], "track_id string")
    tracks = spark.createDataFrame(
        [("a", ["x", "y"]), ("b", []), ("c", None)], "track_id string, artist_ids array<string>"
    )
    found = {row.track_id: row.artist_id for row in with_artists(frame, tracks).collect()}
    assert found == {"a": "x", "b": None, "c": None, "d": None}


def test_stability_looks_at_a_sample_that_another_seed_draws_anew(spark):
    frame = alone(members(spark, [(f"t{i:03}", "rock", z) for i, z in enumerate(random_vectors(200))]))

    def agreement(seed):
        found = clustered(frame, k=6, starts=1, sample_rows=40, stability_seeds=3, seed=seed)
        return exemplar_rows(found).first().stability

    one, other = agreement(1), agreement(2)
    assert one != other
    assert 0 < min(one, other) < max(one, other) < 1
