"""One schema per table: columns with type and meaning, the key, the partition column, the job that writes it.

The list follows ``contracts.md``. A table is named ``zone.noun`` in code and lies at ``<root>/<zone>/<noun>``.
"""

from __future__ import annotations

from spark_app.schemas.catalogue import CATALOGUE
from spark_app.schemas.learned import LEARNED
from spark_app.schemas.shared import SHARED
from spark_app.schemas.table import TableSchema

__all__ = ["RUN_COLUMNS", "TABLES", "TableSchema", "tables_of"]

RUN_COLUMNS = (
    "run_id",
    "model_sha256",
    "folder",
    "files",
    "n_bytes",
    "shards",
)  # identifiers of a run, left out of every comparison

_TABLES = (*CATALOGUE, *LEARNED, *SHARED)
TABLES: dict[str, TableSchema] = {table.name: table for table in _TABLES}


def tables_of(job: str) -> list[TableSchema]:
    """Tables that only ``job`` writes, in the order of the contract."""
    return [table for table in _TABLES if table.job == job]
