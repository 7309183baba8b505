"""Which jobs Spark interprets, and which it compiles."""

from __future__ import annotations

import pytest

from spark_app.jobs import interpreting
from spark_app.jobs.interpreting import MOST_ROWS, interpreted_if_small, source_rows
from spark_app.settings import load_settings
from spark_app.spark_conf import conf_set
from spark_app.tables.local import count_rows

LINK = "curated.track_artists"
MODE = "spark.sql.codegen.factoryMode"
COMPILED, INTERPRETED = "FALLBACK", "NO_CODEGEN"


@pytest.fixture
def mode_of():
    """The mode in which a job would run that reads these tables."""

    def of(context, *reads):
        with interpreted_if_small(context.spark, context.settings, reads):
            return context.spark.conf.get(MODE)

    return of


def test_a_job_is_compiled_where_one_of_its_tables_is_large_or_does_not_tell(make_context, mode_of, monkeypatch):
    context = make_context()
    monkeypatch.setattr(interpreting, "MOST_ROWS", 2)
    seen = []
    for n_rows in (2, 3):
        context.tables.write_rows(LINK, [[f"t{i}", "a", 1] for i in range(n_rows)])
        assert count_rows(context.settings.root, LINK) == n_rows
        seen.append(mode_of(context, "curated.variants", LINK))
    assert seen == [INTERPRETED, COMPILED]
    monkeypatch.setattr(interpreting, "count_rows", lambda *_: None)
    assert mode_of(context, LINK) == COMPILED


def test_a_job_that_reads_no_table_goes_by_the_sources(make_context, mode_of):
    for tracks, expected in ((MOST_ROWS, INTERPRETED), (MOST_ROWS + 1, COMPILED)):
        assert mode_of(make_context(f"sample.tracks={tracks}")) == expected


def test_the_mode_comes_back_after_the_job_and_a_mode_of_the_users_stays(make_context, mode_of):
    context = make_context("sample.tracks=100")
    assert mode_of(context) == INTERPRETED
    assert context.spark.conf.get(MODE) == COMPILED
    with conf_set(context.spark, {MODE: "CODEGEN_ONLY"}):
        assert mode_of(context) == "CODEGEN_ONLY"


def test_files_are_measured_and_what_cannot_be_is_not_known(tmp_path):
    for name, n_bytes in (("a.csv", 40_000), ("b.csv", 20_000), ("c.jsonl.gz", 20_000)):
        (tmp_path / name).write_bytes(b"x" * n_bytes)

    def rows(path):
        return source_rows(load_settings([], [f"sources.tracks={path}"]))

    assert rows(f"{tmp_path}/*.csv") == 300
    assert rows(f"{tmp_path}/c.jsonl.gz") == 300
    assert rows(tmp_path) is None
    assert rows(f"{tmp_path}/none.csv") is None
    assert rows("s3://bucket/tracks.csv") is None
