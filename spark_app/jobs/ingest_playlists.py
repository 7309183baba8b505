"""Playlists to ``raw.playlists`` and, matched to the catalogue, to ``curated.playlist_tracks``.

The Million Playlist Dataset is for research only and must not be passed on, nor must what is made of it.
"""

from __future__ import annotations

from collections import Counter

from pyspark import StorageLevel
from pyspark.sql import DataFrame, Row

from spark_app.columns import ARTIST_NAME, TRACK_NAME
from spark_app.curate import accounts, winners
from spark_app.curate.playlist_matches import match_counts, matched
from spark_app.curate.playlists import ENTRY, ENTRY_ATTRIBUTES, ENTRY_VALUES, typed_entries
from spark_app.errors import SkipStep
from spark_app.jobs.base import Context, Job, Outcome, counted
from spark_app.jobs.curate_tracks import check_settings, reading_of
from spark_app.jobs.deliveries import RAW_TABLES, Delivery, check_rejects, known_set, raw_rows, read_options, unreadable
from spark_app.jobs.input_size import playlist_rows
from spark_app.jobs.side_by_side import side_by_side
from spark_app.settings import CurateSettings
from spark_app.sources.files import NoRowsError
from spark_app.sources.layouts import LAYOUTS, Kind
from spark_app.sources.probe import open_source
from spark_app.sources.read import keep_and_count, load
from spark_app.sources.source_set import check_attached

NAME = "ingest_playlists"
_KIND: Kind = "playlists"
_TABLE = "curated.playlist_tracks"


def run(context: Context) -> Outcome:
    """Read every file once, judge and match its rows, check that they add up, then write both tables and the rejects.

    Raises:
        SkipStep: No playlists are named, or they hold no row and ``sources.allow_empty`` is set.
        DataError: Nothing to read, a damaged file, no layout, or too many rejects; no table has changed.
        UsageError: The root belongs to another source set.
    """
    settings = context.settings
    if not settings.sources.playlists and not settings.uses_sample:
        raise SkipStep("sources.playlists names no playlists")
    check_settings(settings.curate)
    check_attached(known_set(context), settings.source_name)
    try:
        delivery = _sample(context) if not settings.sources.playlists else _files(context)
    except NoRowsError as error:
        if not settings.sources.allow_empty:
            raise
        # Yesterday's rows must not give way to an empty delivery.
        raise SkipStep(error.what, keep_tables=True) from None
    try:
        check_rejects(context, _KIND, delivery.loaded)
        return _curated(context, delivery)
    finally:
        delivery.loaded.rows.unpersist()


def account_of(raw: DataFrame, *, curate: CurateSettings) -> accounts.Account:
    """What curation would do with rows of ``raw.playlists``; one job, nothing is written."""
    check_settings(curate)
    return accounts.Account.of(winners.counts(_judged(raw, curate), _KIND, curate.rules).collect())  # some thirty rows


def _sample(context: Context) -> Delivery:
    # The generator is wanted only where no file is named.
    from spark_app.sources import sample

    settings, layout = context.settings, LAYOUTS["playlist_tracks"]
    rows = sample.playlist_rows(context.spark, tracks=settings.sample.tracks, seed=settings.run.seed)
    return Delivery(keep_and_count(rows, layout=layout), layout.name, missing=(TRACK_NAME, ARTIST_NAME))


def _files(context: Context) -> Delivery:
    sources = context.settings.sources
    options = read_options(sources, with_columns=False)
    opened = open_source(context.spark, sources.playlists, kind=_KIND, options=options)
    loaded = load(context.spark, opened, options)
    return Delivery(loaded, opened.row_layout, opened.missing, opened.warnings + loaded.warnings)


def _judged(raw: DataFrame, curate: CurateSettings) -> DataFrame:
    typed = typed_entries(raw, reading=reading_of(curate))
    return winners.judged(typed, key=ENTRY, actions=curate.rules, values=ENTRY_VALUES, attributes=ENTRY_ATTRIBUTES)


def _curated(context: Context, delivery: Delivery) -> Outcome:
    curate = context.settings.curate
    raw = raw_rows(delivery, kind=_KIND, settings=context.settings)
    entries = _judged(raw, curate).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        # At most some thirty rows: fates x reasons.
        account = accounts.Account.of(winners.counts(entries, _KIND, curate.rules).collect())
        account.check(curate.max_rejected_share)
        _write(context, delivery, raw, entries)
    finally:
        entries.unpersist()
    return _outcome(context, delivery, account)


def _write(context: Context, delivery: Delivery, raw: DataFrame, entries: DataFrame) -> None:
    tables = context.tables

    def the_rest() -> None:
        tables.write(RAW_TABLES[_KIND], raw)
        judged = winners.rejects(entries, raw, job=NAME, key=ENTRY)
        tables.replace_rejects(NAME, unreadable(context, NAME, delivery.loaded.rows).unionByName(judged))

    by_title = not {TRACK_NAME, ARTIST_NAME} & set(delivery.missing)
    found = matched(winners.kept(entries), tables.read("curated.tracks"), by_title=by_title)
    side_by_side(lambda: tables.write(_TABLE, found), the_rest)


def _outcome(context: Context, delivery: Delivery, account: accounts.Account) -> Outcome:
    loaded, counts = delivery.loaded, match_counts(context.tables.read(_TABLE)).collect()[0]  # one row
    matched_rows = counts["by_id"] + counts["by_title"]
    context.run.params({"playlists_layout": delivery.row_layout})
    context.run.metrics(
        {
            **{name: float(n) for name, n in counts.asDict().items()},
            "match_rate": _share(matched_rows, counts["entries"]),
            "match_rate_distinct": _share(counts["distinct_matched"], counts["distinct_tracks"]),
        }
    )
    return Outcome(
        read=loaded.read,
        kept=account.kept(),
        rejected=loaded.rejected + account.rejected(),
        merged=account.merged(),
        detail=_detail(counts),
        reasons=dict((Counter(loaded.reasons) + Counter(account.reasons())).most_common()),
        warnings=(*delivery.warnings, *account.warnings()),
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _detail(counts: Row) -> str:
    rows = _share(counts["by_id"] + counts["by_title"], counts["entries"])
    tracks = _share(counts["distinct_matched"], counts["distinct_tracks"])
    titled = (
        f", {counts['by_title']:,} by title of which {counts['ambiguous']:,} ambiguous" if counts["by_title"] else ""
    )
    return (
        f"{counted(counts['playlists'], 'playlist')}, matched {rows:.1%} of rows and {tracks:.1%} of distinct tracks "
        f"({counts['by_id']:,} by id{titled})"
    )


JOB = Job(
    name=NAME,
    summary="playlists (Million Playlist Dataset: research only), their tracks matched to the catalogue",
    run=run,
    reads=("curated.tracks",),
    files=playlist_rows,
)
