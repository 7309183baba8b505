"""What ``ops.ledger`` knows of the tables of a root."""

from __future__ import annotations

import json

from spark_app.errors import DataError
from spark_app.schemas import TABLES
from spark_app.tables.local import has_table, read_rows
from spark_app.tables.rows import LEDGER


def versions_in_ledger(root: str) -> dict[str, int]:
    """Table -> version that the newest step which wrote it left; empty where there is no ledger.

    Args:
        root: Folder or URI. The ledger has a row per run and step.
    """
    if not has_table(root, LEDGER):
        return {}
    rows = read_rows(root, LEDGER, ["started_at", "step", "table_versions"]).to_pylist()
    found: dict[str, int] = {}
    for row in sorted(rows, key=lambda row: (row["started_at"], row["step"])):
        found.update(json.loads(row["table_versions"] or "{}"))
    return found


def check_version(name: str, version: int, known: int | None) -> None:
    """Refuse a table that has lost commits: Delta itself silently shows the version before.

    Raises:
        DataError: The table stands at an older version than a run has left it at.
    """
    if known is not None and version < known:
        raise DataError(
            f"{name} stands at version {version}, but a run left it at version {known}: newer commits are lost",
            f"Restore its _delta_log from a backup, or write the table anew: spark-app {TABLES[name].job}",
        )
