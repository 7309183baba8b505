"""Catalogue files, or the sample catalogue, to ``raw.tracks`` and ``raw.artists``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial, reduce
from typing import TypeVar

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.columns import SOURCE
from spark_app.errors import SkipStep, UsageError
from spark_app.jobs.base import Context, Job, Outcome, counted
from spark_app.jobs.deliveries import RAW_TABLES, Delivery, check_rejects, known_set, raw_rows, read_options, unreadable
from spark_app.jobs.input_size import source_rows
from spark_app.jobs.side_by_side import side_by_side
from spark_app.sources.files import NoRowsError
from spark_app.sources.layouts import LAYOUTS, Kind, Layout
from spark_app.sources.options import ReadOptions
from spark_app.sources.probe import Opened, open_source
from spark_app.sources.read import keep_and_count, load
from spark_app.sources.recognise import check_own, check_own_headers
from spark_app.sources.records import TextOptions, parse_lines
from spark_app.sources.source_set import artists_layout, check_source_set, source_set

T = TypeVar("T")
NAME = "ingest_catalogue"
_TRUTH = "ops.sample_truth"


def run(context: Context) -> Outcome:
    """Read every file once, check all counts, then write.

    Raises:
        SkipStep: There are no tracks, and ``sources.allow_empty`` is set; the tables stay.
        DataError: Nothing to read, a damaged file, no layout, or too many rejects; no table has changed.
        UsageError: The root belongs to another source set, or a setting names what no file has.
    """
    deliveries: dict[Kind, Delivery] = {}
    try:
        current, warnings = (
            _sample(context, deliveries) if context.settings.uses_sample else _files(context, deliveries)
        )
        for kind, delivery in deliveries.items():
            check_rejects(context, kind, delivery.loaded)
        _write(context, deliveries)
        return _outcome(context, deliveries, current, warnings)
    except NoRowsError as error:
        if not context.settings.sources.allow_empty:
            raise
        # Yesterday's rows must not give way to an empty delivery.
        raise SkipStep(error.what, keep_tables=True) from None
    finally:
        for delivery in deliveries.values():
            delivery.loaded.rows.unpersist()


def _sample(context: Context, deliveries: dict[Kind, Delivery]) -> tuple[str, tuple[str, ...]]:
    # The generator is wanted only where no file is named.
    from spark_app.sources import sample

    settings = context.settings
    current = source_set(settings.source_name, tracks="tracks_artists", artists="artists")
    check_source_set(known_set(context), current, replace=settings.sources.replace)
    n, seed, dirty_share = settings.sample.tracks, settings.run.seed, settings.sample.dirty_share

    def deliver(layout: Layout, lines: Callable[..., DataFrame], header: tuple[str, ...]) -> Delivery:
        options = TextOptions(max_record_bytes=settings.sources.max_record_bytes, header=header)
        delivered = lines(context.spark, tracks=n, seed=seed, dirty_share=dirty_share)
        rows = parse_lines(delivered, layout=layout, options=options)
        return Delivery(keep_and_count(rows, layout=layout), layout.name)

    deliveries["tracks"], deliveries["artists"] = side_by_side(
        lambda: deliver(LAYOUTS["tracks_artists"], sample.track_lines, sample.TRACKS_HEADER),
        lambda: deliver(LAYOUTS["artists"], sample.artist_lines, sample.ARTISTS_HEADER),
    )
    return current, ()


def _files(context: Context, deliveries: dict[Kind, Delivery]) -> tuple[str, tuple[str, ...]]:
    settings, options = context.settings, read_options(context.settings.sources)
    check_own(options.columns)
    absent: list[str] = []
    opened = _opened(context, options, absent)
    check_own_headers(options.columns, [header for one in opened.values() for header in one.headers])
    _check_file_dates(settings.sources.file_dates, [name for one in opened.values() for name in one.source.files])
    current = _source_set(context, opened, has_empty=bool(absent))
    notes = []
    for kind, one in opened.items():
        loaded = _or_absent(partial(load, context.spark, one, options), kind, options, absent)
        if loaded:
            deliveries[kind] = Delivery(loaded, one.row_layout)
            notes += [f"{kind}: {note}" for note in one.warnings + loaded.warnings]
    return current, (*notes, *absent)


def _source_set(context: Context, opened: Mapping[Kind, Opened], *, has_empty: bool) -> str:
    """The set that the files belong to; artists without even a header count as those that the root has had."""
    settings, previous = context.settings, known_set(context)
    artists = artists_layout(previous) if has_empty else ""
    if "artists" in opened:
        artists = opened["artists"].layout.name
    current = source_set(settings.source_name, tracks=opened["tracks"].layout.name, artists=artists)
    check_source_set(previous, current, replace=settings.sources.replace)
    return current


def _opened(context: Context, options: ReadOptions, absent: list[str]) -> dict[Kind, Opened]:
    sources, found = context.settings.sources, dict[Kind, Opened]()
    found["tracks"] = open_source(context.spark, sources.tracks, kind="tracks", options=options)
    if sources.artists:
        beside = found["tracks"].source
        opening = partial(open_source, context.spark, sources.artists, kind="artists", options=options, beside=beside)
        if artists := _or_absent(opening, "artists", options, absent):
            found["artists"] = artists
    return found


def _or_absent(act: Callable[[], T], kind: Kind, options: ReadOptions, absent: list[str]) -> T | None:
    """What ``act`` gives; None, noted in ``absent``, for artists without rows where ``allow_empty`` is set."""
    try:
        return act()
    except NoRowsError as error:
        if kind == "tracks" or not options.allow_empty:
            raise
        absent.append(f"{kind}: {error.what}; read as if there were no {kind} file")
        return None


def _check_file_dates(dates: Mapping[str, date], names: Sequence[str]) -> None:
    known = {*names, *(name.rpartition("/")[2] for name in names)}
    unknown = sorted(set(dates) - known)
    if unknown:
        raise UsageError(
            f"sources.file_dates names {', '.join(unknown)}, which is not among the files", "Check its name."
        )


def _write(context: Context, deliveries: Mapping[Kind, Delivery]) -> None:
    def the_rest() -> None:
        _write_raw(context, deliveries, "artists")
        rejects = [unreadable(context, NAME, delivery.loaded.rows) for delivery in deliveries.values()]
        context.tables.replace_rejects(NAME, reduce(DataFrame.unionByName, rejects))
        if context.settings.uses_sample:
            context.tables.write(_TRUTH, _truth(context))
        else:
            context.tables.clear(_TRUTH)

    side_by_side(lambda: _write_raw(context, deliveries, "tracks"), the_rest)


def _write_raw(context: Context, deliveries: Mapping[Kind, Delivery], kind: Kind) -> None:
    if kind in deliveries:
        context.tables.write(RAW_TABLES[kind], raw_rows(deliveries[kind], kind=kind, settings=context.settings))
    else:
        context.tables.write_rows(RAW_TABLES[kind], [])


def _truth(context: Context) -> DataFrame:
    from spark_app.sources import sample

    settings = context.settings
    truth = sample.truth(
        context.spark,
        tracks=settings.sample.tracks,
        seed=settings.run.seed,
        dirty_share=settings.sample.dirty_share,
    )
    return truth.withColumn(SOURCE, F.lit(settings.source_name))


def _outcome(context: Context, deliveries: Mapping[Kind, Delivery], current: str, warnings: tuple[str, ...]) -> Outcome:
    reasons: Counter[str] = Counter()
    for delivery in deliveries.values():
        reasons.update(delivery.loaded.reasons)
    for kind, delivery in deliveries.items():
        loaded = delivery.loaded
        context.run.params({f"{kind}_layout": delivery.row_layout})
        context.run.metrics({f"{kind}_read": loaded.read, f"{kind}_rejected": loaded.rejected})
    loads = [delivery.loaded for delivery in deliveries.values()]
    return Outcome(
        read=sum(loaded.read for loaded in loads),
        kept=sum(loaded.kept for loaded in loads),
        rejected=sum(loaded.rejected for loaded in loads),
        detail=", ".join(_shown(kind, delivery) for kind, delivery in deliveries.items()),
        reasons=dict(reasons.most_common()),
        warnings=warnings,
        source_set=current,
    )


def _shown(kind: Kind, delivery: Delivery) -> str:
    loaded = delivery.loaded
    return f"{loaded.kept:,} {kind} from {counted(len(loaded.files), 'file')} ({delivery.row_layout})"


JOB = Job(
    name=NAME,
    summary="read catalogue files, or the sample catalogue, into the raw tables",
    run=run,
    files=source_rows,
)
