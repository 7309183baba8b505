"""How tracks are dealt to tasks."""

from __future__ import annotations

from spark_app.similarity.index_files import StoredShard
from spark_app.similarity.layout import Slot, blocks_of, slots_of


def shard(group: str, n: int, *, engine: str = "exact", compared: float = 0.0, file: str = "") -> StoredShard:
    return StoredShard(group, 0, n, n, engine, file=file or group, compared=compared)


def test_large_groups_have_shards_and_slots_of_their_own():
    slots = slots_of({"rock": 250_000, "pop": 100_000, "jazz": 99_999, "folk": 1, "soul": 1}, shard_rows=100_000)
    assert slots == {
        "rock": Slot(0, 3),
        "pop": Slot(3, 1),
        "jazz": Slot(4, 1),
        "folk": Slot(4, 1),
        "soul": Slot(5, 1),
    }


def test_a_thousand_small_groups_beside_a_large_one_make_few_tasks():
    shards = [shard("big", 300_000, engine="ivf", compared=5_000.0)]
    shards += [shard(f"small {i:04}", 50, file="packed") for i in range(1_000)]

    tasks = blocks_of(shards, k=10)

    assert [(block.start, block.stop) for task in tasks[:5] for block in task] == [
        (0, 60_000), (60_000, 120_000), (120_000, 180_000), (180_000, 240_000), (240_000, 300_000)
    ]  # fmt: skip
    assert [len(task) for task in tasks[5:]] == [1_000]


def test_every_track_is_a_query_once_and_dear_groups_are_cut_finer():
    shards = [shard("a", 100_000), shard("b", 10), shard("c", 10)]
    asked = [
        (block.shard.group, at)
        for task in blocks_of(shards, k=10)
        for block in task
        for at in (block.start, block.stop)
    ]
    assert max(stop for group, stop in asked if group == "a") == 100_000
    assert sum(block.stop - block.start for task in blocks_of(shards, k=10) for block in task) == 100_020
    assert len([1 for group, _ in asked if group == "a"]) // 2 == 5  # 10^10 pairs, 2 * 10^9 in a task
    assert blocks_of(shards, ["c"], k=10)[0][0].shard.group == "c"
    assert blocks_of(shards, [], k=10) == []


def test_the_more_neighbours_are_asked_for_the_fewer_queries_has_a_task():
    shards = [shard("big", 60_000, engine="ivf", compared=100.0)]
    shards += [shard(f"small {i}", 400, file="packed") for i in range(4)]

    def queries(k: int) -> list[int]:
        return [sum(block.stop - block.start for block in task) for task in blocks_of(shards, k=k)]

    assert sorted(queries(10)) == sorted(queries(1)) == [1_600, 60_000]
    assert max(queries(100)) == 6_000  # by hand: 655,360 answers at most, so ten parts of up to 6,553 queries
    assert max(queries(1_000)) <= 655
    assert {sum(queries(k)) for k in (1, 10, 100, 1_000)} == {61_600}
