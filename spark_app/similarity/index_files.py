"""The files of a neighbour index: vectors with their ids, and what engines have built over them.

A file is read only where its SHA-256 is the one that the manifest holds; nothing in it is code. Vectors lie in an Arrow
file, one column of ids and one of float64 lists, the tracks of one shard after the other; an engine's file is what
FAISS writes.
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
        n_tracks, n_distinct: Tracks, and distinct vectors.
        engine, parameters: Of the engine.
        file, sha256: Vectors, below the index's folder.
        first: Row of the first track in that file.
        engine_file, engine_sha256: Of the engine; empty where it has none.
        recall, low, high, n_sample: Measured recall, its interval, and on how many queries.
        compared: Vectors compared with a query of the sample, on the mean.
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


def write_vectors(folder: str, name: str, ids: pa.Array, vectors: np.ndarray) -> str:
    """Write a file of vectors; returns its SHA-256.

    Args:
        folder: Folder or URI of the index.
        name: Of the file.
        ids: Of the rows.
        vectors: Float64 of shape (n, n_features).
    """
    import numpy as np
    import pyarrow as pa

    values = pa.array(np.ascontiguousarray(vectors, dtype=np.float64).ravel())
    table = pa.table({TRACK_ID: ids, _VECTOR: pa.FixedSizeListArray.from_arrays(values, vectors.shape[1])})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return write_checked(folder, name, sink.getvalue())


def read_vectors(folder: str, shard: StoredShard) -> tuple[pa.Array, np.ndarray]:
    """Ids and float64 vectors of shape (n_tracks, n_features) of a shard.

    Raises:
        DataError: The file is gone, or is not what was written.
    """
    table = _vectors(folder, shard.file, shard.sha256).slice(shard.first, shard.n_tracks)
    ids, lists = (table.column(name).combine_chunks() for name in (TRACK_ID, _VECTOR))
    return ids, lists.flatten().to_numpy(zero_copy_only=False).reshape(len(lists), -1)


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
