"""What the ingesting jobs share: loaded rows on their way to a raw table, and the source set they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_app.columns import FILE, FILE_DATE, JOB, LAYOUT, LINE, REASON, RECORD, SOURCE
from spark_app.errors import DataError
from spark_app.jobs.base import Context
from spark_app.schemas import TABLES
from spark_app.settings import Settings, SourceSettings
from spark_app.sources.layouts import Kind
from spark_app.sources.options import ReadOptions
from spark_app.sources.read import Loaded
from spark_app.sources.records import PROBLEM

RAW_TABLES: dict[Kind, str] = {"tracks": "raw.tracks", "artists": "raw.artists", "playlists": "raw.playlists"}
_WRITER = "ingest_catalogue"  # its lines in the ledger name the source set


@dataclass(frozen=True)
class Delivery:
    """Loaded rows of one kind.

    Attributes:
        loaded: The rows and their numbers.
        row_layout: What their column ``layout`` shows.
        missing: Columns of the raw table that no file fills.
        warnings: What the user should know.
    """

    loaded: Loaded
    row_layout: str
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def read_options(sources: SourceSettings, *, with_columns: bool = True) -> ReadOptions:
    """The part of the settings that says how files are read; the user's own headers are those of the catalogue."""
    return ReadOptions(
        encoding=sources.encoding,
        max_record_bytes=sources.max_record_bytes,
        columns=sources.columns if with_columns else {},
        allow_partial=sources.allow_partial,
        allow_empty=sources.allow_empty,
    )


def known_set(context: Context) -> str:
    """The source set that the root belongs to, empty where it is new."""
    if not context.tables.exists("ops.ledger"):
        return ""
    ledger = context.tables.read("ops.ledger").where((F.col(JOB) == _WRITER) & (F.col("source_set") != ""))
    newest = ledger.orderBy(F.desc("started_at"), F.desc("run_id"), F.desc("step")).select("source_set").limit(1)
    return "".join(row["source_set"] for row in newest.collect())  # one row


def check_rejects(context: Context, kind: Kind, loaded: Loaded) -> None:
    """Refuse a delivery of which more than ``curate.max_rejected_share`` cannot be read (DataError)."""
    limit = context.settings.curate.max_rejected_share
    if loaded.read and loaded.rejected / loaded.read > limit:
        reasons = ", ".join(f"{reason} {n:,}" for reason, n in loaded.reasons.items())
        raise DataError(
            f"{kind}: {loaded.rejected:,} of {loaded.read:,} rows would be rejected, more than "
            f"curate.max_rejected_share = {limit:.1%}: {reasons}; the first is {loaded.first_reject}",
            "No table was changed. Look at them: spark-app inspect FILE. Where bytes are not of the encoding: "
            "--set sources.encoding=cp1252",
        )


def raw_rows(delivery: Delivery, *, kind: Kind, settings: Settings) -> DataFrame:
    """The rows of a raw table: what was delivered without the records that have a problem."""
    kept = delivery.loaded.rows.where(F.col(PROBLEM).isNull())
    dated = kept.withColumns(
        {
            SOURCE: F.lit(settings.source_name),
            LAYOUT: F.lit(delivery.row_layout),
            FILE_DATE: _file_date(settings.sources.file_dates),
        }
    )
    return dated.select(*TABLES[RAW_TABLES[kind]].columns)


def _file_date(dates: Mapping[str, date]) -> Column:
    found = F.lit(None).cast("date")
    bare = F.substring_index(FILE, "/", -1)
    for name, day in sorted(dates.items()):  # a handful: someone wrote them down
        found = F.when((F.col(FILE) == name) | (bare == name), F.lit(day)).otherwise(found)
    return found


def unreadable(context: Context, job: str, rows: DataFrame) -> DataFrame:
    """The records that have a problem, as rows of ``curated.rejects``."""
    return rows.where(F.col(PROBLEM).isNotNull()).select(
        F.lit(job).alias(JOB),
        F.lit(context.settings.source_name).alias(SOURCE),
        FILE,
        LINE,
        F.col(PROBLEM).alias(REASON),
        F.lit(None).cast("string").alias("track_id"),
        RECORD,
    )
