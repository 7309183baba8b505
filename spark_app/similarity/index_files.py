"""The files of a neighbour index: rows with their ids, and what engines have built over them.

A file is read only where its SHA-256 is the one that the manifest holds; nothing in it is code. Rows lie in an Arrow
file, one column of ids and one of lists, the tracks of one shard after the other: of float64, all of one length, where
they are vectors, else of the elements of sets. An engine's file is what FAISS writes.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from spark_app.columns import TRACK_ID
from spark_app.errors import DataError
from spark_app.stores import folder_store, write_file

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

_VECTOR = "vector"


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
    parameters: dict[str, int] = field(default_factory=dict)
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
    remedy = "Build it anew: spark-app find_similar_tracks"
    try:
        with folder_store(folder).open_input_file(name) as stream:
            content = stream.read_buffer()
    except FileNotFoundError:
        raise DataError(f"the neighbour index lacks {folder}/{name}", remedy) from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise DataError(f"{folder}/{name} is not what was written: its checksum differs", remedy)
    return content
