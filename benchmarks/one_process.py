"""What a user would run instead on one machine: read a Delta table, search each group, write the neighbours back."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from spark_app.columns import AUDIO12_Z, DISTANCE, GENRE_GROUP, NEIGHBOUR_ID, RANK, TRACK_ID

if TYPE_CHECKING:
    import pyarrow as pa

# Name of a group and its vectors (n, 12) -> distances and positions (n, k + 1), the query itself first.
Search = Callable[[str, np.ndarray], tuple[np.ndarray, np.ndarray]]


def groups_of(table: pa.Table) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Name, ids and vectors of each group, rows by id."""
    frame = table.to_pandas().sort_values([GENRE_GROUP, TRACK_ID], ignore_index=True)
    return [
        (str(name), rows[TRACK_ID].to_numpy(), rows[list(AUDIO12_Z)].to_numpy())
        for name, rows in frame.groupby(GENRE_GROUP, sort=True)
    ]


def run(folder: str, out: Path, search: Search) -> tuple[float, float]:
    """Seconds of the search and of the whole, with reading and writing.

    Args:
        folder: Of a Delta table ``[track_id, genre_group, *AUDIO12_Z]``.
        out: Where the neighbours go, as a Delta table.
        search: One group after the other.
    """
    import pyarrow as pa
    from deltalake import DeltaTable, write_deltalake

    started = time.monotonic()
    groups = groups_of(DeltaTable(folder).to_pyarrow_table())
    parts, searching = [], 0.0
    for group, ids, vectors in groups:
        begun = time.monotonic()
        distance, found = search(group, vectors)
        searching += time.monotonic() - begun
        n, k = len(ids), distance.shape[1] - 1
        columns = {
            TRACK_ID: np.repeat(ids, k),
            GENRE_GROUP: pa.repeat(pa.scalar(group), n * k),
            RANK: np.tile(np.arange(1, k + 1, dtype=np.int32), n),
            NEIGHBOUR_ID: ids[found[:, 1:].ravel()],
            DISTANCE: distance[:, 1:].ravel().astype(float),
        }
        parts.append(pa.table(columns))
    write_deltalake(str(out), pa.concat_tables(parts), mode="overwrite")
    return round(searching, 2), round(time.monotonic() - started, 2)


def scikit_learn(algorithm: str, *, k: int, threads: int) -> Search:
    """``NearestNeighbors`` with an algorithm such as ``brute`` or ``kd_tree``."""
    from sklearn.neighbors import NearestNeighbors

    def search(_: str, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        neighbours = NearestNeighbors(n_neighbors=k + 1, algorithm=algorithm, n_jobs=threads).fit(vectors)
        distance, found = neighbours.kneighbors(vectors)
        return distance, found

    return search


def faiss_factory(description: str, *, k: int, threads: int, **settings: int) -> Search:
    """An index of FAISS's factory such as ``Flat`` or ``HNSW32``, with settings such as ``efSearch``; float32."""
    import faiss

    def search(_: str, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        faiss.omp_set_num_threads(threads)
        rows = vectors.astype(np.float32)
        index = faiss.index_factory(rows.shape[1], description)
        index.train(rows)
        index.add(rows)
        for name, value in settings.items():
            faiss.ParameterSpace().set_index_parameter(index, name, value)
        squared, found = index.search(rows, k + 1)
        return np.sqrt(squared), found

    return search
