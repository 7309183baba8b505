"""Searching a neighbour index: each task reads the shards that its queries need and answers in Arrow batches."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_app.columns import DISTANCE, NEIGHBOUR_ID, RANK
from spark_app.similarity.build import Columns
from spark_app.similarity.engines import loaded
from spark_app.similarity.index_files import StoredShard, read_file, read_vectors
from spark_app.similarity.kinds import kind_of
from spark_app.similarity.layout import Block, blocks_of
from spark_app.similarity.shard import Shard, Tracks
from spark_app.similarity.spaces import Rows
from spark_app.stores import absolute

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

_BATCH_ROWS = 250_000


@dataclass(frozen=True)
class Index:
    """A stored index, small enough to travel with every task.

    Attributes:
        folder: Folder or URI of its files; made absolute, since each task opens it where it happens to run.
        columns: What columns of searched frames mean.
        metric: One of ``kinds.METRICS``.
        seed: That its engines were built with.
        shards: By group, then number.
    """

    folder: str
    columns: Columns
    metric: str
    seed: int
    shards: tuple[StoredShard, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", absolute(self.folder))

    def of_group(self, group: str) -> list[StoredShard]:
        """The shards of a group, none where it is unknown."""
        return [shard for shard in self.shards if shard.group == group]

    def neighbour_ddl(self) -> str:
        """Columns of what a search gives; ``engine`` is that of the searched group."""
        key, group = self.columns.key, self.columns.group
        return f"{key} string, {group} string, {RANK} int, {NEIGHBOUR_ID} string, {DISTANCE} double, engine string"


def neighbours_of_all(spark: SparkSession, index: Index, *, k: int, groups: Collection[str] | None = None) -> DataFrame:
    """The k nearest tracks of the same group for each track of the index.

    Args:
        spark: The session.
        index: Its shards' files are read by the tasks.
        k: A group of n tracks gives min(k, n - 1); a group of one gives no row.
        groups: Whose tracks are searched for; default all.

    Returns:
        Key ``key, group, rank`` ``[key, group, rank (from 1), neighbour_id, distance, engine]``, ordered by distance in
        float64, then id. Never the track itself. Rows of a group come ordered by key and rank; one partition is a task.
    """
    tasks = blocks_of(index.shards, groups, k=k, task_pairs=kind_of(index.metric).task_pairs)
    if not tasks:
        return spark.createDataFrame([], index.neighbour_ddl())

    def search(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch.column("id").to_pylist():
                for block in tasks[number]:
                    yield from _answer(index, block, k)

    return spark.range(0, len(tasks), 1, len(tasks)).mapInArrow(search, index.neighbour_ddl())


def neighbours_of_new(queries: DataFrame, index: Index, *, k: int) -> DataFrame:
    """The k nearest tracks of the index for each row of another frame, within its group.

    Args:
        queries: ``[key, group, *inputs]``, one row per key and group, no nulls; a null set gives no row. A row of a
            group that the index does not know gives no row. A track of the index with the same id is a neighbour like
            any other.
        index: The index.
        k: Neighbours asked for.

    Returns:
        As ``neighbours_of_all``.
    """
    columns, kind = index.columns, kind_of(index.metric)
    known = queries.where(F.col(columns.group).isin(sorted({shard.group for shard in index.shards})))
    part = F.pmod(F.xxhash64(columns.key), F.lit(max(known.sparkSession.sparkContext.defaultParallelism, 1)))
    keys = [columns.key, columns.group]
    wanted = kind.selected(known, keys, columns.inputs).withColumn("_part", part)

    def search(rows: pd.DataFrame) -> pd.DataFrame:
        import pandas as pd
        import pyarrow as pa

        rows = rows.sort_values(columns.key, ignore_index=True)
        group = str(rows[columns.group].iloc[0])
        ids, distance = nearest_in_group(index, group, kind.gathered(rows, columns.inputs), k=k)
        engine = index.of_group(group)[0].engine
        table = _table(index, pa.array(rows[columns.key], pa.string()), group, ids, distance, engine)
        return pd.DataFrame(table.to_pandas())

    return wanted.groupBy(columns.group, "_part").applyInPandas(search, index.neighbour_ddl())


def nearest_in_group(index: Index, group: str, rows: Any, *, k: int) -> tuple[pa.Array, np.ndarray]:
    """The k nearest tracks of a group that the index knows for rows of any origin, without Spark.

    Args:
        index: The index.
        group: Its name.
        rows: Float64 of shape (n, n_features) without NaN, or lists where the index is of sets.
        k: Neighbours asked for.

    Returns:
        Ids, flat, and distances (n, min(k, tracks of the group)), by (distance, id).

    Raises:
        DataError: A file is gone, or is not what was written.
    """
    sought = kind_of(index.metric).prepared(rows)
    return _merged([_nearest(index, shard, sought, k) for shard in index.of_group(group)], k)


@lru_cache(maxsize=2)
def _opened(index_folder: str, metric: str, seed: int, shard: _Hashable) -> tuple[pa.Array, Shard]:
    stored = shard.stored
    ids, rows = read_vectors(index_folder, stored)
    tracks = Tracks.of(rows, metric)
    content = read_file(index_folder, stored.engine_file, stored.engine_sha256) if stored.engine_file else b""
    searcher = loaded(stored.engine, tracks.space.rows, stored.parameters, content, seed=seed)
    return ids, Shard(tracks, stored.engine, searcher)


@dataclass(frozen=True)
class _Hashable:
    """A shard by the place and checksum of its files."""

    stored: StoredShard

    def __hash__(self) -> int:
        return hash((self.stored.file, self.stored.first, self.stored.sha256))


def open_shard(index: Index, shard: StoredShard) -> tuple[pa.Array, Shard]:
    """Ids of a shard's tracks and the shard, as it was built; the last two stay open in a process.

    Raises:
        DataError: A file is gone, or is not what was written.
    """
    return _opened(index.folder, index.metric, index.seed, _Hashable(shard))


def _answer(index: Index, block: Block, k: int) -> Iterator[pa.RecordBatch]:
    import numpy as np

    ids, shard = open_shard(index, block.shard)
    queries = np.arange(block.start, block.stop)
    positions, distance = shard.neighbours(queries, k)
    found = [(ids.take(positions.ravel()), distance)]
    sought = shard.tracks.members.distinct[shard.tracks.members.which[queries]]
    others = [other for other in index.of_group(block.shard.group) if other.number != block.shard.number]
    found += [_nearest(index, other, sought, k) for other in others]
    names, distance = _merged(found, k)
    table = _table(index, ids.take(queries), block.shard.group, names, distance, shard.engine)
    yield from table.to_batches(max_chunksize=_BATCH_ROWS)


def _nearest(index: Index, shard: StoredShard, sought: Rows, k: int) -> tuple[pa.Array, np.ndarray]:
    ids, opened = open_shard(index, shard)
    positions, distance = opened.nearest(sought, k)
    return ids.take(positions.ravel()), distance


def _merged(found: Sequence[tuple[pa.Array, np.ndarray]], k: int) -> tuple[pa.Array, np.ndarray]:
    """The first k of each query over several shards, by (distance, id): ids, flat, and distances (n_queries, k)."""
    import numpy as np
    import pyarrow as pa

    if len(found) == 1:
        return found[0]
    names = np.concatenate([part.to_numpy(zero_copy_only=False).reshape(far.shape) for part, far in found], axis=1)
    distance = np.concatenate([far for _, far in found], axis=1)
    place = np.unique(names, return_inverse=True)[1].reshape(names.shape)
    best = np.lexsort((place, distance), axis=-1)[:, :k]
    return pa.array(np.take_along_axis(names, best, axis=1).ravel()), np.take_along_axis(distance, best, axis=1)


def _table(index: Index, ids: pa.Array, group: str, names: pa.Array, distance: np.ndarray, engine: str) -> pa.Table:
    """One row per query and rank, from flat ids and distances of shape (n_queries, k)."""
    import numpy as np
    import pyarrow as pa

    n, k = distance.shape
    return pa.table(
        {
            index.columns.key: ids.take(np.repeat(np.arange(n), k)),
            index.columns.group: pa.repeat(pa.scalar(group), n * k),
            RANK: np.tile(np.arange(1, k + 1, dtype=np.int32), n),
            NEIGHBOUR_ID: names,
            DISTANCE: distance.ravel(),
            "engine": pa.repeat(pa.scalar(engine), n * k),
        }
    )
