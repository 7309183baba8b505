"""Three ways to split the tracks: by connected artists, at random, and by time; near-twins always stay together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_app.columns import FOLD, RELEASE_DATE, TRACK_ID
from spark_app.errors import DataError
from spark_app.features.components import UNIT

KIND = "kind"
IS_HELD_TRAIN = "is_held_train"
ARTIST_KIND = "artist"
RANDOM_KIND = "random"
TIME_KIND = "time"
VARIANT_GROUP = "variant_group"

TRAIN = "train"
VALID = "valid"
TEST = "test"

MIN_FOLD_SHARE = 0.05  # of all rows; a smaller fold says too little
TIME_TEST, TIME_VALID, TIME_TRAIN = 0, 1, 2  # folds of the time kind, so that fold 0 tests as with_part reads it
TIME_SHARE = 0.1  # of the dated tracks, for testing and for validating each


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
    is_held = F.coalesce(IS_HELD_TRAIN, F.lit(False))
    return units.join(large, on=UNIT, how="left").select(
        TRACK_ID,
        F.lit(ARTIST_KIND).alias(KIND),
        UNIT,
        F.when(~is_held, _fold(seed, folds)).alias(FOLD),
        is_held.alias(IS_HELD_TRAIN),
    )


def random_splits(tracks: DataFrame, twins: DataFrame, *, folds: int, seed: int) -> DataFrame:
    """Folds in which artists do stand on several sides: they show how much of a figure is knowing the artist.

    Args:
        tracks: One row per track, key ``track_id``.
        twins: One row per track with a title, key ``track_id`` ``[track_id, variant_group]``.
        folds: Number of folds.
        seed: Moves groups of near-twins between folds.

    Returns:
        As :func:`artist_splits`; ``unit`` is the group of near-twins, or the track itself where it has none, and no
        row is held.
    """
    return _columns(_twin_units(tracks.select(TRACK_ID), twins), kind=RANDOM_KIND, fold=_fold(seed, folds))


def time_splits(tracks: DataFrame, twins: DataFrame) -> DataFrame:
    """The newest tenth of the dated tracks tests, the tenth before validates, everything older trains.

    A group of near-twins is as new as its newest member, so that nothing that trains is newer than what is tested.
    Tracks of one date stay together: the bounds are dates (the smallest ones below which at least 90 % and 80 % of
    the tracks lie), and where many tracks share a date the shares deviate from a tenth. Tracks without a date are
    left out: they may be newer than any other. A date known to the year counts as the first of January.

    Args:
        tracks: One row per track, key ``track_id`` ``[track_id, release_date]``.
        twins: As in :func:`random_splits`.

    Returns:
        One row per dated track, columns as :func:`artist_splits`; ``fold`` is 0 (test), 1 (validate) or 2 (train).
        Empty without dates.
    """
    dated = tracks.where(F.col(RELEASE_DATE).isNotNull()).select(TRACK_ID, F.unix_date(RELEASE_DATE).alias("_day"))
    units = with_newest_day(_twin_units(dated, twins), "_day")
    bounds = units.agg(
        _smallest_day_with(1 - TIME_SHARE).alias("_test"), _smallest_day_with(1 - 2 * TIME_SHARE).alias("_valid")
    )
    fold = (
        F.when(F.col("_newest") >= F.col("_test"), TIME_TEST)
        .when(F.col("_newest") >= F.col("_valid"), TIME_VALID)
        .otherwise(TIME_TRAIN)
    )
    return _columns(units.crossJoin(F.broadcast(bounds)), kind=TIME_KIND, fold=fold)


def with_newest_day(units: DataFrame, day: str) -> DataFrame:
    """Adds ``_newest``, the largest ``day`` of each unit."""
    newest = units.groupBy(UNIT).agg(F.max(day).alias("_newest"))
    return units.join(newest, on=UNIT, how="inner")


def of_kind(splits: DataFrame, kind: str) -> DataFrame:
    """The folds of one kind, with the artist component as ``unit``, whatever the kind: a bootstrap draws artists.

    Args:
        splits: ``models.splits``.
        kind: ``artist``, ``random`` or ``time``.

    Returns:
        One row per track of the kind, key ``track_id`` ``[track_id, unit, fold, is_held_train]``.
    """
    units = splits.where(F.col(KIND) == ARTIST_KIND).select(TRACK_ID, UNIT)
    folds = splits.where(F.col(KIND) == kind).select(TRACK_ID, FOLD, IS_HELD_TRAIN)
    return units.join(folds, on=TRACK_ID, how="inner")


def with_part(splits: DataFrame, *, fold: int, folds: int) -> DataFrame:
    """Adds ``part``: fold ``fold`` tests, the next one validates, the rest and the held rows train.

    The time kind is read with ``fold=0``.
    """
    part = (
        F.when(F.col(FOLD) == fold, F.lit(TEST)).when(F.col(FOLD) == (fold + 1) % folds, F.lit(VALID)).otherwise(TRAIN)
    )
    return splits.withColumn("part", part)


def with_validation(splits: DataFrame, *, fold: int, without: Sequence[int]) -> DataFrame:
    """Adds ``part`` for a search: fold ``fold`` validates, the rest and the held rows train; no row of the folds
    ``without``, which are kept to test on.
    """
    left = splits.where(F.col(FOLD).isNull() | ~F.col(FOLD).isin(list(without)))
    return left.withColumn("part", F.when(F.col(FOLD) == fold, F.lit(VALID)).otherwise(TRAIN))


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


def _fold(seed: int, folds: int) -> Column:
    return F.pmod(F.xxhash64(UNIT, F.lit(seed).cast("long")), F.lit(folds)).cast("int")


def _twin_units(tracks: DataFrame, twins: DataFrame) -> DataFrame:
    grouped = tracks.join(twins.select(TRACK_ID, VARIANT_GROUP), on=TRACK_ID, how="left")
    return grouped.select(*tracks.columns, F.coalesce(VARIANT_GROUP, TRACK_ID).alias(UNIT))


def _smallest_day_with(share: float) -> Column:
    # The plain percentile would lie between two days; memory grows with the number of distinct days.
    return F.expr(f"percentile_disc({share:.6f}) WITHIN GROUP (ORDER BY _newest)")


def _columns(units: DataFrame, *, kind: str, fold: Column) -> DataFrame:
    return units.select(TRACK_ID, F.lit(kind).alias(KIND), UNIT, fold.alias(FOLD), F.lit(False).alias(IS_HELD_TRAIN))
