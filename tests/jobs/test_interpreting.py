"""Which jobs Spark interprets, and which it compiles."""

from __future__ import annotations

import pytest

from spark_app.jobs import interpreting
from spark_app.jobs.interpreting import MOST_ROWS, interpret_small, source_rows
from spark_app.settings import load_settings
from spark_app.tables.local import count_rows

LINK = "curated.track_artists"
MODE = "spark.sql.codegen.factoryMode"


@pytest.fixture
def mode(spark):
    """The session's mode, put back afterwards."""
    before = spark.conf.get(MODE)
    yield lambda: spark.conf.get(MODE)
    spark.conf.set(MODE, before)


def test_a_job_is_compiled_where_one_of_its_tables_is_large(make_context, mode, monkeypatch):
    context = make_context()
    monkeypatch.setattr(interpreting, "MOST_ROWS", 2)
    seen = []
    for n_rows in (2, 3):
        context.tables.write_rows(LINK, [[f"t{i}", "a", 1] for i in range(n_rows)])
        assert count_rows(context.settings.root, LINK) == n_rows
        interpret_small(context.spark, context.settings, ("curated.variants", LINK))
        seen.append(mode())
    assert seen == ["NO_CODEGEN", "FALLBACK"]


def test_a_job_that_reads_no_table_goes_by_the_sources(make_context, mode):
    for tracks, expected in ((MOST_ROWS, "NO_CODEGEN"), (MOST_ROWS + 1, "FALLBACK")):
        context = make_context(f"sample.tracks={tracks}")
        interpret_small(context.spark, context.settings, ())
        assert mode() == expected


def test_files_are_measured_and_what_cannot_be_counts_as_large(tmp_path):
    for name, n_bytes in (("a.csv", 40_000), ("b.csv", 20_000)):
        (tmp_path / name).write_bytes(b"x" * n_bytes)
    assert source_rows(load_settings([], [f"sources.tracks={tmp_path}/*.csv"])) == 300
    assert source_rows(load_settings([], [f"sources.tracks={tmp_path}"])) > MOST_ROWS
    assert source_rows(load_settings([], ["sources.tracks=s3://bucket/tracks.csv"])) > MOST_ROWS
