"""curated -> models.splits: folds by connected artists, at random, and by time; near-twins stay on one side in each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pyspark import StorageLevel
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from spark_app.columns import ARTIST_IDS, FOLD, GENRE_GROUP, RELEASE_DATE, TRACK_ID
from spark_app.errors import SkipStep
from spark_app.features.components import split_units
from spark_app.features.splits import (
    ARTIST_KIND,
    KIND,
    MIN_FOLD_SHARE,
    RANDOM_KIND,
    TIME_KIND,
    TIME_TEST,
    TIME_TRAIN,
    TIME_VALID,
    artist_splits,
    check_fold_sizes,
    random_splits,
    time_splits,
)
from spark_app.jobs.base import Context, Job, Outcome

Sizes = Counter[tuple[str, int | None]]


def run(context: Context) -> Outcome:
    """Assign folds of each kind, refuse uneven ones, write them; the time kind only where the dates allow it."""
    settings = context.settings.splits
    tracks = context.tables.read("curated.tracks").select(TRACK_ID, ARTIST_IDS, GENRE_GROUP, RELEASE_DATE)
    splits = _splits(context, tracks).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        counts = _counts(splits, tracks)
        if not counts:
            raise SkipStep("no tracks")
        sizes: Sizes = Counter()
        for row in counts:
            sizes[row[KIND], row[FOLD]] += row["n"]
        for kind in (ARTIST_KIND, RANDOM_KIND):
            check_fold_sizes({fold: n for (of, fold), n in sizes.items() if of == kind}, folds=settings.folds)
        kept = splits if has_time_split(sizes) else splits.where(F.col(KIND) != TIME_KIND)
        context.tables.write("models.splits", kept)
    finally:
        splits.unpersist()
    return _outcome(context, sizes, [row for row in counts if row[KIND] == ARTIST_KIND])


def _splits(context: Context, tracks: DataFrame) -> DataFrame:
    settings, seed = context.settings.splits, context.settings.run.seed
    twins = context.tables.read("curated.variants")
    by_artist = artist_splits(
        split_units(tracks), folds=settings.folds, seed=seed, max_component_share=settings.max_component_share
    )
    at_random = random_splits(tracks, twins, folds=settings.folds, seed=seed)
    return by_artist.unionByName(at_random).unionByName(time_splits(tracks, twins))


def _counts(splits: DataFrame, tracks: DataFrame) -> list[Row]:
    """Rows per kind, fold and genre group: (2 folds + 4) x groups rows."""
    grouped = splits.join(tracks.select(TRACK_ID, GENRE_GROUP), on=TRACK_ID, how="inner")
    return grouped.groupBy(KIND, FOLD, GENRE_GROUP).agg(F.count(F.lit(1)).alias("n")).collect()


def has_time_split(sizes: Sizes) -> bool:
    """True where training, validation and test each hold at least 5 % of the dated tracks."""
    parts = [sizes[TIME_KIND, fold] for fold in (TIME_TEST, TIME_VALID, TIME_TRAIN)]
    return min(parts) > 0 and min(parts) >= MIN_FOLD_SHARE * sum(parts)


def _outcome(context: Context, sizes: Sizes, counts: Sequence[Row]) -> Outcome:
    folds = range(context.settings.splits.folds)
    held, rows = sizes[ARTIST_KIND, None], sum(n for (kind, _), n in sizes.items() if kind == ARTIST_KIND)
    smallest = min(sizes[ARTIST_KIND, fold] for fold in folds) / rows
    dated = sum(n for (kind, _), n in sizes.items() if kind == TIME_KIND) if has_time_split(sizes) else 0
    context.run.metrics(
        {"rows": rows, "held_train_share": held / rows, "smallest_fold_share": smallest, "dated_share": dated / rows}
    )
    by_time = f"by time over {dated:,} dated tracks" if dated else "no time split: too few or too coarse dates"
    detail = f"{len(folds)} folds by artist, smallest {smallest:.1%}, and at random; {by_time}"
    if not held:
        return Outcome(read=rows, kept=rows, detail=detail)
    limit = context.settings.splits.max_component_share
    warning = f"{held:,} tracks ({held / rows:.1%}) always train: artist components above {limit:.0%} of the rows"
    return Outcome(read=rows, kept=rows, detail=detail, warnings=(f"{warning}; {held_shares(counts)}",))


def held_shares(counts: Sequence[Row]) -> str:
    """Share of each genre group's tracks that always train, largest first: ``rock 20.0%, pop 3.1%``."""
    total: Counter[str] = Counter()
    held: Counter[str] = Counter()
    for row in counts:
        total[row[GENRE_GROUP]] += row["n"]
        held[row[GENRE_GROUP]] += row["n"] if row[FOLD] is None else 0
    shares = sorted(((held[group] / total[group], group) for group in total), key=lambda pair: (-pair[0], pair[1]))
    return ", ".join(f"{group} {share:.1%}" for share, group in shares if share)


JOB = Job(
    name="make_splits",
    summary="folds by connected artists, at random and by time; near-twins stay together",
    run=run,
    reads=("curated.tracks", "curated.variants"),
)
