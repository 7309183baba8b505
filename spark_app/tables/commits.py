"""Commit Parquet files that Spark has written: one entry in the log of a Delta table, made without a Spark job.

Spark's own Delta writer runs two or three further jobs per commit, to learn which files it replaces; the log tells that
in milliseconds. A commit succeeds only where nobody else has made the same version (put-if-absent on every store).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from multiprocessing.pool import ThreadPool
from typing import TYPE_CHECKING
from urllib.parse import unquote

from spark_app.schemas import TABLES
from spark_app.tables.local import has_table, table_uri

if TYPE_CHECKING:
    from deltalake.transaction import AddAction
    from pyarrow.fs import FileInfo, FileSystem

_ATTEMPTS = 10  # of a commit that touches nobody else's partition
_READERS = 8  # footers read at a time
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"  # Spark's folder for null


def commit_folder(
    root: str,
    name: str,
    folder: str,
    *,
    metadata: str,
    only: Mapping[str, str] | None = None,
    transaction: str | None = None,
) -> None:
    """Let the files of a folder become the table, or one partition of it, in one commit.

    Args:
        root: Folder, or URI such as ``s3://bucket/prefix``.
        name: ``zone.noun``.
        folder: Below the table: complete Parquet files, in folders per partition where the table has partitions.
        metadata: JSON that the commit carries.
        only: Partition column -> value: files of other partitions stay, whoever else commits to them at the same time.
            Default all are replaced.
        transaction: Delta's ``txnAppId`` of the commit, of version 1.

    Raises:
        CommitFailedError: Another run has replaced the table in the meantime; the files are in no version.
    """
    from deltalake import CommitProperties, DeltaTable, Schema, Transaction
    from deltalake.exceptions import CommitFailedError
    from deltalake.transaction import create_table_with_add_actions

    table, uri = TABLES[name], table_uri(root, name)
    added, schema = _added(uri, folder), Schema.from_json(table.struct.json())
    by = [table.partition_by] if table.partition_by else None
    transactions = [Transaction(transaction, 1)] if transaction else None
    properties = CommitProperties({"userMetadata": metadata}, app_transactions=transactions)
    if not has_table(root, name):
        create_table_with_add_actions(uri, schema, added, "error", by, commit_properties=properties)
        return
    filters = [(column, "=", value) for column, value in only.items()] if only else None
    for attempts_left in reversed(range(_ATTEMPTS if only else 1)):
        try:
            found = DeltaTable(uri)
            found.create_write_transaction([*added], "overwrite", schema, by, filters, commit_properties=properties)
            return
        except CommitFailedError:  # deltalake takes a commit to any partition for a conflict
            if not attempts_left:
                raise


def _added(uri: str, folder: str) -> list[AddAction]:
    """One entry per file with rows, in the order of their paths; the footer tells how many."""
    from deltalake.transaction import AddAction
    from pyarrow import parquet
    from pyarrow.fs import FileSelector

    store = _store(uri)
    listed = store.get_file_info(FileSelector(folder, recursive=True))
    files = sorted((info for info in listed if _holds_rows(info)), key=lambda info: info.path)
    with ThreadPool(_READERS) as pool:
        rows = pool.map(lambda info: parquet.read_metadata(info.path, filesystem=store).num_rows, files, chunksize=1)
    return [
        AddAction(
            path=info.path,
            size=info.size,
            partition_values=_partition(info.path),
            modification_time=int(info.mtime_ns / 1e6),
            data_change=True,
            stats=json.dumps({"numRecords": n}),
        )
        for info, n in zip(files, rows, strict=True)
    ]


def _store(uri: str) -> FileSystem:
    """The table's folder as a file system, reached as deltalake reaches the table."""
    from deltalake.fs import DeltaStorageHandler
    from pyarrow.fs import LocalFileSystem, PyFileSystem, SubTreeFileSystem

    if "://" not in uri:
        return SubTreeFileSystem(os.path.abspath(uri), LocalFileSystem())
    return PyFileSystem(DeltaStorageHandler(uri))


def _holds_rows(info: FileInfo) -> bool:
    return bool(info.is_file) and info.base_name.endswith(".parquet") and not info.base_name.startswith((".", "_"))


def _partition(path: str) -> dict[str, str | None]:
    """Partition values that the folders of a path name.

    >>> _partition("0a1b/genre_group=hip hop/part-0.parquet")
    {'genre_group': 'hip hop'}
    """
    pairs = [part.partition("=") for part in path.split("/")[:-1] if "=" in part]
    return {column: None if value == _NO_VALUE else unquote(value) for column, _, value in pairs}
