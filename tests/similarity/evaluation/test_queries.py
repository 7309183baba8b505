"""What a query is known by, and the vectors of every scaling."""

from __future__ import annotations

import numpy as np
import pytest

from spark_app.columns import AUDIO12, AUDIO12_RANGE, AUDIO12_Z
from spark_app.similarity.evaluation.queries import (
    evaluation_queries,
    vector_columns,
    with_families,
    with_related,
    with_sample,
    with_vectors,
)
from tests.frames import assert_same_rows

AUDIO = ", ".join(["track_id string", *[f"{name} double" for name in (*AUDIO12, *AUDIO12_Z, *AUDIO12_RANGE)]])


def test_a_query_belongs_to_the_first_group_and_the_first_artist_of_its_track(spark):
    tracks = spark.createDataFrame(
        [("a", "rock", ["x", "y"], "m", 30), ("b", None, [], None, None), ("c", "pop", None, "m", 0)],
        "track_id string, genre_group string, artist_ids array<string>, album_id string, popularity int",
    )
    variants = spark.createDataFrame([("a", "a0")], "track_id string, variant_group string")

    actual = evaluation_queries(tracks, variants)

    expected = [
        ("a", "rock", "x", "m", "a0", 30.0),
        ("b", "unknown", None, None, "b", None),
        ("c", "pop", None, "m", "c", 0.0),
    ]
    ddl = "track_id string, genre_group string, artist_id string, album_id string, variant_group string, "
    assert_same_rows(actual.drop("unit"), spark.createDataFrame(expected, ddl + "popularity double"))
    units = {row["track_id"]: row["unit"] for row in actual.collect()}
    hashes = spark.sql("SELECT xxhash64('x') AS a, xxhash64('b') AS b, xxhash64('c') AS c").collect()[0]
    assert units == hashes.asDict()  # the artist; of a track without one, itself


def test_copies_and_their_originals_are_families_and_pairs_become_lists(spark):
    queries = spark.createDataFrame(
        [("a", "rock"), ("b", "rock"), ("c", "rock"), ("d", "pop")], "track_id string, genre_group string"
    )
    truth = spark.createDataFrame(
        [("b", "a"), ("c", "a"), ("d", None), ("gone", "a")], "track_id string, variant_of string"
    )
    families = {row["track_id"]: row["family"] for row in with_families(queries, truth).collect()}
    assert families == {"a": "a", "b": "a", "c": "a", "d": "d"}

    # What is in another group, or not there, is nobody's candidate.
    pairs = [("a", "c"), ("a", "b"), ("a", "c"), ("a", "d"), ("d", "a"), ("a", "gone"), ("gone", "a")]
    pairs = spark.createDataFrame(pairs, "track_id string, other_id string")
    related = {row["track_id"]: row["near"] for row in with_related(queries, pairs, name="near").collect()}
    assert sorted(related.pop("a")) == ["b", "c"]
    assert related == {"b": None, "c": None, "d": None}


def test_a_sample_has_about_its_share_whatever_the_partitioning_and_another_seed_gives_another(spark):
    queries = spark.range(2000).selectExpr("string(id) AS track_id")

    def drawn(frame, seed):
        return {row["track_id"] for row in with_sample(frame, share=0.25, seed=seed).where("is_query").collect()}

    assert 440 < len(drawn(queries, 1)) < 560
    assert drawn(queries.repartition(5), 1) == drawn(queries, 1)
    assert drawn(queries, 2) != drawn(queries, 1)


def audio(spark, features):
    """``features.audio`` of some tracks: every feature has the same value, its z is 10 and its range 100 times it."""
    rows = [(name, *[value] * 12, *[10 * value] * 12, *[100 * value] * 12) for name, value in features.items()]
    return spark.createDataFrame(rows, AUDIO)


def test_every_scaling_has_its_vectors(spark):
    queries = spark.createDataFrame([(name, "rock") for name in "abcdefghi"], "track_id string, genre_group string")
    found = audio(spark, {name: float(value) for value, name in enumerate("abcdefghi")})
    by_group = found.selectExpr("track_id", "'rock' AS genre_group", *[f"{name} + 1 AS {name}" for name in AUDIO12_Z])
    by_group = by_group.unionByName(by_group.withColumn("genre_group", by_group.genre_group.substr(1, 1)))  # and "r"
    scalings = ["none", "z", "range", "z_by_group", "robust", "quantile"]

    actual = with_vectors(queries, found, by_group, scalings=scalings).orderBy("track_id").toPandas()

    assert len(actual) == 9
    values = {scaling: actual[vector_columns(scaling)].to_numpy() for scaling in scalings}
    place = np.arange(9.0)[:, None] * np.ones(12)
    np.testing.assert_allclose(values["none"], place)
    np.testing.assert_allclose(values["z"], 10 * place)
    np.testing.assert_allclose(values["range"], 100 * place)
    np.testing.assert_allclose(values["z_by_group"], 10 * place + 1)
    np.testing.assert_allclose(values["robust"], (place - 4) / 4)  # median 4, quartiles 2 and 6
    np.testing.assert_allclose(values["quantile"], place / 8, atol=0.01)


@pytest.mark.parametrize("bad", [None, float("nan"), float("inf")])
def test_tracks_without_a_whole_finite_vector_are_left_out(spark, bad):
    queries = spark.createDataFrame(
        [("a", "rock"), ("b", "rock"), ("c", "rock")], "track_id string, genre_group string"
    )
    found = spark.createDataFrame([("a", *[1.0] * 36), ("b", *[1.0] * 20, bad, *[1.0] * 15)], AUDIO)

    assert [row["track_id"] for row in with_vectors(queries, found, None, scalings=["z"]).collect()] == ["a"]
    # What another scaling lacks does not matter to this one.
    assert with_vectors(queries, found, None, scalings=["none"]).count() == 2
    assert with_vectors(queries, found, None, scalings=["none", "z"]).count() == 1
