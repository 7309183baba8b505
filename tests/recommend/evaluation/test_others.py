"""Lists that anybody could make."""

from __future__ import annotations

from collections import Counter

from scipy.stats import chisquare

from spark_app.recommend.evaluation.others import members_of_cluster, most_popular, nearest

CLUSTERS = "track_id string, genre_group string, cluster int"
SEEDS = "seed_id string, genre_group string"


def lists(frame):
    found = {}
    for row in frame.orderBy("seed_id", "rank").collect():
        found.setdefault(row.seed_id, []).append(row.track_id)
    return found


def test_members_are_others_of_the_same_cluster_and_group_none_twice(spark):
    rows = [(f"a{i}", "rock", 0) for i in range(6)] + [(f"b{i}", "rock", 1) for i in range(2)]
    rows += [("a0", "pop", 0), ("lone", "pop", 1)]
    clusters = spark.createDataFrame(rows, CLUSTERS)
    seeds = spark.createDataFrame([("a0", "rock"), ("b1", "rock"), ("lone", "pop"), ("gone", "pop")], SEEDS)

    found = lists(members_of_cluster(clusters, seeds, length=4, seed=1))

    assert set(found) == {"a0", "b1"}  # nobody else is in the cluster of lone
    assert len(set(found["a0"])) == 4
    assert set(found["a0"]) < {f"a{i}" for i in range(1, 6)}
    assert found["b1"] == ["b0"]
    assert found == lists(members_of_cluster(clusters.repartition(5), seeds, length=4, seed=1))


def test_every_member_is_as_likely_as_any_other(spark):
    clusters = [(f"{group}-{i}", f"g{group}", 0) for group in range(400) for i in range(5)]
    seeds = spark.createDataFrame([(f"{group}-0", f"g{group}") for group in range(400)], SEEDS)
    found = lists(members_of_cluster(spark.createDataFrame(clusters, CLUSTERS), seeds, length=1, seed=1))
    drawn = Counter(member.split("-")[1] for (member,) in found.values())
    assert sorted(drawn) == ["1", "2", "3", "4"]
    assert chisquare(list(drawn.values())).pvalue > 0.001


def test_the_most_popular_are_the_same_for_all_but_the_seed_itself(spark):
    tracks = spark.createDataFrame([("a", 9), ("b", 9), ("c", None), ("d", 3)], "track_id string, popularity int")
    seeds = spark.createDataFrame([("a", "rock"), ("c", "rock")], SEEDS)
    assert lists(most_popular(tracks, seeds, length=2)) == {"a": ["b", "d"], "c": ["a", "b"]}
    assert lists(most_popular(tracks, seeds, length=9)) == {"a": ["b", "d", "c"], "c": ["a", "b", "d"]}


def test_the_nearest_stand_once_and_ties_go_by_id(spark):
    neighbours = spark.createDataFrame(
        [
            ("s", "rock", "a", 2.0),
            ("s", "pop", "a", 2.0),
            ("s", "pop", "c", 1.0),
            ("s", "pop", "b", 1.0),
            ("t", "pop", "a", 0.0),
        ],
        "track_id string, genre_group string, neighbour_id string, distance double",
    )
    seeds = spark.createDataFrame([("s", "rock")], SEEDS)
    assert lists(nearest(neighbours, seeds, length=3)) == {"s": ["b", "c", "a"]}
