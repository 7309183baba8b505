"""Read the tables of a root without Spark, for commands that answer at once."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from spark_app.errors import DataError, SchemaError, UsageError
from spark_app.schemas import TABLES
from spark_app.stores import deltalake_uri, folder_store

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset as ds
    from deltalake import DeltaTable

_READERS = 8  # files read at a time


@dataclass(frozen=True)
class TableInfo:
    """What the log of a table says about its newest version.

    Attributes:
        name: ``zone.noun``.
        version: Of Delta.
        rows: From the statistics of the files; None where a file has none.
        files: Number of data files.
        bytes: Their size.
        modified: Time of the newest commit.
        run_id: The run that made it, empty where the commit names none.
    """

    name: str
    version: int
    rows: int | None
    files: int
    bytes: int
    modified: datetime
    run_id: str


def table_name(text: str) -> str:
    """The table that a user means: ``curated.tracks`` or ``curated/tracks``, or a noun that only one zone has.

    >>> table_name("curated/tracks"), table_name("rejects")
    ('curated.tracks', 'curated.rejects')

    Raises:
        UsageError: No such table; names the nearest.
    """
    name = text.strip().strip("/").replace("/", ".").lower()
    if name in TABLES:
        return name
    nouns = [known for known in TABLES if known.partition(".")[2] == name]
    if len(nouns) == 1:
        return nouns[0]
    near = nouns or difflib.get_close_matches(name, TABLES, n=3, cutoff=0.5)
    raise UsageError(
        f"there is no table {text!r}", f"Did you mean {', '.join(near)}?" if near else "See: spark-app tables"
    )


def open_table(root: str, name: str, version: int | None = None) -> DeltaTable:
    """A version of a table.

    Args:
        root: Folder, or URI such as ``s3://bucket/prefix``.
        name: ``zone.noun``.
        version: Default the newest.

    Raises:
        DataError: It does not exist (names the job that writes it), its log is damaged, or lacks the version.
    """
    schema = TABLES[name]
    if not has_table(root, name):
        command = "pipeline" if schema.job == "*" else schema.job
        raise DataError(f"there is no table {name} below {root}", f"Run first: spark-app {command}")
    return _opened(root, name, version)


def _opened(root: str, name: str, version: int | None = None, *, without_files: bool = False) -> DeltaTable:
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    damage = DataError(f"the log of {name} below {root} is damaged", "Restore _delta_log from a backup.")
    try:
        table = DeltaTable(table_uri(root, name), version, without_files=without_files)
    except DeltaError:  # its message can hold values of the table
        raise damage from None
    if not table.history(1):  # the newest commit is empty; Delta would show the version before it without a word
        raise damage
    return table


def plain_files(table: DeltaTable, path: str) -> list[str] | None:
    """The files below ``path`` that hold all rows and columns of a table; None where that takes more: deletion
    vectors, column mapping (reader version 2 and above of Delta's protocol), partition columns, files elsewhere.
    """
    if table.protocol().min_reader_version > 1 or table.metadata().partition_columns:
        return None
    names = _files(table).column("path").to_pylist()
    is_elsewhere = any("://" in name or name.startswith("/") for name in names)
    return None if is_elsewhere else [f"{path}/{name}" for name in sorted(names)]


def files_holding(root: str, name: str, column: str, values: Collection[str]) -> dict[str, set[str]]:
    """Data files of a table that hold one of these values in a column of text -> all that they hold there.

    Args:
        root: Folder or URI.
        name: ``zone.noun``, a table that exists.
        column: Of few values, never null.
        values: Sought for.

    Returns:
        Files by their paths below the table.
    """
    from multiprocessing.pool import ThreadPool

    from pyarrow import parquet

    table = open_table(root, name)
    store, wanted = folder_store(table_uri(root, name)), set(values)

    def held(path: str) -> set[str]:
        read = parquet.read_table(path, columns=[column], filesystem=store, read_dictionary=[column])
        return set(read.column(column).unique().to_pylist())

    paths = _files(table).column("path").to_pylist() if wanted else []
    with ThreadPool(_READERS) as pool:
        return {
            path: found for path, found in zip(paths, pool.map(held, paths, chunksize=1), strict=True) if found & wanted
        }


def newest_version(root: str, name: str) -> int:
    """Of a table that exists; its log alone is read.

    Raises:
        DataError: The log is damaged.
    """
    return _opened(root, name, without_files=True).version()


def newest_metadata(root: str, name: str) -> dict[str, Any]:
    """What the last commit of a table that exists carries, such as ``run_id``; empty where that is not ours.

    Raises:
        DataError: The log is damaged.
    """
    return _metadata(_opened(root, name, without_files=True).history(1)[0])


def has_table(root: str, name: str) -> bool:
    """True where the table has been written at least once."""
    from deltalake import DeltaTable

    return DeltaTable.is_deltatable(table_uri(root, name))


def scan(root: str, name: str, columns: Sequence[str] | None = None) -> ds.Dataset:
    """A table as an Arrow dataset, for reading in batches.

    Raises:
        DataError: It does not exist.
        SchemaError: It lacks one of ``columns``.
    """
    dataset = open_table(root, name).to_pyarrow_dataset()
    missing = [column for column in columns or [] if column not in dataset.schema.names]
    if missing:
        raise SchemaError(
            f"{name} lacks {missing}; it has {dataset.schema.names}", f"Write it anew: spark-app {TABLES[name].job}"
        )
    return dataset


def read_rows(
    root: str,
    name: str,
    columns: Sequence[str] | None = None,
    filters: ds.Expression | None = None,
    limit: int | None = None,
) -> pa.Table:
    """Rows of a table, in the order of its files.

    Args:
        root: Folder or URI.
        name: ``zone.noun``.
        columns: Only these, in this order; default all.
        filters: Only rows where this holds; files that cannot hold one are not opened.
        limit: At most so many rows.

    Raises:
        DataError: The table does not exist.
        SchemaError: It lacks one of ``columns``.
    """
    dataset = scan(root, name, columns)
    wanted = list(columns) if columns is not None else None
    if limit is not None:
        return dataset.head(limit, columns=wanted, filter=filters)
    return dataset.to_table(columns=wanted, filter=filters)


def count_rows(root: str, name: str) -> int | None:
    """Rows of the newest version of a table that exists, as its log tells them; None where it does not tell."""
    return _rows(_files(open_table(root, name)))


def most_rows(root: str, names: Iterable[str]) -> int | None:
    """Rows of the largest of these tables, 0 where there is none yet; None where the log of one does not tell."""
    counts = [count_rows(root, name) for name in names if has_table(root, name)]
    known = [rows for rows in counts if rows is not None]
    return max(known, default=0) if len(known) == len(counts) else None


def list_tables(root: str) -> list[TableInfo]:
    """What lies below a root, in the order of the data flow; empty where nothing does."""
    return [_info(name, open_table(root, name)) for name in TABLES if has_table(root, name)]


def _info(name: str, table: DeltaTable) -> TableInfo:
    files, commit = _files(table), table.history(1)[0]
    return TableInfo(
        name=name,
        version=table.version(),
        rows=_rows(files),
        files=files.num_rows,
        bytes=sum(files.column("size_bytes").to_pylist()),
        modified=datetime.fromtimestamp(commit["timestamp"] / 1000, UTC),
        run_id=str(_metadata(commit).get("run_id", "")),
    )


def _files(table: DeltaTable) -> pa.Table:
    import pyarrow as pa

    return pa.table(table.get_add_actions(flatten=True))


def _rows(files: pa.Table) -> int | None:
    counts = files.column("num_records").to_pylist() if "num_records" in files.column_names else [None]
    return None if None in counts else sum(counts)


def _metadata(commit: dict[str, Any]) -> dict[str, Any]:
    try:
        return dict(json.loads(commit.get("userMetadata") or "{}"))
    except (ValueError, TypeError):  # written by another program
        return {}


def table_uri(root: str, name: str) -> str:
    """Where a table lies, in a scheme that deltalake knows."""
    return f"{deltalake_uri(root)}/{TABLES[name].path}"
