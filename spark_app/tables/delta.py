"""Read and write the tables of a root with Spark. One write is one Delta commit."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from spark_app.errors import DataError, SchemaError
from spark_app.schemas import TABLES, TableSchema
from spark_app.tables.commits import commit_folder, seen_table
from spark_app.tables.ledger import check_version, versions_in_ledger
from spark_app.tables.local import has_table, newest_metadata, newest_version, open_table, plain_files
from spark_app.tables.rows import append_line, replace_rows

log = logging.getLogger(__name__)

Transform = Callable[[DataFrame], DataFrame]
_SUCCESS_FILE = "mapreduce.fileoutputcommitter.marksuccessfuljobs"
_GLOB_PATHS = "__globPaths__"  # Spark's own option: a folder may be named a*


class Tables:
    """The tables below one root.

    Args:
        spark: The session.
        root: Folder or URI of the lake.
        run_id: Stands in the metadata of each commit.
        settings_hash: Likewise.
        partitions: Files that a table is written in; small ones take one.
    """

    def __init__(self, spark: SparkSession, root: str, *, run_id: str, settings_hash: str, partitions: int) -> None:
        self.spark = spark
        self.root = root.rstrip("/")
        self.run_id = run_id
        self.partitions = partitions
        self.written: dict[str, int] = {}  # table -> version, since the last take_written()
        self._known: dict[str, int] = {}  # table -> version, for all that this run has written
        self._metadata = {"run_id": run_id, "settings_hash": settings_hash}

    @cached_property
    def _left_at(self) -> dict[str, int]:
        return versions_in_ledger(self.root)

    def path(self, name: str) -> str:
        """Where a table lies."""
        return f"{self.root}/{TABLES[name].path}"

    def exists(self, name: str) -> bool:
        """True where the table has been written at least once."""
        return has_table(self.root, name)

    def version(self, name: str) -> int | None:
        """Newest version of a table, None where there is none."""
        if name in self._known:  # one job owns a table, so nobody else has moved it since
            return self._known[name]
        return newest_version(self.root, name) if self.exists(name) else None

    def read(self, name: str) -> DataFrame:
        """The newest version of a table, with the columns of its schema; ``TableSchema.later`` may be null.

        Raises:
            DataError: The table does not exist yet; names the job that writes it.
            DataError: It stands at an older version than the ledger says: commits are lost.
            SchemaError: The table lacks columns of its schema.
        """
        schema, table = TABLES[name], open_table(self.root, name)
        if name not in self._known:
            check_version(name, table.version(), self._left_at.get(name))
        found = StructType.fromJson(json.loads(table.schema().to_json()))
        absent = [column for column in schema.columns if column not in found.names]
        if missing := [column for column in absent if column not in schema.later]:
            raise SchemaError(f"{name} lacks {missing}; it has {found.names}", f"Write it anew: spark-app {schema.job}")
        rows = self._rows(name, found, plain_files(table, self.path(name)))
        later = {field.name: F.lit(None).cast(field.dataType) for field in schema.struct.fields if field.name in absent}
        return rows.withColumns(later).select(*schema.columns)

    def _rows(self, name: str, struct: StructType, files: list[str] | None) -> DataFrame:
        if files is None:
            return self.spark.read.format("delta").load(self.path(name))
        if not files:
            return self.spark.createDataFrame([], struct)
        # Through Delta each action would begin with a Spark job that lists the files anew.
        return self.spark.read.schema(struct).option(_GLOB_PATHS, False).parquet(*files)

    def appended_since(self, name: str, version: int) -> DataFrame | None:
        """Rows that were added to a table after a version, read from the new files alone.

        Returns:
            None where a file of that version is gone, so that rows may have changed or left; where the table does
            not hold that version; and where its files alone are not the table (:func:`plain_files`).
        """
        newest = self.version(name)
        if newest is None or version > newest:
            return None
        try:
            before, now = (plain_files(open_table(self.root, name, at), self.path(name)) for at in (version, newest))
        except DataError:  # the log no longer tells of that version
            return None
        if before is None or now is None or set(before) - set(now):
            return None
        return self._rows(name, TABLES[name].struct, sorted(set(now) - set(before)))

    def notes(self, name: str) -> dict[str, Any]:
        """What the last write of a table noted besides the run; empty where there is no table or no note."""
        return dict(newest_metadata(self.root, name).get("notes", {})) if self.exists(name) else {}

    def write(self, name: str, frame: DataFrame, *, then: Transform | None = None) -> int:
        """Replace a table in one commit; returns the new version.

        Rows are hashed by key into a fixed number of files (one for small tables) and sorted by key inside each, so
        that equal rows always give equal files, whatever the partitioning of ``frame``.

        Args:
            name: The table.
            frame: Its rows.
            then: Adds the columns that follow from each row by itself, once rows are laid out: what is computed from
                a row need not be shuffled and sorted with it. ``frame`` then has to hold the key.

        Raises:
            SchemaError: The rows lack columns of the schema, or have others.
        """
        schema = TABLES[name]
        if then is None:
            rows = self._laid_out(schema, _typed(schema, frame))
        else:
            rows = _typed(schema, then(self._laid_out(schema, frame)))
        return self._replace(name, rows)

    def write_arranged(self, name: str, frame: DataFrame, *, instead_of: Sequence[str] | None = None) -> int:
        """Write rows that come arranged already, each partition a file, in one commit; returns the new version.

        Args:
            name: The table.
            frame: Its rows, or those of the files that leave; the same rows in the same partitions at every run.
            instead_of: Files that leave (``local.files_holding``), the others stay; default all leave.

        Raises:
            SchemaError: The rows lack columns of the schema, or have others.
        """
        return self._replace(name, _typed(TABLES[name], frame), instead_of=instead_of)

    def write_rows(self, name: str, rows: Iterable[Sequence[object]], *, notes: Mapping[str, Any] | None = None) -> int:
        """Replace a table with rows that the driver holds, in one commit; returns the new version.

        Args:
            name: The table.
            rows: Values in the order of its columns.
            notes: Kept in the commit for ``notes()``.
        """
        metadata = {**self._metadata, "notes": dict(notes)} if notes else self._metadata
        replace_rows(self.root, name, rows, metadata=json.dumps(metadata))
        return self._remember(name)

    def replace_rejects(self, job: str, rejects: DataFrame) -> int:
        """Replace one job's rows of ``curated.rejects`` in one commit."""
        name = "curated.rejects"
        rows = self._laid_out(TABLES[name], _typed(TABLES[name], rejects))
        return self._replace(name, rows, only={"job": job}, transaction=f"rejects/{job}/{self.run_id}")

    def append_ledger(self, row: dict[str, object]) -> None:
        """Add one line to ``ops.ledger``; the same run, step and status are added once only."""
        append_line(self.root, row, metadata=json.dumps(self._metadata))

    def clear(self, name: str) -> bool:
        """Empty a table that exists and holds rows; True where it did."""
        if not self.exists(name) or self.read(name).isEmpty():
            return False
        self.write_rows(name, [])
        return True

    def take_written(self) -> dict[str, int]:
        """Tables and versions written since the last call."""
        written, self.written = self.written, {}
        return written

    def _laid_out(self, schema: TableSchema, frame: DataFrame) -> DataFrame:
        by = [schema.partition_by] if schema.partition_by else list(schema.key)
        sort = by + [column for column in schema.key if column not in by]
        files = frame.repartition(1) if schema.is_small else frame.repartition(self.partitions, *by)
        return files.sortWithinPartitions(*sort)

    def _replace(
        self,
        name: str,
        rows: DataFrame,
        *,
        only: Mapping[str, str] | None = None,
        instead_of: Sequence[str] | None = None,
        transaction: str | None = None,
    ) -> int:
        """One commit: ``rows`` instead of all rows, of the partition ``only``, or of the files ``instead_of``."""
        # A folder of its own: until the commit nobody knows its files, and a killed write leaves nothing but them.
        folder, partition = uuid.uuid4().hex[:12], TABLES[name].partition_by
        seen = seen_table(self.root, name)  # who commits from now on is not overwritten
        writer = rows.write.option(_SUCCESS_FILE, False)
        writer = writer.partitionBy(partition) if partition else writer
        writer.parquet(f"{self.path(name)}/{folder}")
        metadata = json.dumps(self._metadata)
        commit_folder(
            self.root,
            name,
            folder,
            seen=seen,
            metadata=metadata,
            only=only,
            instead_of=instead_of,
            transaction=transaction,
        )
        return self._remember(name)

    def _remember(self, name: str) -> int:
        # Asking Delta for the history would be a Spark job.
        version = newest_version(self.root, name)
        self.written[name] = self._known[name] = version
        log.debug("wrote %s version %d", name, version)
        return version


def _typed(schema: TableSchema, frame: DataFrame) -> DataFrame:
    missing = [column for column in schema.columns if column not in frame.columns]
    extra = [column for column in frame.columns if column not in schema.columns]
    if missing or extra:
        raise SchemaError(f"{schema.name} takes {schema.columns}; missing {missing}, not expected {extra}")
    return frame.select(*[F.col(field.name).cast(field.dataType) for field in schema.struct.fields])
