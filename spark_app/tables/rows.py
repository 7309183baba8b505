"""Write rows that the driver holds anyway, without Spark: a commit takes milliseconds, not a second."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from spark_app.schemas import TABLES
from spark_app.tables.local import has_table, table_uri

if TYPE_CHECKING:
    import pyarrow as pa

LEDGER = "ops.ledger"


def replace_rows(root: str, name: str, rows: Iterable[Sequence[object]], *, metadata: str) -> None:
    """Replace a table in one commit and one file, sorted by key.

    Args:
        root: Folder, or URI such as ``s3://bucket/prefix``.
        name: ``zone.noun``.
        rows: Values in the order of the table's columns; NaN stays NaN, None becomes null.
        metadata: JSON that the commit carries.
    """
    from deltalake import CommitProperties, write_deltalake

    schema = TABLES[name]
    table = _arrow(name, rows).sort_by([(column, "ascending") for column in schema.key])
    properties = CommitProperties({"userMetadata": metadata})
    uri = table_uri(root, name)
    write_deltalake(uri, table, mode="overwrite", schema_mode="overwrite", commit_properties=properties)


def append_line(root: str, line: Mapping[str, object], *, metadata: str) -> None:
    """Add one line to ``ops.ledger``; the same run, step and status are added once only.

    Args:
        root: Folder, or URI.
        line: Values by column of the ledger; a column that is missing becomes null.
        metadata: JSON that the commit carries.
    """
    from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
    from deltalake.exceptions import CommitFailedError

    uri = table_uri(root, LEDGER)
    transaction = Transaction(f"ledger/{line['run_id']}/{line['step']}/{line['status']}", 1)
    if has_table(root, LEDGER) and DeltaTable(uri).transaction_version(transaction.app_id) is not None:
        return
    rows = _arrow(LEDGER, [[line.get(column) for column in TABLES[LEDGER].columns]])
    properties = CommitProperties({"userMetadata": metadata}, app_transactions=[transaction])
    try:
        write_deltalake(uri, rows, mode="append", commit_properties=properties)
    except CommitFailedError:  # another run has made the table in the meantime; now it is there to append to
        write_deltalake(uri, rows, mode="append", commit_properties=properties)


def _arrow(name: str, rows: Iterable[Sequence[object]]) -> pa.Table:
    import pyarrow as pa
    from pyspark.sql.pandas.types import to_arrow_schema

    schema = TABLES[name]
    named = [dict(zip(schema.columns, row, strict=True)) for row in rows]
    return pa.Table.from_pylist(named, to_arrow_schema(schema.struct))
