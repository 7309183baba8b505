"""Running steps in order, with a stand-in for MLflow and jobs that write one small table."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date

import pytest

from spark_app.errors import DataError, SkipStep, SparkAppError
from spark_app.jobs import JOBS, jobs_of
from spark_app.jobs.base import Job, Outcome
from spark_app.jobs.results import RunResults, remaining_steps
from spark_app.jobs.runner import Run
from spark_app.schemas import TABLES

LINK = "curated.track_artists"


class SilentRecord:
    def input_table(self, name, path, version):
        pass

    def finish(self, status, metrics):
        pass


class SilentTracker:
    def job(self, name):
        return SilentRecord()


@dataclass
class Heard:
    lines: list[tuple[str, str]] = field(default_factory=list)

    def step_started(self, number, job):
        self.lines.append(("started", job))

    def step_ended(self, step):
        self.lines.append((step.status, step.job))


@pytest.fixture
def make_run(make_context, tmp_path):
    def build(*assignments):
        context = make_context(*assignments)
        results = RunResults("2026-11-20/pipeline-0000", "pipeline", ["curate_tracks", "make_splits"], {}, "now")
        return Run(
            context.spark, context.settings, context.tables, SilentTracker(), results, tmp_path / "run",
            date(2026, 11, 20), Heard(),
        )  # fmt: skip

    return build


def writes_links(context):
    rows = context.spark.createDataFrame([("t1", "a1", 1)], TABLES[LINK].struct)
    context.tables.write(LINK, rows)
    return Outcome(read=3, kept=1, rejected=1, merged=1, reasons={"ragged": 1})


def fails(context):
    raise DataError("nothing to read")


def skips(context):
    raise SkipStep("no genres")


CURATE = Job("curate_tracks", "writes links", writes_links)
SPLITS = Job("make_splits", "fails", fails)


def test_each_step_is_reported_and_recorded_with_rows_and_table_versions(make_run, tmp_path):
    run = make_run()
    run.steps([(1, CURATE)])

    saved = json.loads((tmp_path / "run" / "run_results.json").read_text())
    step = saved["steps"][0]
    assert (saved["status"], saved["counts"]) == ("DONE", {"OK": 0, "WARN": 1, "ERROR": 0, "SKIP": 0})
    assert step["rows"] == {"read": 3, "kept": 1, "rejected": 1, "merged": 1}
    assert (step["tables"], step["reasons"]) == ({LINK: 0}, {"ragged": 1})
    assert run.reporter.lines == [("started", "curate_tracks"), ("WARN", "curate_tracks")]
    ledger = run.tables.read("ops.ledger").collect()
    assert [(r.run_id, r.step, r.status, r.rows_kept) for r in ledger] == [("2026-11-20/pipeline-0000", 1, "WARN", 1)]


def test_a_failing_step_ends_the_run_and_is_what_a_retry_starts_with(make_run, tmp_path):
    run = make_run()
    with pytest.raises(DataError):
        run.steps([(1, CURATE), (2, SPLITS)])

    saved = json.loads((tmp_path / "run" / "run_results.json").read_text())
    assert (saved["status"], [s["status"] for s in saved["steps"]]) == ("FAILED", ["WARN", "ERROR"])
    assert remaining_steps(saved) == [(2, "make_splits")]


def test_a_skipped_step_shows_its_reason_and_empties_what_another_source_left(make_run):
    run = make_run()
    run.steps([(1, CURATE)])
    run.steps([(1, Job("curate_tracks", "skips", skips))])

    assert run.results.steps[-1].status == "SKIP"
    assert run.results.steps[-1].reason == f"no genres; emptied {LINK}"
    assert run.tables.read(LINK).count() == 0


def test_a_skipped_step_keeps_the_tables_that_it_names(make_run):
    def skips(context):
        raise SkipStep("no genres", keep=(LINK,))

    run = make_run()
    run.steps([(1, CURATE)])
    run.steps([(1, Job("curate_tracks", "skips", skips))])

    assert run.results.steps[-1].reason == "no genres"
    assert run.tables.read(LINK).count() == 1


def test_on_a_new_root_an_empty_source_skips_every_step_of_the_pipeline_with_its_reason(make_run, tmp_path):
    tracks = tmp_path / "tracks.csv"
    tracks.write_text("id,name,artists,artist_ids,tempo,year\n")
    run = make_run(f"sources.tracks={tracks}", "sources.allow_empty=true")
    run.steps(list(enumerate(jobs_of("pipeline"), start=1)))

    assert {step.status for step in run.results.steps} == {"SKIP"}
    reasons = {step.job: step.reason for step in run.results.steps}
    assert reasons["ingest_catalogue"] == "no rows: tracks.csv: no record below the header"
    assert reasons["curate_tracks"] == "there is no table raw.tracks: ingest_catalogue has had no input yet"
    assert reasons["recommend_tracks"].startswith("there is no table results.neighbours")


def test_where_sources_may_not_be_empty_a_missing_table_stays_an_error(make_run):
    with pytest.raises(DataError, match=r"there is no table raw\.tracks"):
        make_run().steps([(1, JOBS["curate_tracks"])])


def test_rows_that_do_not_add_up_are_a_bug():
    with pytest.raises(SparkAppError, match="rows do not add up: 5 read"):
        Outcome(read=5, kept=3, rejected=1)
