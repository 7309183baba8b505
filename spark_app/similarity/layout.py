"""Which tracks lie in one task: groups of a few tracks together, large ones in shards and blocks of their own."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.similarity.engines import EXACT
from spark_app.similarity.index_files import StoredShard

SLOT = "slot"
_PACKED_ROWS = 100_000  # tracks of small groups in one file and task
_TASK_ROWS = 65_536  # queries
_TASK_ANSWERS = 655_360  # neighbours given for them, so that a task's answer stays below 100 MB


@dataclass(frozen=True)
class Slot:
    """Where a group's tracks lie: shards ``first`` to ``first + shards - 1``."""

    first: int
    shards: int


def slots_of(sizes: Mapping[str, int], *, shard_rows: int) -> dict[str, Slot]:
    """Slots by group; the largest groups have the first ones, and one of their own.

    Args:
        sizes: Tracks per group, the biggest first.
        shard_rows: Tracks of a shard at most, about.

    >>> slots_of({"rock": 250_000, "pop": 60_000, "jazz": 30_000, "folk": 20_000}, shard_rows=100_000)["folk"]
    Slot(first=4, shards=1)
    """
    found, following, packed = {}, 0, 0
    for group, n in sizes.items():
        shards = -(-n // shard_rows)
        if shards == 1 and packed and packed + n <= _PACKED_ROWS:
            found[group], packed = Slot(following - 1, 1), packed + n
            continue
        found[group] = Slot(following, shards)
        following += shards
        packed = n if shards == 1 else 0
    return found


def in_slots(members: DataFrame, slots: Mapping[str, Slot], *, group: str, key: str) -> DataFrame:
    """The rows of ``slots``' groups with their ``slot``: one partition a slot, ordered by slot, group and key.

    Args:
        members: One row per track and group.
        slots: Of ``slots_of``; rows of other groups are left out.
        group: Column of the group.
        key: Column whose hash tells the shards of a group apart.
    """
    rows = [(name, slot.first, slot.shards) for name, slot in slots.items()]
    places = members.sparkSession.createDataFrame(rows, "_group string, _first int, _shards int")
    number = F.col("_first") + F.pmod(F.xxhash64(key), F.col("_shards")).cast("int")
    placed = members.join(F.broadcast(places), on=F.col(group) == F.col("_group"), how="inner")
    most = max(slot.first + slot.shards for slot in slots.values())
    dealt = placed.withColumn(SLOT, number).drop("_group", "_first", "_shards").repartitionByRange(most, SLOT)
    return dealt.sortWithinPartitions(SLOT, group, key)


@dataclass(frozen=True)
class Block:
    """Queries of one task: the tracks from ``start`` to ``stop`` of a shard, or all of several small groups."""

    shard: StoredShard
    start: int
    stop: int


def blocks_of(
    shards: Iterable[StoredShard], groups: Collection[str] | None = None, *, k: int, task_pairs: float = 2e9
) -> list[list[Block]]:
    """The queries of each task, all of about one cost; the dearest task first.

    Args:
        shards: Of the index; every track is a query once.
        groups: Whose tracks are queries; default all.
        k: Neighbours asked for; the more, the fewer queries in a task.
        task_pairs: Rows compared in one task.
    """
    most = max(1, min(_TASK_ROWS, _TASK_ANSWERS // k))
    tasks: list[tuple[float, list[Block]]] = []
    packed: dict[str, tuple[float, int, list[Block]]] = {}
    for shard in shards:
        if groups is not None and shard.group not in groups:
            continue
        each = max(shard.n_distinct if shard.engine == EXACT else shard.compared, 1.0)
        size = max(1, min(most, int(task_pairs / each)))
        if shard.n_tracks > size:
            parts = -(-shard.n_tracks // size)
            edges = [shard.n_tracks * part // parts for part in range(parts + 1)]
            tasks.extend(((stop - start) * each, [Block(shard, start, stop)]) for start, stop in pairwise(edges))
            continue
        cost, rows, held = packed.get(shard.file, (0.0, 0, []))
        if held and (rows + shard.n_tracks > most or cost + shard.n_tracks * each > task_pairs):
            tasks.append((cost, held))
            cost, rows, held = 0.0, 0, []
        held = [*held, Block(shard, 0, shard.n_tracks)]
        packed[shard.file] = (cost + shard.n_tracks * each, rows + shard.n_tracks, held)
    tasks.extend((cost, held) for cost, _, held in packed.values())
    return [held for _, held in sorted(tasks, key=_dearest_first)]


def _dearest_first(task: tuple[float, Sequence[Block]]) -> tuple[float, str, int, int]:
    cost, held = task
    return -cost, held[0].shard.group, held[0].shard.number, held[0].start
