"""The estimator: groups, ties, shards, new vectors, files that are not what was written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spark_app.columns import AUDIO12_Z
from spark_app.errors import DataError, UsageError
from spark_app.similarity.neighbors import NearestNeighbors, NearestNeighborsModel
from tests.frames import assert_same_rows
from tests.similarity.catalogues import brute_force, members, random_vectors, vector

DDL = "track_id string, genre_group string, rank int, neighbour_id string, distance double"


def estimator(tmp_path: Path, **changed: object) -> NearestNeighbors:
    return NearestNeighbors(**{"inputCols": list(AUDIO12_Z), "folder": str(tmp_path / "index"), "k": 5, **changed})


def catalogue_of(spark, n: int = 120):
    rows = [(f"t{i:03d}", "rock" if i % 3 else "pop", z) for i, z in enumerate(random_vectors(n).round(1).tolist())]
    return rows, members(spark, rows)


def test_neighbours_stay_in_their_group_and_ties_go_by_id(spark, tmp_path):
    catalogue = members(
        spark,
        [
            ("c", "rock", vector(1)),
            ("a", "rock", vector(0)),
            ("b", "rock", vector(2)),
            ("a", "pop", vector(0)),
            ("d", "pop", vector(0)),
            ("e", "jazz", vector(0)),  # alone in its group: no row
        ],
    )

    actual = estimator(tmp_path).fit(catalogue).neighbours(catalogue)

    expected = spark.createDataFrame(  # by hand
        [
            ("a", "rock", 1, "c", 1.0),
            ("a", "rock", 2, "b", 2.0),
            ("b", "rock", 1, "c", 1.0),
            ("b", "rock", 2, "a", 2.0),
            ("c", "rock", 1, "a", 1.0),  # as far as b
            ("c", "rock", 2, "b", 1.0),
            ("a", "pop", 1, "d", 0.0),
            ("d", "pop", 1, "a", 0.0),
        ],
        DDL,
    )
    assert_same_rows(actual.drop("engine"), expected)
    assert {row.engine for row in actual.collect()} == {"exact"}


def test_neighbours_do_not_depend_on_partitioning_and_survive_saving(spark, tmp_path):
    rows, catalogue = catalogue_of(spark)
    model = estimator(tmp_path, engine="ivf", targetRecall=0.6).fit(catalogue.repartition(1))
    again = estimator(tmp_path, engine="ivf", targetRecall=0.6).fit(members(spark, rows[::-1]).repartition(7))
    assert {shard.engine for shard in model.shards} == {"ivf"}

    model.write().overwrite().save(str(tmp_path / "model"))
    read = NearestNeighborsModel.load(str(tmp_path / "model"))

    expected = sorted(model.neighbours(catalogue).collect())
    assert sorted(again.neighbours(catalogue).collect()) == expected
    assert sorted(read.neighbours(catalogue).collect()) == expected


@pytest.mark.parametrize("engine", ["exact", "graph"])
def test_shards_of_a_group_give_what_the_whole_gives(spark, tmp_path, engine):
    rows, catalogue = catalogue_of(spark)
    whole = estimator(tmp_path).fit(catalogue).neighbours(catalogue)

    model = estimator(tmp_path, shardRows=15, engine=engine, targetRecall=1.0).fit(catalogue)

    assert [(shard.group, shard.number) for shard in model.shards] == [
        *[("pop", number) for number in range(3)],
        *[("rock", number) for number in range(6)],
    ]
    assert sum(shard.n_tracks for shard in model.shards) == len(rows)
    assert sorted(model.neighbours(catalogue).drop("engine").collect()) == sorted(whole.drop("engine").collect())


def test_new_vectors_are_searched_within_their_group(spark, tmp_path):
    rows, catalogue = catalogue_of(spark)
    model = estimator(tmp_path, shardRows=50, k=3).fit(catalogue)
    new = [
        ("new 1", "rock", random_vectors(1, seed=9)[0]),
        ("new 2", "pop", rows[0][2]),
        ("new 3", "polka", rows[0][2]),
    ]

    found = model.transform(members(spark, new)).collect()

    assert {row.track_id for row in found} == {"new 1", "new 2"}
    assert next(row.neighbour_id for row in found if row.track_id == "new 2") == "t000"  # the same vector
    rock = [(name, z) for name, group, z in rows if group == "rock"]
    near = brute_force(np.array([new[0][2], *[z for _, z in rock]]), 3)[0][0] - 1
    assert [row.neighbour_id for row in found if row.track_id == "new 1"] == [rock[i][0] for i in near]


def test_groups_can_be_searched_alone(spark, tmp_path):
    _, catalogue = catalogue_of(spark)
    model = estimator(tmp_path).fit(catalogue)
    assert {row.genre_group for row in model.neighbours(catalogue, ["pop"]).collect()} == {"pop"}
    assert model.neighbours(catalogue, []).count() == 0


def test_a_folder_below_the_working_directory_is_the_same_for_every_task(spark, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the workers were started elsewhere
    _, catalogue = catalogue_of(spark)

    model = estimator(tmp_path, folder="index").fit(catalogue)

    assert all((tmp_path / "index" / shard.file).is_file() for shard in model.shards)
    assert model.index.folder == str(tmp_path / "index")
    assert model.neighbours(catalogue).count() == 120 * 5


def test_no_rows_make_an_empty_index(spark, tmp_path):
    empty = members(spark, [])
    model = estimator(tmp_path).fit(empty)
    assert model.shards == []
    assert model.neighbours(empty).count() == 0


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_a_file_that_is_not_what_was_written_is_refused(spark, tmp_path, damage):
    from spark_app.similarity.search import open_shard

    _, catalogue = catalogue_of(spark)
    model = estimator(tmp_path).fit(catalogue)
    file = tmp_path / "index" / model.shards[0].file
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content)) if damage == "changed" else file.unlink()

    with pytest.raises(DataError, match="its checksum differs" if damage == "changed" else "it is gone"):
        open_shard(model.index, model.shards[0])


@pytest.mark.parametrize(
    "changed",
    [
        {"metric": "hamming"},
        {"engine": "annoy"},
        {"targetRecall": 0.0},
        {"k": 0},
        {"targetRecall": 1.1},
        {"folder": "gs://b/i"},
    ],
)
def test_what_cannot_be_asked_for_is_refused(spark, tmp_path, changed):
    with pytest.raises(UsageError):
        estimator(tmp_path, **changed).fit(members(spark, [("a", "rock", vector(0))]))
