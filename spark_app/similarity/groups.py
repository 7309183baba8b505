"""The vectors of the tracks of each genre group, and how groups are laid out over tasks."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_app.columns import AUDIO12, AUDIO12_Z, GENRE_GROUP, TRACK_ID

_MAX_TASKS = 64  # groups are few; more tasks than this would only start and stop


def has_all_features() -> Column:
    """True where none of the twelve z-scores is null."""
    present = [F.col(name).isNotNull() for name in AUDIO12_Z]
    condition = present[0]
    for other in present[1:]:
        condition = condition & other
    return condition


def usable_members(members: DataFrame, audio: DataFrame) -> DataFrame:
    """Members with their vectors, key ``track_id, genre_group`` ``[track_id, genre_group, *AUDIO12_Z]``.

    Args:
        members: ``[track_id, genre_group, ...]``; further columns are kept.
        audio: One row per track ``[track_id, *AUDIO12_Z]``.

    Returns:
        Members whose twelve z-scores are all present; the others are ``skipped_null`` and left out.
    """
    vectors = audio.where(has_all_features()).select(TRACK_ID, *AUDIO12_Z)
    return members.join(vectors, on=TRACK_ID, how="inner")


def why_unusable(audio: DataFrame) -> str:
    """Why no track can have a vector, such as ``no key column``; empty where every feature has values.

    This acts: one pass, one row of twelve counts.
    """
    counts = audio.agg(*[F.count(z).alias(name) for name, z in zip(AUDIO12, AUDIO12_Z, strict=True)])
    row = counts.collect()[0]  # one row
    absent = [name for name in AUDIO12 if not row[name]]
    if len(absent) == len(AUDIO12):
        return "no audio features"
    return f"no {' and '.join(absent)} column{'s' if len(absent) > 1 else ''}" if absent else ""


def sizes_of(members: DataFrame) -> dict[str, int]:
    """Members per genre group, the biggest group first, equal sizes by name. This acts: one row per group."""
    rows = members.groupBy(GENRE_GROUP).agg(F.count("*").alias("n")).collect()  # at most some dozens of groups
    return {row[GENRE_GROUP]: row["n"] for row in sorted(rows, key=lambda row: (-row["n"], row[GENRE_GROUP]))}


def one_task_a_group(members: DataFrame, *, sizes: Mapping[str, int]) -> DataFrame:
    """The same rows, laid out so that big groups have a task of their own and start first; adds ``slot``.

    Search costs the square of a group's size, so the biggest group must not start last, nor share a task. Group
    the result by ``slot, genre_group``: Spark sees that the rows already lie together and shuffles no second time.
    """
    places = [F.lit(value) for number, name in enumerate(sizes) for value in (name, number)]
    slot = F.create_map(*places)[F.col(GENRE_GROUP)] if places else F.lit(0)
    tasks = max(1, min(len(sizes), _MAX_TASKS))
    return members.withColumn("slot", slot).repartitionByRange(tasks, "slot")
