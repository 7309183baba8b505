"""New vectors and the clusters that are there."""

from __future__ import annotations

import numpy as np
import pytest
from pyspark.sql import functions as F

from spark_app.cluster.assign import with_clusters, with_nearest
from spark_app.cluster.cards import cluster_cards, exemplar_rows
from spark_app.cluster.groups import cluster_groups
from spark_app.columns import AUDIO12, AUDIO12_Z
from tests.cluster.plans import alone, plan
from tests.similarity.catalogues import MEMBER_DDL, members, random_vectors, vector

CENTRES = {"rock": np.array([vector(0), vector(10)]), "pop": np.array([vector(-3)])}


def test_a_vector_goes_to_the_nearest_centre_of_its_group(spark):
    rows = [("a", "rock", vector(1)), ("b", "rock", vector(9)), ("even", "rock", vector(5)), ("c", "pop", vector(9))]
    found = with_nearest(members(spark, rows), centres=CENTRES).collect()

    assert {row.track_id: (row.cluster, row.distance) for row in found} == {
        "a": (0, 1.0),
        "b": (1, 1.0),
        "even": (0, 5.0),  # the first of equally near ones
        "c": (0, 12.0),
    }


def test_an_unseen_group_and_a_vector_that_lacks_a_feature_have_no_cluster(spark):
    whole, holed, broken = vector(1), (*vector(1)[:-1], None), (*vector(1)[:-1], float("nan"))
    rows = [("unseen", "jazz", *whole), ("no group", None, *whole), ("null", "rock", *holed), ("nan", "rock", *broken)]
    found = with_nearest(spark.createDataFrame(rows, MEMBER_DDL), centres=CENTRES).collect()

    assert [(row.cluster, row.distance) for row in found] == [(None, None)] * 4
    assert {row.track_id for row in found} == {"unseen", "no group", "null", "nan"}


def test_nothing_is_assigned_where_there_are_no_centres_and_no_rows(spark):
    frame = members(spark, [("a", "rock", vector(1))])
    assert [row.cluster for row in with_nearest(frame, centres={}).collect()] == [None]
    assert with_nearest(frame.where("false"), centres=CENTRES).collect() == []


def test_vectors_keep_their_columns_and_get_what_brute_force_says(spark):
    vectors, centres = random_vectors(30), random_vectors(4, seed=1)
    frame = members(spark, [(f"n{i:02}", "pop", z) for i, z in enumerate(vectors)])

    found = with_nearest(frame.repartition(3), centres={"pop": centres})

    distances = np.linalg.norm(vectors[:, None, :] - centres[None, :, :], axis=2)
    rows = found.orderBy("track_id").collect()
    assert [row.cluster for row in rows] == distances.argmin(axis=1).tolist()
    assert [row.distance for row in rows] == pytest.approx(distances.min(axis=1))
    assert found.columns == [*frame.columns, "cluster", "distance"]


MEANS = [100.0 + i for i in range(len(AUDIO12))]
DEVIATIONS = [0.5 * (i + 1) for i in range(len(AUDIO12))]


def in_their_own_units(frame):
    """The features that have these z-scores."""
    moments = zip(AUDIO12, AUDIO12_Z, MEANS, DEVIATIONS, strict=True)
    return frame.withColumns({name: mean + std * F.col(z) for name, z, mean, std in moments}).drop(*AUDIO12_Z)


def test_clustered_tracks_get_their_own_clusters_back_from_the_cards_alone(spark):
    vectors = random_vectors(120)
    frame = alone(members(spark, [(f"t{i:03}", "rock" if i % 3 else "pop", z) for i, z in enumerate(vectors)]))
    clustered = cluster_groups(frame, sizes={"rock": 80, "pop": 40}, plan=plan(k=4)).persist()
    rows = [row.asDict() for row in exemplar_rows(clustered).collect()]
    cards = cluster_cards(rows, means=MEANS, deviations=DEVIATIONS)

    tracks = in_their_own_units(frame)
    found = with_clusters(tracks, cards=cards, deviations=DEVIATIONS)

    own = {row.track_id: (row.cluster, pytest.approx(row.distance, abs=1e-9)) for row in clustered.collect()}
    assert {row.track_id: (row.cluster, row.distance) for row in found.collect()} == own
    assert found.columns == [*tracks.columns, "cluster", "distance"]


def test_a_track_that_came_later_finds_its_cluster_whatever_the_moments_are_now(spark):
    # By hand: centres 200 and 230 of the first feature, whose deviation is 10; the second is constant, the third's 2.
    cards = [
        {"genre_group": "rock", "cluster": 0, "centre_raw": [200.0, 7.0, 1.0, *[0.0] * 9]},
        {"genre_group": "rock", "cluster": 1, "centre_raw": [230.0, 7.0, 1.0, *[0.0] * 9]},
        {"genre_group": "pop", "cluster": 0, "centre_raw": None},  # of an earlier version
    ]
    rows = [
        ("near", "rock", 205.0, 99.0, 1.0),
        ("far", "rock", 260.0, 7.0, 9.0),
        ("holed", "rock", 205.0, None, 1.0),
        ("popular", "pop", 205.0, 7.0, 1.0),
    ]
    names = ", ".join(f"{name} double" for name in AUDIO12)
    frame = spark.createDataFrame([(*row, *[0.0] * 9) for row in rows], f"track_id string, genre_group string, {names}")

    found = with_clusters(frame, cards=cards, deviations=[10.0, 0.0, 2.0, *[None] * 9]).collect()

    assert {row.track_id: (row.cluster, row.distance) for row in found} == {
        "near": (0, pytest.approx(0.5)),
        "far": (1, pytest.approx((3**2 + 4**2) ** 0.5)),
        "holed": (None, None),
        "popular": (None, None),
    }
