"""The check that no split leaks: what belongs together is on one side, and training is older than the test."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.columns import FOLD, RELEASE_DATE, TRACK_ID
from spark_app.errors import DataError
from spark_app.features.splits import TIME_TEST, TIME_TRAIN, TIME_VALID, with_newest_day

_REMEDY = "Split anew: spark-app make_splits"


def check_no_leak(splits: DataFrame, members: Mapping[str, DataFrame]) -> None:
    """Refuses splits that put two tracks of one member (an artist, a group of near-twins) on different sides.

    A member whose tracks lie in one fold, or all in the held rows, is on one side whichever fold tests.

    Args:
        splits: One row per track ``[track_id, fold]``.
        members: What must stay together, by a name for the message: frames ``[track_id, member]``, one row per
            track and member; null members are left out.

    Raises:
        DataError: How many members of which kind are torn apart.
    """
    side = F.coalesce(FOLD, F.lit(-1))
    joined = [
        frame.where(F.col("member").isNotNull())
        .join(splits.select(TRACK_ID, side.alias("_side")), on=TRACK_ID, how="inner")
        .select(F.lit(name).alias("_name"), "member", "_side")
        for name, frame in members.items()
    ]
    rows = joined[0]
    for frame in joined[1:]:
        rows = rows.unionByName(frame)
    sides = rows.groupBy("_name", "member").agg(F.min("_side").alias("_low"), F.max("_side").alias("_high"))
    # One row per kind of member.
    torn = sides.where("_low != _high").groupBy("_name").count().orderBy("_name").collect()
    if torn:
        found = ", ".join(f"{row['count']:,} {row['_name']}" for row in torn)
        raise DataError(f"the splits leak: {found} on more than one side", _REMEDY)


def check_time_order(splits: DataFrame, tracks: DataFrame) -> None:
    """Refuses a time split in which a unit that trains or validates is as new as one that comes after it.

    Args:
        splits: Rows of the time kind, key ``track_id`` ``[track_id, unit, fold]``.
        tracks: One row per track, key ``track_id`` ``[track_id, release_date]``.

    Raises:
        DataError: Which parts overlap in time, or how many tracks of the split have no date any more.
    """
    days = tracks.select(TRACK_ID, F.unix_date(RELEASE_DATE).alias("_day"))
    units = with_newest_day(splits.join(days, on=TRACK_ID, how="left"), "_day")
    # One row per fold, three of them.
    rows = (
        units.groupBy(FOLD)
        .agg(
            F.min("_newest").alias("first"),
            F.max("_newest").alias("last"),
            F.count_if(F.col("_day").isNull()).alias("bare"),
        )
        .collect()
    )
    bare = sum(row["bare"] for row in rows)
    if bare:
        raise DataError(f"the time split holds {bare:,} tracks without a date", _REMEDY)
    spans = {row[FOLD]: (row["first"], row["last"]) for row in rows}
    order = [("training", TIME_TRAIN), ("validation", TIME_VALID), ("test", TIME_TEST)]
    known = [(name, spans[fold]) for name, fold in order if fold in spans]
    for (name, (_, last)), (later, (first, _)) in pairwise(known):
        if last >= first:
            raise DataError(f"the time split leaks: {name} reaches into the time of {later}", _REMEDY)
