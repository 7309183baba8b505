"""Connected components over credited artists."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from spark_app.features.components import artist_components, split_units
from tests.frames import assert_same_rows

SCHEMA = "track_id string, artist_ids array<string>"
UNITS = "track_id string, unit string"


def test_artists_credited_together_share_a_unit_also_through_others(spark):
    tracks = spark.createDataFrame(
        [
            ("t1", ["c", "b"]),
            ("t2", ["b", "a"]),  # connects c with a
            ("t3", ["c"]),
            ("t4", ["d"]),
            ("t5", ["f", "e", "f"]),
        ],
        SCHEMA,
    )
    expected = [("t1", "a"), ("t2", "a"), ("t3", "a"), ("t4", "d"), ("t5", "e")]
    assert_same_rows(split_units(tracks), spark.createDataFrame(expected, UNITS))


def test_placeholder_artists_are_null_and_connect_nothing(spark):
    tracks = spark.createDataFrame(
        [("t1", [None]), ("t2", None), ("t3", []), ("t4", [None, "b", "a"]), ("t5", [None, "b"])], SCHEMA
    )
    expected = [("t1", "t1"), ("t2", "t2"), ("t3", "t3"), ("t4", "a"), ("t5", "a")]
    assert_same_rows(split_units(tracks), spark.createDataFrame(expected, UNITS))


def test_no_artist_stands_with_another_gives_no_component(spark):
    tracks = spark.createDataFrame([("t1", ["a"]), ("t2", ["a"])], SCHEMA)
    assert artist_components(tracks).collect() == []


@pytest.mark.parametrize("partitions", [1, 7])
def test_components_equal_scipy_on_all_pairs_at_once_whatever_the_partitioning(spark, partitions):
    rng = np.random.default_rng(11)
    names = np.array([f"artist{number:03}" for number in range(200)])
    credits = [list(rng.choice(names, size, replace=False)) for size in rng.choice([1, 2, 3], 120)]
    tracks = spark.createDataFrame([(f"t{i}", [str(a) for a in c]) for i, c in enumerate(credits)], SCHEMA)

    found = {row.artist_id: row.unit for row in artist_components(tracks.repartition(partitions)).collect()}

    ends = [(list(names).index(a), list(names).index(b)) for c in credits for a in c for b in c if a != b]
    graph = coo_array((np.ones(len(ends)), tuple(zip(*ends, strict=True))), shape=(200, 200))
    labels = connected_components(graph, directed=False)[1]
    smallest = {label: min(names[labels == label].tolist()) for label in labels}
    expected = {str(names[i]): smallest[labels[i]] for i in {i for pair in ends for i in pair}}
    assert found == expected
