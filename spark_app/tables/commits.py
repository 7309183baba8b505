"""Commit Parquet files that Spark has written: one entry in the log of a Delta table, made without a Spark job.

Spark's own Delta writer runs two or three further jobs per commit, to learn which files it replaces; the log tells that
in milliseconds. A commit succeeds only where nobody else has made a version since the table was seen (put-if-absent on
every store).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from multiprocessing.pool import ThreadPool
from typing import TYPE_CHECKING
from urllib.parse import unquote

from spark_app.schemas import TABLES
from spark_app.stores import folder_store
from spark_app.tables.local import has_table, table_uri

if TYPE_CHECKING:
    from deltalake import DeltaTable
    from deltalake.transaction import AddAction

_ATTEMPTS = 10  # of a commit that touches nobody else's partition, each on the table as it then stands
_READERS = 8  # footers read at a time
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"  # Spark's folder for null


def seen_table(root: str, name: str) -> DeltaTable | None:
    """The table as it stands before its new files are written; None where there is none yet."""
    from deltalake import DeltaTable

    return DeltaTable(table_uri(root, name)) if has_table(root, name) else None


def commit_folder(
    root: str,
    name: str,
    folder: str,
    *,
    seen: DeltaTable | None,
    metadata: str,
    only: Mapping[str, str] | None = None,
    instead_of: Sequence[str] | None = None,
    transaction: str | None = None,
) -> None:
    """Let the files of a folder become the table, or a part of it, in one commit.

    Args:
        root: Folder, or URI such as ``s3://bucket/prefix``.
        name: ``zone.noun``.
        folder: Below the table: complete Parquet files, in folders per partition where the table has partitions.
        seen: Of :func:`seen_table`, taken before the files were written.
        metadata: JSON that the commit carries.
        only: Partition column -> value: files of other partitions stay, whoever else commits to them at the same time.
            Default all are replaced.
        instead_of: Data files of the seen table that leave, by their paths below it; the others stay. Default all
            leave.
        transaction: Delta's ``txnAppId`` of the commit, of version 1.

    Raises:
        CommitFailedError: Another run has committed to the table since it was seen; the files are in no version.
        DeltaError: Another run has made the table since.
    """
    from deltalake import CommitProperties, Schema, Transaction
    from deltalake.exceptions import DeltaError
    from deltalake.transaction import RemoveAction, create_table_with_add_actions

    table, uri = TABLES[name], table_uri(root, name)
    added, schema = _added(uri, folder), Schema.from_json(table.struct.json())
    by = [table.partition_by] if table.partition_by else None
    transactions = [Transaction(transaction, 1)] if transaction else None
    # deltalake itself would try again on top of another commit wherever the two remove none of the same files: what
    # adds files only, as to an empty table or for a new group, would then stand beside the other run's rows.
    properties = CommitProperties({"userMetadata": metadata}, max_commit_retries=0, app_transactions=transactions)
    filters = [(column, "=", value) for column, value in only.items()] if only else None
    mode = "overwrite" if instead_of is None else "append"
    now = int(time.time() * 1000)
    removed = [RemoveAction(path, True, now) for path in instead_of or []]
    for attempts_left in reversed(range(_ATTEMPTS if only else 1)):
        try:
            if seen is None:
                create_table_with_add_actions(uri, schema, added, "error", by, commit_properties=properties)
            else:
                actions: list[AddAction | RemoveAction] = [*added, *removed]
                seen.create_write_transaction(actions, mode, schema, by, filters, commit_properties=properties)
            return
        except DeltaError:  # also where the other commit was to another partition
            if not attempts_left:
                raise
            seen = seen_table(root, name)


def _added(uri: str, folder: str) -> list[AddAction]:
    """One entry per data file, in the order of their paths; the footer tells how many."""
    from deltalake.transaction import AddAction
    from pyarrow import parquet
    from pyarrow.fs import FileSelector

    store = folder_store(uri)
    listed = store.get_file_info(FileSelector(folder, recursive=True))
    files = sorted((info for info in listed if info.is_file and _is_data(info.path)), key=lambda info: info.path)
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


def _is_data(path: str) -> bool:
    """True for Parquet files, but not for what a task that was given up has left in a hidden folder.

    >>> _is_data("0a1b/part-0.parquet"), _is_data("0a1b/_temporary/0/part-0.parquet")
    (True, False)
    """
    return path.endswith(".parquet") and not any(part.startswith((".", "_")) for part in path.split("/"))


def _partition(path: str) -> dict[str, str | None]:
    """Partition values that the folders of a path name.

    >>> _partition("0a1b/genre_group=hip hop/part-0.parquet")
    {'genre_group': 'hip hop'}
    """
    pairs = [part.partition("=") for part in path.split("/")[:-1] if "=" in part]
    return {column: None if value == _NO_VALUE else unquote(value) for column, _, value in pairs}
