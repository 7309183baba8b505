"""Files of a neighbour index, in a folder and on S3."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from pyarrow.fs import FileSelector

from spark_app.errors import DataError
from spark_app.jobs.neighbour_index import _remove_all_but
from spark_app.similarity.index_files import StoredShard, read_file, read_vectors, write_checked, write_vectors
from spark_app.stores import folder_store


@pytest.fixture(params=["folder", "s3"])
def folder(request, tmp_path):
    return f"s3a://{request.getfixturevalue('bucket')}/lake/index" if request.param == "s3" else str(tmp_path / "index")


def test_what_is_written_is_read_back_to_the_last_bit_and_old_builds_go(folder):
    vectors = np.random.default_rng(0).normal(size=(5, 3))
    sha256 = write_vectors(folder, "b1/0.arrow", pa.array([f"t{i}" for i in range(5)]), vectors)
    for build in ("b2", "b3"):
        write_checked(folder, f"{build}/0.faiss", build.encode())

    ids, read = read_vectors(folder, StoredShard("rock", 0, 2, 2, "exact", file="b1/0.arrow", sha256=sha256, first=1))

    assert ids.to_pylist() == ["t1", "t2"]
    np.testing.assert_array_equal(read, vectors[1:3])
    with pytest.raises(DataError, match="its checksum differs"):
        read_file(folder, "b2/0.faiss", sha256)
    with pytest.raises(DataError, match="lacks"):
        read_file(folder, "b9/0.faiss", sha256)

    _remove_all_but(folder, {"b1", "b3"})

    left = folder_store(folder).get_file_info(FileSelector("", recursive=True))
    assert sorted(info.path for info in left if info.is_file) == ["b1/0.arrow", "b3/0.faiss"]
