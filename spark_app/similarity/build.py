"""Building a neighbour index: one task per slot tunes, builds and stores what its groups are searched by."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame

from spark_app.similarity.index_files import StoredShard, write_checked, write_vectors
from spark_app.similarity.kinds import kind_of
from spark_app.similarity.layout import SLOT, Slot, in_slots
from spark_app.similarity.shard import Tracks
from spark_app.similarity.tuning import Goal, choose

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Columns:
    """What the columns of a frame of tracks mean.

    Attributes:
        key: Id of a track, a string.
        group: Group; a track may be in several.
        inputs: What is compared: one column per feature, double, never null or NaN; or one column of arrays, for sets.
    """

    key: str
    group: str
    inputs: Sequence[str]


def build_shards(
    members: DataFrame, slots: Mapping[str, Slot], *, columns: Columns, metric: str, goal: Goal, folder: str
) -> list[StoredShard]:
    """Build and store the shards of groups; by group, then number. This acts: one Spark job, one row per shard.

    Args:
        members: One row per track and group.
        slots: Of the groups to build; tracks of others are left out.
        columns: Of ``members``.
        metric: One of ``kinds.METRICS``.
        goal: What the engines have to reach.
        folder: Folder or URI of the index; files get names that nothing there has.

    Raises:
        UsageError: A column has a type that the metric does not compare.
    """
    wanted = kind_of(metric).selected(members, [columns.key, columns.group], columns.inputs)
    if not slots:
        return []
    build = uuid.uuid4().hex[:12]

    def store(rows: pd.DataFrame) -> pd.DataFrame:
        return _stored(rows, columns, metric, goal, folder, build)

    laid_out = in_slots(wanted, slots, group=columns.group, key=columns.key)
    found = laid_out.groupBy(SLOT).applyInPandas(store, "shard string").collect()  # one row per shard
    first = {group: slot.first for group, slot in slots.items()}
    shards = [StoredShard(**json.loads(row["shard"])) for row in found]
    numbered = [replace(shard, number=shard.number - first[shard.group]) for shard in shards]
    return sorted(numbered, key=lambda shard: (shard.group, shard.number))


def _stored(rows: pd.DataFrame, columns: Columns, metric: str, goal: Goal, folder: str, build: str) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa

    slot = int(rows[SLOT].iloc[0])
    name = f"{build}/{slot}-{uuid.uuid4().hex[:8]}"  # a task that runs twice writes two files
    if not _is_ordered(rows, columns):  # Spark has sorted them, and keeps the order of a group, but does not promise it
        rows = rows.sort_values([columns.group, columns.key], ignore_index=True)
    values = kind_of(metric).gathered(rows, columns.inputs)
    shards: list[StoredShard] = []
    first = 0
    for group, n in rows.groupby(columns.group, sort=True).size().items():
        found = _built(str(group), values[first : first + n], metric, goal, folder, f"{name}-{len(shards)}.faiss")
        shards.append(replace(found, number=slot, file=f"{name}.arrow", first=first))
        first += n
    sha256 = write_vectors(folder, f"{name}.arrow", pa.array(rows[columns.key], pa.string()), values)
    return pd.DataFrame({"shard": [json.dumps(replace(one, sha256=sha256).as_dict()) for one in shards]})


def _is_ordered(rows: pd.DataFrame, columns: Columns) -> bool:
    group, key = rows[columns.group].to_numpy(), rows[columns.key].to_numpy()
    after = (group[1:] > group[:-1]) | ((group[1:] == group[:-1]) & (key[1:] >= key[:-1]))
    return bool(after.all())


def _built(group: str, rows: Any, metric: str, goal: Goal, folder: str, name: str) -> StoredShard:
    tracks = Tracks.of(rows, metric)
    choice = choose(tracks, goal)
    content = choice.searcher.dump()
    return StoredShard(
        group=group,
        number=0,
        n_tracks=len(tracks),
        n_distinct=len(tracks.members.distinct),
        engine=choice.engine,
        parameters=dict(choice.parameters),
        engine_file=name if content else "",
        engine_sha256=write_checked(folder, name, content) if content else "",
        recall=choice.recall,
        low=choice.low,
        high=choice.high,
        n_sample=choice.n_sample,
        compared=choice.compared,
    )
