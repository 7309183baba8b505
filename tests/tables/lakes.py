"""Small lakes without Spark."""

from __future__ import annotations

import pyarrow as pa
from deltalake import write_deltalake
from pyspark.sql import types as T

from spark_app.schemas import TABLES

_ATOMS = {
    T.StringType(): pa.string(),
    T.DoubleType(): pa.float64(),
    T.IntegerType(): pa.int32(),
    T.LongType(): pa.int64(),
    T.BooleanType(): pa.bool_(),
    T.DateType(): pa.date32(),
    T.TimestampType(): pa.timestamp("us", "UTC"),
}


def arrow_schema(name):
    """The Arrow twin of a table's schema."""
    return pa.schema([(field.name, _arrow(field.dataType)) for field in TABLES[name].struct.fields])


def write_table(root, name, rows):
    """Write dictionaries as a table; columns that a row leaves out are null."""
    frame = pa.Table.from_pylist(rows, schema=arrow_schema(name))
    partition_by = TABLES[name].partition_by
    path = f"{root}/{TABLES[name].path}"
    write_deltalake(path, frame, mode="overwrite", partition_by=[partition_by] if partition_by else None)


def _arrow(kind):
    return pa.list_(_ATOMS[kind.elementType]) if isinstance(kind, T.ArrayType) else _ATOMS[kind]
