"""``ops.ledger``, one line per step of a run, written without Spark: a commit takes milliseconds, not a second."""

from __future__ import annotations

from collections.abc import Mapping

from spark_app.schemas import TABLES
from spark_app.tables.local import has_table, table_uri

LEDGER = "ops.ledger"


def append_line(root: str, line: Mapping[str, object], *, metadata: str) -> None:
    """Add one line; the same run, step and status are added once only.

    Args:
        root: Folder, or URI such as ``s3://bucket/prefix``.
        line: Values by column of the ledger; a column that is missing becomes null.
        metadata: JSON that the commit carries.
    """
    import pyarrow as pa
    from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
    from deltalake.exceptions import CommitFailedError
    from pyspark.sql.pandas.types import to_arrow_schema

    schema, uri = TABLES[LEDGER], table_uri(root, LEDGER)
    transaction = Transaction(f"ledger/{line['run_id']}/{line['step']}/{line['status']}", 1)
    if has_table(root, LEDGER) and DeltaTable(uri).transaction_version(transaction.app_id) is not None:
        return
    rows = pa.Table.from_pylist([{name: line.get(name) for name in schema.columns}], to_arrow_schema(schema.struct))
    properties = CommitProperties({"userMetadata": metadata}, app_transactions=[transaction])
    try:
        write_deltalake(uri, rows, mode="append", commit_properties=properties)
    except CommitFailedError:  # another run has made the table in the meantime; now it is there to append to
        write_deltalake(uri, rows, mode="append", commit_properties=properties)
