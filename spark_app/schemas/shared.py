"""Tables that several jobs write, and what the sample catalogue planted."""

from __future__ import annotations

from spark_app.schemas.table import PLACE, TableSchema

SHARED = (
    # shared by all jobs
    TableSchema(
        "curated.rejects",
        ("job", "source", "file", "line", "reason"),
        "job string, source string, file string, line bigint, reason string, track_id string, record string",
        "*",
        partition_by="job",
    ),
    TableSchema(
        "ops.ledger",
        ("run_id", "step"),
        "run_id string, step int, job string, status string, reason string, run_date date, started_at timestamp, "
        "seconds double, rows_read bigint, rows_kept bigint, rows_rejected bigint, rows_merged bigint, "
        "table_versions string, source_set string, settings_hash string, app_version string",
        "*",
    ),
    TableSchema(
        "ops.sample_truth",
        ("source", "file", "line"),
        # what the sample catalogue planted in each row; see sources/sample
        f"{PLACE}, row_id bigint, track_id string, planted string, variant_of string, mark string, genre string",
        "ingest_catalogue",
    ),
)
