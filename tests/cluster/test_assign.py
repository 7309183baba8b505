"""New vectors and the clusters that are there."""

from __future__ import annotations

import numpy as np
import pytest

from spark_app.cluster.assign import centres_of, with_nearest
from spark_app.cluster.cards import exemplar_rows
from spark_app.cluster.groups import cluster_groups
from spark_app.columns import AUDIO12_Z
from tests.cluster.plans import alone, plan
from tests.similarity.catalogues import MEMBER_DDL, members, random_vectors, vector

CARDS = [
    {"genre_group": "rock", "cluster": 1, "centre": list(vector(10))},
    {"genre_group": "rock", "cluster": 0, "centre": list(vector(0))},
    {"genre_group": "pop", "cluster": 0, "centre": list(vector(-3))},
]


def test_a_vector_goes_to_the_nearest_centre_of_its_group(spark):
    rows = [("a", "rock", vector(1)), ("b", "rock", vector(9)), ("even", "rock", vector(5)), ("c", "pop", vector(9))]
    found = with_nearest(members(spark, rows), centres=centres_of(CARDS)).collect()

    assert {row.track_id: (row.cluster, row.distance) for row in found} == {
        "a": (0, 1.0),
        "b": (1, 1.0),
        "even": (0, 5.0),  # the first of equally near ones
        "c": (0, 12.0),
    }


def test_an_unseen_group_and_a_vector_that_lacks_a_feature_have_no_cluster(spark):
    whole, holed, broken = vector(1), (*vector(1)[:-1], None), (*vector(1)[:-1], float("nan"))
    rows = [("unseen", "jazz", *whole), ("no group", None, *whole), ("null", "rock", *holed), ("nan", "rock", *broken)]
    found = with_nearest(spark.createDataFrame(rows, MEMBER_DDL), centres=centres_of(CARDS)).collect()

    assert [(row.cluster, row.distance) for row in found] == [(None, None)] * 4
    assert {row.track_id for row in found} == {"unseen", "no group", "null", "nan"}


def test_nothing_is_assigned_where_there_are_no_cards_and_no_rows(spark):
    frame = members(spark, [("a", "rock", vector(1))])
    assert [row.cluster for row in with_nearest(frame, centres=centres_of([])).collect()] == [None]
    assert with_nearest(frame.where("false"), centres=centres_of(CARDS)).collect() == []


def test_members_get_their_own_clusters_back_and_others_what_brute_force_says(spark):
    vectors = random_vectors(120)
    rows = [(f"t{i:03}", "rock" if i % 3 else "pop", z) for i, z in enumerate(vectors)]
    frame = alone(members(spark, rows))
    clustered = cluster_groups(frame, sizes={"rock": 80, "pop": 40}, plan=plan(k=4)).persist()
    centres = centres_of([row.asDict() for row in exemplar_rows(clustered).collect()])

    own = {(row.track_id, row.cluster, row.distance) for row in clustered.collect()}
    again = with_nearest(frame.repartition(3), centres=centres).collect()
    assert {(row.track_id, row.cluster, row.distance) for row in again} == own

    fresh = random_vectors(30, seed=9)
    found = with_nearest(members(spark, [(f"n{i:02}", "pop", z) for i, z in enumerate(fresh)]), centres=centres)
    distances = np.linalg.norm(fresh[:, None, :] - centres["pop"][None, :, :], axis=2)
    rows = found.orderBy("track_id").collect()
    assert [row.cluster for row in rows] == distances.argmin(axis=1).tolist()
    assert [row.distance for row in rows] == pytest.approx(distances.min(axis=1))
    assert found.columns == [*frame.drop("artist_id").columns, "cluster", "distance"]
    assert set(AUDIO12_Z) < set(found.columns)
