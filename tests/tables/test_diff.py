"""Equality of tables and roots; expected counts are worked out by hand."""

from __future__ import annotations

import pytest
from pyspark.sql import functions as F

from spark_app.errors import DataError
from spark_app.schemas import TABLES
from spark_app.tables import Tables
from spark_app.tables.diff import compared_tables, diff_roots, diff_tables

NEIGHBOURS = "results.neighbours"
INF, NAN = float("inf"), float("nan")


def neighbours(spark, distances):
    """One row per key ``t0``, ``t1`` ... with the given distance."""
    rows = [(f"t{i}", "pop", 1, "n", distance, "exact") for i, distance in enumerate(distances)]
    return spark.createDataFrame(rows, TABLES[NEIGHBOURS].struct)


def test_floats_agree_within_their_tolerance_and_odd_values_with_themselves(spark):
    a = neighbours(spark, [0.0, 1e12, NAN, None, INF, 0.5])
    b = neighbours(spark, [9e-10, 1e12 + 900, NAN, None, INF, 0.5])
    found = diff_tables(NEIGHBOURS, a, b.repartition(3))
    assert found.equal
    assert (found.rows_a, found.rows_b, found.examples) == (6, 6, [])


def test_floats_beyond_the_tolerance_and_odd_values_against_others_differ(spark):
    a = neighbours(spark, [0.0, 1e12, NAN, None, INF, INF, 1.0])
    b = neighbours(spark, [1.1e-9, 1e12 + 1100, 1.0, 0.0, 1.0, -INF, 1.0])
    found = diff_tables(NEIGHBOURS, a, b)
    assert (found.differing, found.columns) == (6, {"distance": 6})
    assert [row["track_id"] for row in found.examples] == ["t0", "t1", "t2"]


def test_the_worst_column_comes_first_with_its_largest_gap(spark):
    a = neighbours(spark, [1.0, 2.0, 3.0])
    b = neighbours(spark, [1.25, 2.5, 3.0]).withColumn(
        "engine", F.when(F.col("track_id") == "t0", "lsh").otherwise(F.col("engine"))
    )
    found = diff_tables(NEIGHBOURS, a, b)
    assert list(found.columns.items()) == [("distance", 2), ("engine", 1)]
    assert (found.differing, found.largest) == (2, 0.5)


def test_keys_of_one_side_and_keys_on_several_rows_are_counted(spark):
    a = neighbours(spark, [1.0, 2.0])  # t0, t1
    b = neighbours(spark, [1.0, 2.0, 3.0])  # t0, t1, t2
    only = diff_tables(NEIGHBOURS, a, b)
    assert (only.only_a, only.only_b, only.differing, only.examples[0]["track_id"]) == (0, 1, 0, "t2")
    assert diff_tables(NEIGHBOURS, b, a).only_a == 1

    twice = diff_tables(NEIGHBOURS, a.unionAll(a.limit(1)), a)
    assert (twice.duplicates, twice.rows_a, twice.equal) == (1, 3, False)


def test_null_keys_meet_and_null_is_not_the_empty_text(spark):
    schema = TABLES["curated.rejects"].struct
    row = ("curate_tracks", "s", None, None, "ragged", None, "x")
    a = spark.createDataFrame([row], schema)
    assert diff_tables("curated.rejects", a, a).equal
    other = spark.createDataFrame([(*row[:5], "", "x")], schema)
    assert diff_tables("curated.rejects", a, other).columns == {"track_id": 1}


def test_arrays_of_floats_have_the_tolerance_and_other_arrays_have_not(spark):
    schema = "genre_group string, cluster int, centre array<double>, names array<string>"
    rows = [
        ("same", 1, [1.0, NAN], ["a", None]),
        ("near", 1, [1.0, None], None),
        ("shorter", 1, [1.0, 2.0], ["a"]),
        ("far", 1, [1.0, 2.0], ["a", "b"]),
        ("swapped", 1, [], ["a", "b"]),
    ]
    others = [
        ("same", 1, [1.0, NAN], ["a", None]),
        ("near", 1, [1.0 + 5e-10, None], None),
        ("shorter", 1, [1.0], ["a"]),
        ("far", 1, [1.0, 2.1], ["a", "b"]),
        ("swapped", 1, [], ["b", "a"]),
    ]
    found = diff_tables(
        "models.cluster_cards", spark.createDataFrame(rows, schema), spark.createDataFrame(others, schema)
    )
    assert found.columns == {"centre": 2, "names": 1}
    assert [row["genre_group"] for row in found.examples] == ["far", "shorter", "swapped"]


def test_seconds_and_identifiers_of_runs_do_not_count(spark):
    recall = "genre_group string, engine string, recall double, search_seconds double, run_id string"
    a = spark.createDataFrame([("pop", "lsh", 0.9, 1.5, "r1")], recall)
    b = spark.createDataFrame([("pop", "lsh", 0.9, 9.5, "r2")], recall)
    assert diff_tables("results.neighbour_recall", a, b).equal
    assert not [name for name in compared_tables() if name.startswith("ops.")]


def test_other_columns_and_types_are_a_difference(spark):
    a = neighbours(spark, [1.0])
    assert diff_tables(NEIGHBOURS, a, a.drop("engine")).note == "only A has engine"
    retyped = a.withColumn("rank", F.col("rank").cast("string"))
    found = diff_tables(NEIGHBOURS, a, retyped)
    assert (found.note, found.equal) == ("other types of rank", False)


def test_empty_tables_are_equal(spark):
    empty = neighbours(spark, [1.0]).limit(0)
    found = diff_tables(NEIGHBOURS, empty, empty)
    assert (found.equal, found.rows_a, found.rows_b) == (True, 0, 0)


def test_roots_are_compared_table_by_table_and_a_missing_table_is_a_difference(spark, tmp_path):
    a, b = (
        Tables(spark, str(tmp_path / name), run_id=name, settings_hash="h", partitions=parts)
        for name, parts in (("a", 1), ("b", 3))
    )
    for tables in (a, b):
        tables.write(NEIGHBOURS, neighbours(spark, [1.0, 2.0]))
    assert [found.name for found in diff_roots(spark, a.root, b.root) if found.equal] == [NEIGHBOURS]

    b.write("curated.track_artists", spark.createDataFrame([("t", "a", 1)], TABLES["curated.track_artists"].struct))
    missing = {found.name: found for found in diff_roots(spark, a.root, b.root)}["curated.track_artists"]
    assert (missing.note, missing.rows_a, missing.rows_b) == ("missing in A", None, 1)
    (named,) = diff_roots(spark, a.root, b.root, [NEIGHBOURS])
    assert named.equal
    with pytest.raises(DataError, match="no tables to compare"):
        diff_roots(spark, a.root, str(tmp_path / "c"))
