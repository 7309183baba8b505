"""The files of a neighbour index: rows with their ids, and what engines have built over them.

A file is read only where its SHA-256 is the one that the manifest holds; nothing in it is code. Rows lie in an Arrow
file, one column of ids and one of lists, the tracks of one shard after the other: of float64, all of one length, where
they are vectors, else of the elements of sets. An engine's file is what FAISS writes. Files lie in a folder per build
and never change.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from spark_app.columns import TRACK_ID
from spark_app.errors import DataError
from spark_app.stores import absolute, folder_store, write_file

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from pyspark.sql import SparkSession

FORMAT = 2  # of the files and of their manifest; an index of another one is built anew
REMEDY = "Build it anew: spark-app find_similar_tracks"
_VECTOR = "vector"
_CHUNK = 8_000_000  # bytes read at a time for a checksum


@dataclass(frozen=True)
class StoredShard:
    """Where the tracks of one shard lie, and what searches them.

    Attributes:
        group: The group.
        number: Of the shard in its group, from 0.
        n_tracks, n_distinct: Tracks, and distinct rows.
        engine, parameters: Of the engine.
        file, sha256: Rows, below the index's folder.
        first: Row of the first track in that file.
        engine_file, engine_sha256: Of the engine; empty where it has none.
        recall, low, high, n_sample: Measured recall, its interval, and on how many queries.
        compared: Rows compared with a query of the sample, on the mean.
    """

    group: str
    number: int
    n_tracks: int
    n_distinct: int
    engine: str
    parameters: dict[str, float] = field(default_factory=dict)
    file: str = ""
    sha256: str = ""
    first: int = 0
    engine_file: str = ""
    engine_sha256: str = ""
    recall: float = 1.0
    low: float = 1.0
    high: float = 1.0
    n_sample: int = 0
    compared: float = 0.0

    @property
    def checksums(self) -> dict[str, str]:
        """SHA-256 by file, of one file or two."""
        engine = {self.engine_file: self.engine_sha256} if self.engine_file else {}
        return {self.file: self.sha256, **engine}

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def write_vectors(folder: str, name: str, ids: pa.Array, rows: np.ndarray | pa.ListArray) -> str:
    """Write a file of vectors or sets; returns its SHA-256.

    Args:
        folder: Folder or URI of the index.
        name: Of the file.
        ids: Of the rows.
        rows: Float64 of shape (n, n_features), or n lists.
    """
    import pyarrow as pa

    table = pa.table({TRACK_ID: ids, _VECTOR: rows if isinstance(rows, pa.Array) else _as_lists(rows)})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return write_checked(folder, name, sink.getvalue())


def read_vectors(folder: str, shard: StoredShard) -> tuple[pa.Array, np.ndarray | pa.ListArray]:
    """Ids of a shard's tracks, and their rows as they were written.

    Raises:
        DataError: The file is gone, or is not what was written.
    """
    import pyarrow as pa

    table = _vectors(folder, shard.file, shard.sha256).slice(shard.first, shard.n_tracks)
    ids, lists = (table.column(name).combine_chunks() for name in (TRACK_ID, _VECTOR))
    if not pa.types.is_fixed_size_list(lists.type):
        return ids, lists
    return ids, lists.flatten().to_numpy(zero_copy_only=False).reshape(len(lists), -1)


def _as_lists(vectors: np.ndarray) -> pa.FixedSizeListArray:
    import numpy as np
    import pyarrow as pa

    values = pa.array(np.ascontiguousarray(vectors, dtype=np.float64).ravel())
    return pa.FixedSizeListArray.from_arrays(values, vectors.shape[1])


@lru_cache(maxsize=1)  # the small groups of a slot follow each other
def _vectors(folder: str, file: str, sha256: str) -> pa.Table:
    import pyarrow as pa

    return pa.ipc.open_file(read_file(folder, file, sha256)).read_all()


def write_checked(folder: str, name: str, content: pa.Buffer | bytes) -> str:
    """Write a file below the index's folder; returns its SHA-256."""
    write_file(folder, name, content)
    return hashlib.sha256(content).hexdigest()


def read_file(folder: str, name: str, sha256: str) -> pa.Buffer:
    """The content of a file whose SHA-256 is this one.

    Raises:
        DataError: The file is gone, or is not what was written.
    """
    try:
        with folder_store(folder).open_input_file(name) as stream:
            content = stream.read_buffer()
    except FileNotFoundError:
        raise DataError(f"the neighbour index cannot use {folder}/{name}: it is gone", REMEDY) from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise DataError(f"the neighbour index cannot use {folder}/{name}: its checksum differs", REMEDY)
    return content


def damaged_files(spark: SparkSession, folder: str, shards: Iterable[StoredShard]) -> set[str]:
    """Files of these shards that are gone, or are not what was written. This acts: each task reads a file.

    Args:
        spark: The session.
        folder: Folder or URI of the index.
        shards: Whose files are looked at.
    """
    sums = {file: sha256 for shard in shards for file, sha256 in shard.checksums.items()}
    if not sums:
        return set()
    place, named = absolute(folder), sorted(sums.items())

    def check(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        for batch in batches:
            wanted = [named[number] for number in batch.column("id").to_pylist()]
            damaged = [file for file, sha256 in wanted if _sha256(place, file) != sha256]
            yield pa.RecordBatch.from_pydict({"file": pa.array(damaged, pa.string())})

    found = spark.range(0, len(named), 1, len(named)).mapInArrow(check, "file string").collect()  # seldom a row
    return {row["file"] for row in found}


def _sha256(folder: str, name: str) -> str | None:
    """Of a file's content; None where there is no such file."""
    digest = hashlib.sha256()
    try:
        with folder_store(folder).open_input_stream(name) as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
    except FileNotFoundError:
        return None
    return digest.hexdigest()


def remove_files_but(folder: str, named: Collection[str], *, older_than: float) -> None:
    """Remove what nobody names any more from the builds that are over.

    Args:
        folder: Folder or URI of the index; nothing happens where there is none.
        named: Files that stay, by their paths below it.
        older_than: Seconds. A build whose newest file is younger may be one that is still going on: it stays whole.
    """
    from pyarrow.fs import FileSelector

    store, latest = folder_store(folder), time.time() - older_than
    builds: dict[str, list[Any]] = {}
    for info in store.get_file_info(FileSelector("", allow_not_found=True, recursive=True)):
        if info.is_file and "/" in info.path:
            builds.setdefault(info.path.split("/")[0], []).append(info)
    for build, files in builds.items():
        unnamed = [info.path for info in files if info.path not in named]
        if max(info.mtime_ns for info in files) / 1e9 > latest:
            continue
        if len(unnamed) == len(files):
            store.delete_dir(build)
        else:
            for path in unnamed:
                store.delete_file(path)
