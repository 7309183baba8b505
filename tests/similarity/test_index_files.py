"""Files of a neighbour index, in a folder and on S3."""

from __future__ import annotations

import os
import time

import numpy as np
import pyarrow as pa
import pytest
from pyarrow.fs import FileSelector

from spark_app.errors import DataError
from spark_app.similarity.index_files import (
    StoredShard,
    damaged_files,
    read_file,
    read_vectors,
    remove_files_but,
    write_checked,
    write_vectors,
)
from spark_app.stores import folder_store


@pytest.fixture(params=["folder", "s3"])
def folder(request, tmp_path):
    return f"s3a://{request.getfixturevalue('bucket')}/lake/index" if request.param == "s3" else str(tmp_path / "index")


def files_in(folder):
    listed = folder_store(folder).get_file_info(FileSelector("", recursive=True))
    return sorted(info.path for info in listed if info.is_file)


def test_what_is_written_is_read_back_to_the_last_bit_and_other_content_is_refused(folder):
    vectors = np.random.default_rng(0).normal(size=(5, 3))
    sha256 = write_vectors(folder, "b1/0.arrow", pa.array([f"t{i}" for i in range(5)]), vectors)
    write_checked(folder, "b2/0.faiss", b"engine")

    ids, read = read_vectors(folder, StoredShard("rock", 0, 2, 2, "exact", file="b1/0.arrow", sha256=sha256, first=1))

    assert ids.to_pylist() == ["t1", "t2"]
    np.testing.assert_array_equal(read, vectors[1:3])
    with pytest.raises(DataError, match=r"b2/0\.faiss: its checksum differs"):
        read_file(folder, "b2/0.faiss", sha256)
    with pytest.raises(DataError, match=r"b9/0\.faiss: it is gone"):
        read_file(folder, "b9/0.faiss", sha256)


def test_files_that_nobody_names_leave_builds_that_are_over(folder):
    written = ["b1/0.arrow", "b1/1.arrow", "b2/0.faiss", "b3/0.arrow"]
    for name in written:
        write_checked(folder, name, name.encode())

    remove_files_but(folder, {"b1/0.arrow", "b3/0.arrow"}, older_than=3600)
    assert files_in(folder) == written
    remove_files_but(folder, {"b1/0.arrow", "b3/0.arrow"}, older_than=0)
    assert files_in(folder) == ["b1/0.arrow", "b3/0.arrow"]
    remove_files_but(f"{folder}/nothing here", set(), older_than=0)


def test_a_build_that_may_still_be_going_on_stays_whole(tmp_path):
    for name in ("going/0.arrow", "going/1.arrow", "over/0.arrow"):
        write_checked(str(tmp_path), name, b"content")
    for name in ("going/0.arrow", "over/0.arrow"):
        os.utime(tmp_path / name, times=(time.time() - 7200,) * 2)

    remove_files_but(str(tmp_path), set(), older_than=3600)

    assert files_in(str(tmp_path)) == ["going/0.arrow", "going/1.arrow"]


def test_files_that_are_gone_or_changed_are_told(spark, tmp_path):
    sums = {name: write_checked(str(tmp_path), f"b/{name}", name.encode()) for name in ("a", "b", "c", "engine")}
    shards = [StoredShard(name, 0, 1, 1, "exact", file=f"b/{name}", sha256=sums[name]) for name in "abc"]
    shards.append(StoredShard("d", 0, 1, 1, "ivf", {}, "b/a", sums["a"], 0, "b/engine", sums["engine"]))
    assert damaged_files(spark, str(tmp_path), shards) == set()

    (tmp_path / "b/b").write_bytes(b"x")  # as long as before
    (tmp_path / "b/engine").unlink()

    assert damaged_files(spark, str(tmp_path), shards) == {"b/b", "b/engine"}
    assert damaged_files(spark, str(tmp_path), []) == set()
