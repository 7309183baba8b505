"""The estimator on columns of arrays: nulls, ties, shards, new rows, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from spark_app.columns import AUDIO12_Z
from spark_app.errors import UsageError
from spark_app.similarity.neighbors import NearestNeighbors, NearestNeighborsModel
from tests.frames import assert_same_rows
from tests.similarity.catalogues import brute_force_sets, members, planted_sets, vector

DDL = "track_id string, genre_group string, rank int, neighbour_id string, distance double"


def estimator(tmp_path: Path, **changed: object) -> NearestNeighbors:
    given = {"inputCols": ["playlist_ids"], "metric": "jaccard", "folder": str(tmp_path / "index"), "k": 5}
    return NearestNeighbors(**{**given, **changed})


def frame(spark, rows, of="bigint"):
    return spark.createDataFrame(rows, f"track_id string, genre_group string, playlist_ids array<{of}>")


def catalogue_of(spark, n_rock: int = 8):
    lists = planted_sets(12)
    rows = [(f"t{i:03d}", "rock" if i // 10 < n_rock else "pop", one) for i, one in enumerate(lists)]
    return rows, frame(spark, rows)


def test_neighbours_of_sets_by_hand(spark, tmp_path):
    catalogue = frame(
        spark,
        [
            ("c", "rock", ["p1", "p2"]),
            ("a", "rock", ["p2", "p3", "p2", None]),  # p2, p3
            ("b", "rock", ["p1", "p2", "p3", "p4"]),
            ("d", "rock", []),
            ("n", "rock", None),  # left out
            ("a", "pop", ["p2", "p3"]),
            ("e", "pop", ["p3", "p2"]),
            ("f", "jazz", ["p1"]),  # alone in its group: no row
            ("g", "folk", None),
        ],
        "string",
    )

    actual = estimator(tmp_path, k=2).fit(catalogue).neighbours(catalogue)

    third, half = 1 - 1 / 3, 0.5
    expected = spark.createDataFrame(
        [
            ("a", "rock", 1, "b", half),
            ("a", "rock", 2, "c", third),  # p2 of three
            ("b", "rock", 1, "a", half),  # as far as c
            ("b", "rock", 2, "c", half),
            ("c", "rock", 1, "b", half),
            ("c", "rock", 2, "a", third),
            ("d", "rock", 1, "a", 1.0),
            ("d", "rock", 2, "b", 1.0),
            ("a", "pop", 1, "e", 0.0),
            ("e", "pop", 1, "a", 0.0),
        ],
        DDL,
    )
    assert_same_rows(actual.drop("engine"), expected)


@pytest.mark.parametrize("engine", ["exact", "lsh"])
def test_neighbours_do_not_depend_on_partitioning_and_survive_saving(spark, tmp_path, engine):
    rows, catalogue = catalogue_of(spark)
    model = estimator(tmp_path, engine=engine, targetRecall=0.8).fit(catalogue.repartition(1))
    again = estimator(tmp_path, engine=engine, targetRecall=0.8).fit(frame(spark, rows[::-1]).repartition(7))
    assert {shard.engine for shard in model.shards} == {engine}

    model.write().overwrite().save(str(tmp_path / "model"))
    read = NearestNeighborsModel.load(str(tmp_path / "model"))

    expected = sorted(model.neighbours(catalogue).collect())
    assert len(expected) == 5 * len(rows)
    assert sorted(again.neighbours(catalogue).collect()) == expected
    assert sorted(read.neighbours(catalogue).collect()) == expected


@pytest.mark.parametrize("engine", ["exact", "lsh"])
def test_shards_of_a_group_give_what_pythons_sets_give(spark, tmp_path, engine):
    rows, catalogue = catalogue_of(spark, n_rock=12)

    model = estimator(tmp_path, shardRows=25, engine=engine, targetRecall=1.0).fit(catalogue)
    found = sorted(model.neighbours(catalogue).collect(), key=lambda row: (row.track_id, row.rank))

    assert [shard.number for shard in model.shards] == [0, 1, 2, 3, 4]
    expected, distance = brute_force_sets([set(one) for _, _, one in rows], 5)
    assert [row.neighbour_id for row in found] == [f"t{i:03d}" for i in expected.ravel()]
    assert [row.distance for row in found] == distance.ravel().tolist()


@pytest.mark.parametrize("engine", ["exact", "lsh"])
def test_new_sets_are_searched_and_their_own_elements_enlarge_unions(spark, tmp_path, engine):
    rows, catalogue = catalogue_of(spark)
    model = estimator(tmp_path, k=2, engine=engine, targetRecall=0.8).fit(catalogue)
    known = set(rows[0][2])
    new = [
        ("same", "rock", rows[0][2]),
        ("larger", "rock", [*rows[0][2], -1, -2]),
        ("strange", "rock", [-1]),
        ("nothing", "rock", []),
        ("null", "rock", None),
        ("elsewhere", "polka", rows[0][2]),
    ]

    found = {(row.track_id, row["rank"]): row for row in model.transform(frame(spark, new)).collect()}

    assert {track for track, _ in found} == {"same", "larger", "strange", "nothing"}
    assert (found["same", 1].neighbour_id, found["same", 1].distance) == ("t000", 0.0)
    assert found["larger", 1].neighbour_id == "t000"
    assert found["larger", 1].distance == 1 - len(known) / (len(known) + 2)
    for track in ("strange", "nothing"):  # as far from all: the smallest ids
        assert [found[track, rank].neighbour_id for rank in (1, 2)] == ["t000", "t001"]
        assert found[track, 2].distance == 1.0


def test_no_rows_make_an_empty_index(spark, tmp_path):
    empty = frame(spark, [])
    model = estimator(tmp_path).fit(empty)
    assert model.shards == []
    assert model.neighbours(empty).count() == 0
    assert model.transform(empty).count() == 0


@pytest.mark.parametrize("engine", ["ivf", "graph"])
def test_engines_for_vectors_are_refused(spark, tmp_path, engine):
    with pytest.raises(UsageError, match=f"engine '{engine}' does not search by jaccard") as refused:
        estimator(tmp_path, engine=engine).fit(frame(spark, [("a", "rock", [1])]))
    assert refused.value.remedy == "Engines: auto, exact, lsh."


@pytest.mark.parametrize(
    ("of", "changed", "told"),
    [
        ("double", {}, "column 'playlist_ids' is array<double>: metric jaccard compares arrays of strings or integers"),
        ("bigint", {"inputCols": ["track_id"]}, "column 'track_id' is string: metric jaccard compares arrays"),
        ("bigint", {"inputCols": ["playlist_ids", "track_id"]}, "compares one column of arrays"),
        (
            "bigint",
            {"metric": "cosine"},
            "column 'playlist_ids' is array<bigint>: metric cosine compares columns of num",
        ),
    ],
)
def test_columns_that_the_metric_does_not_compare_are_refused(spark, tmp_path, of, changed, told):
    with pytest.raises(UsageError, match=told):
        estimator(tmp_path, **changed).fit(frame(spark, [("a", "rock", None)], of))


def test_a_search_refuses_them_too(spark, tmp_path):
    model = estimator(tmp_path).fit(frame(spark, [("a", "rock", [1])]))
    with pytest.raises(UsageError, match="column 'playlist_ids' is array<date>"):
        model.transform(frame(spark, [], "date"))
    vectors = members(spark, [("a", "rock", vector(0))])
    with pytest.raises(UsageError, match="compares one column of arrays"):
        estimator(tmp_path, inputCols=list(AUDIO12_Z)).fit(vectors)
