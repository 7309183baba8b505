"""curated -> models.splits: folds in which no artist and no near-twin stands on two sides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pyspark import StorageLevel
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from spark_app.columns import ARTIST_IDS, FOLD, GENRE_GROUP, TRACK_ID
from spark_app.errors import SkipStep
from spark_app.features.components import split_units
from spark_app.features.splits import artist_splits, check_fold_sizes
from spark_app.jobs.base import Context, Job, Outcome


def run(context: Context) -> Outcome:
    """Assign folds, refuse uneven ones, write them."""
    settings = context.settings.splits
    tracks = context.tables.read("curated.tracks").select(TRACK_ID, ARTIST_IDS, GENRE_GROUP)
    units = split_units(tracks).persist(StorageLevel.MEMORY_AND_DISK)
    splits = artist_splits(
        units, folds=settings.folds, seed=context.settings.run.seed, max_component_share=settings.max_component_share
    )
    try:
        counts = _counts(splits, tracks)
        if not counts:
            raise SkipStep("no tracks")
        sizes = Counter[int | None]()
        for row in counts:
            sizes[row[FOLD]] += row["n"]
        check_fold_sizes(sizes, folds=settings.folds)
        context.tables.write("models.splits", splits)
    finally:
        units.unpersist()
    return _outcome(context, sizes, counts)


def _counts(splits: DataFrame, tracks: DataFrame) -> list[Row]:
    """Rows and units per fold and genre group: (folds + 1) x groups rows."""
    grouped = splits.join(tracks.select(TRACK_ID, GENRE_GROUP), on=TRACK_ID, how="inner").groupBy(FOLD, GENRE_GROUP)
    return grouped.agg(F.count(F.lit(1)).alias("n")).collect()


def _outcome(context: Context, sizes: Counter[int | None], counts: Sequence[Row]) -> Outcome:
    rows, held = sum(sizes.values()), sizes[None]
    folds = context.settings.splits.folds
    smallest = min(sizes[fold] for fold in range(folds)) / rows
    context.run.metrics({"rows": rows, "held_train_share": held / rows, "smallest_fold_share": smallest})
    detail = f"{folds} folds, smallest {smallest:.1%}"
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
    summary="artist-disjoint folds by connected component",
    run=run,
    reads=("curated.tracks",),
)
