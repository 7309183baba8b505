"""Load an opened source: parse its files once, keep the rows, count them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pyspark import StorageLevel
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from spark_app.columns import FILE, LINE
from spark_app.errors import DataError
from spark_app.sources.files import READ_THE_REST, DamagedFileError, NoRowsError, raw_lines, whole_files
from spark_app.sources.layouts import Layout
from spark_app.sources.options import ReadOptions, attempted, checked_encoding
from spark_app.sources.parquet import parquet_frame, parquet_rows
from spark_app.sources.probe import Opened
from spark_app.sources.records import PROBLEM, TextOptions, parse_lines
from spark_app.sources.slices import NOT_WHOLE


@dataclass(frozen=True)
class Loaded:
    """Parsed rows, kept in memory and on disk, and their numbers.

    Attributes:
        rows: As :func:`records.parse_lines` gives them; unpersist when done.
        read: Records.
        reasons: Rejected records by reason, most frequent first.
        files: File -> its records, for files that hold any.
        without_id: Files whose rows have no id at all.
        first_reject: File and line of the first rejected record, empty where there is none.
        broken: File and line of each slice from where on it is no JSON, or is missing.
        warnings: What the user should know.
    """

    rows: DataFrame
    read: int
    reasons: Mapping[str, int]
    files: Mapping[str, int]
    without_id: tuple[str, ...] = ()
    first_reject: str = ""
    broken: tuple[tuple[str, int], ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def rejected(self) -> int:
        """Records with a problem."""
        return sum(self.reasons.values())

    @property
    def kept(self) -> int:
        """Records without a problem."""
        return self.read - self.rejected


def load(spark: SparkSession, opened: Opened, options: ReadOptions) -> Loaded:
    """Parse all files in one pass, keep the rows, and count them.

    Raises:
        DamagedFileError: A file is damaged, unless ``options.allow_partial``.
        NoRowsError: A file holds no record, unless ``options.allow_empty`` and another file does.
        DataError: A file has rows, but no id in any of them.
    """
    source = opened.source
    with whole_files(spark):
        loaded, damaged = attempted(
            lambda skip: keep_and_count(_rows(spark, opened, options, skip), layout=opened.layout),
            source,
            allow_partial=options.allow_partial,
        )
    try:
        broken = _check_whole(loaded, options)
        empty = _check_files(loaded, source.files, options)
    except DataError:
        loaded.rows.unpersist()
        raise
    return replace(loaded, warnings=loaded.warnings + damaged + broken + empty)


def _rows(spark: SparkSession, opened: Opened, options: ReadOptions, skip_damaged: bool) -> DataFrame:
    source, layout, limit = opened.source, opened.layout, options.max_record_bytes
    if source.form == "parquet":
        frame = parquet_frame(spark, source, skip_damaged=skip_damaged)
        return parquet_rows(frame, source, layout=layout, max_record_bytes=limit)
    lines = raw_lines(spark, source, max_bytes=limit, skip_damaged=skip_damaged)
    return parse_lines(
        lines, layout=layout, options=TextOptions(source.form, checked_encoding(options.encoding), limit)
    )


def keep_and_count(rows: DataFrame, *, layout: Layout) -> Loaded:
    """Persist parsed rows and count them by file and problem, in one job. The memory they take is Spark's to bound."""
    kept = rows.persist(StorageLevel.MEMORY_AND_DISK)
    try:
        counts = (
            kept.groupBy(FILE, PROBLEM)
            .agg(F.count("*").alias("n"), F.min(LINE).alias("line"), F.count(layout.required[0]).alias("ids"))
            .collect()  # at most ten rows a file
        )
    except BaseException:
        kept.unpersist()
        raise
    return _loaded(kept, counts)


def _loaded(rows: DataFrame, counts: Sequence[Row]) -> Loaded:
    files: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for row in counts:
        files[row[FILE]] += row["n"]
        if row[PROBLEM]:
            reasons[row[PROBLEM]] += row["n"]
    rejects = sorted((row[FILE], row["line"]) for row in counts if row[PROBLEM])
    without_id = sorted(row[FILE] for row in counts if not row[PROBLEM] and row["ids"] == 0)
    return Loaded(
        rows=rows,
        read=files.total(),
        reasons=dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
        files=dict(files),
        without_id=tuple(without_id),
        first_reject=f"{rejects[0][0]} line {rejects[0][1]}" if rejects else "",
        broken=tuple(sorted((row[FILE], row["line"]) for row in counts if row[PROBLEM] == NOT_WHOLE)),
    )


def _check_whole(loaded: Loaded, options: ReadOptions) -> tuple[str, ...]:
    """Warnings about slices that break off, or the error that they do."""
    if loaded.broken and not options.allow_partial:
        name, line = loaded.broken[0]
        raise DamagedFileError(f"{name} is damaged: it breaks off, or is no JSON, in line {line:,}", READ_THE_REST)
    return tuple(f"{name} breaks off in line {line:,}; what stands before was read" for name, line in loaded.broken)


def _check_files(loaded: Loaded, names: Sequence[str], options: ReadOptions) -> tuple[str, ...]:
    """Warnings about files without records, or the error that they are."""
    if loaded.without_id:
        raise DataError(
            f"{loaded.without_id[0]} has rows, but no id in any of them", "Is its id column named otherwise, or empty?"
        )
    empty = [name for name in names if name not in loaded.files]
    if not empty:
        return ()
    may_be_empty = options.allow_empty or options.allow_partial
    if not may_be_empty or len(empty) == len(names):
        raise NoRowsError(", ".join(empty[:3]), "no record below the header")
    return (f"{len(empty)} files hold no record: {', '.join(empty[:3])}",)
