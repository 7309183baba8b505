"""Artist-disjoint folds, and the check that they are."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.columns import FOLD, TRACK_ID
from spark_app.errors import DataError
from spark_app.features.components import UNIT

KIND = "kind"
IS_HELD_TRAIN = "is_held_train"
ARTIST_KIND = "artist"

TRAIN = "train"
VALID = "valid"
TEST = "test"

MIN_FOLD_SHARE = 0.05  # of all rows; a smaller fold says too little


def artist_splits(units: DataFrame, *, folds: int, seed: int, max_component_share: float) -> DataFrame:
    """One fold per track, the same for all tracks of a unit.

    ``fold = pmod(xxhash64(unit, seed), folds)``, so it depends on nothing but the unit's name. A unit that holds
    more than ``max_component_share`` of the rows would fill a fold by itself: it always trains.

    Args:
        units: One row per track, key ``track_id`` ``[track_id, unit]``.
        folds: Number of folds.
        seed: Moves units between folds.
        max_component_share: (0, 1].

    Returns:
        One row per track, key ``track_id`` ``[track_id, kind, unit, fold, is_held_train]``; ``fold`` is null where
        the track always trains.
    """
    sizes = units.groupBy(UNIT).agg(F.count(F.lit(1)).alias("_n"))
    total = units.agg(F.count(F.lit(1)).alias("_total"))
    is_large = F.col("_n") > max_component_share * F.col("_total")
    large = sizes.crossJoin(F.broadcast(total)).where(is_large).select(UNIT, F.lit(True).alias(IS_HELD_TRAIN))
    fold = F.pmod(F.xxhash64(UNIT, F.lit(seed).cast("long")), F.lit(folds)).cast("int")
    is_held = F.coalesce(IS_HELD_TRAIN, F.lit(False))
    return units.join(large, on=UNIT, how="left").select(
        TRACK_ID,
        F.lit(ARTIST_KIND).alias(KIND),
        UNIT,
        F.when(~is_held, fold).alias(FOLD),
        is_held.alias(IS_HELD_TRAIN),
    )


def with_part(splits: DataFrame, *, fold: int, folds: int) -> DataFrame:
    """Adds ``part``: fold ``fold`` tests, the next one validates, the rest and the held rows train."""
    part = (
        F.when(F.col(FOLD) == fold, F.lit(TEST)).when(F.col(FOLD) == (fold + 1) % folds, F.lit(VALID)).otherwise(TRAIN)
    )
    return splits.withColumn("part", part)


def check_fold_sizes(sizes: Mapping[int | None, int], *, folds: int) -> None:
    """Refuses folds that hold fewer than 5 % of all rows.

    Args:
        sizes: Fold -> rows; None for the rows that always train.
        folds: Number of folds.

    Raises:
        DataError: Names the smallest fold, its share, and how many rows always train.
    """
    total = sum(sizes.values())
    smallest = min(range(folds), key=lambda fold: (sizes.get(fold, 0), fold))
    if sizes.get(smallest, 0) >= MIN_FOLD_SHARE * total:
        return
    raise DataError(
        f"fold {smallest} of {folds} holds {sizes.get(smallest, 0):,} of {total:,} tracks, fewer than "
        f"{MIN_FOLD_SHARE:.0%}; {sizes.get(None, 0):,} tracks lie in large artist components and always train",
        "Give a larger catalogue, fewer folds (splits.folds), or a higher splits.max_component_share.",
    )


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
        raise DataError(f"the splits leak: {found} on more than one side", "Split anew: spark-app make_splits")
