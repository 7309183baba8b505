"""Reading and writing tables."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from pathlib import Path

import deltalake
import pyarrow.parquet as pq
import pytest
from pyspark.errors import AnalysisException
from pyspark.sql import functions as F

from spark_app.cli.failures import explain_failure
from spark_app.errors import DataError, SchemaError, UsageError
from spark_app.schemas import TABLES
from spark_app.tables import delta
from spark_app.tables.local import count_rows, files_holding, open_table, plain_files
from tests.frames import assert_same_rows

LINK = "curated.track_artists"


def links(spark, rows):
    return spark.createDataFrame(rows, TABLES[LINK].struct)


def test_a_table_reads_back_as_written_and_a_second_write_replaces_it(spark, make_context):
    tables = make_context().tables

    assert tables.write(LINK, links(spark, [("t1", "a1", 1), ("t1", "a2", 2)])) == 0
    assert tables.write(LINK, links(spark, [("t2", "a1", 1)])) == 1

    assert_same_rows(tables.read(LINK), links(spark, [("t2", "a1", 1)]))
    assert tables.take_written() == {LINK: 1}


def test_what_follows_from_a_row_is_added_after_rows_were_laid_out_and_gives_the_same_file(spark, make_context):
    tables = make_context().tables
    rows = links(spark, [("t2", "abc", 3), ("t1", "ab", 2), ("t1", "a", 1)]).repartition(3)
    tables.write(LINK, rows)
    (before,) = plain_files(open_table(tables.root, LINK), tables.path(LINK))

    tables.write(LINK, rows.drop("position"), then=lambda f: f.withColumn("position", F.length("artist_id")))

    (after,) = plain_files(open_table(tables.root, LINK), tables.path(LINK))
    assert pq.read_table(after).to_pylist() == pq.read_table(before).to_pylist()
    with pytest.raises(SchemaError, match=r"missing \['position'\]"):
        tables.write(LINK, rows.drop("position"), then=lambda f: f)


def test_rows_that_were_deleted_from_files_stay_deleted(spark, make_context):
    tables = make_context().tables
    tables.write(LINK, links(spark, [("t1", "a1", 1), ("t2", "a1", 1)]))
    path = tables.path(LINK)
    spark.sql(f"alter table delta.`{path}` set tblproperties (delta.enableDeletionVectors = true)")
    spark.sql(f"delete from delta.`{path}` where track_id = 't1'")
    assert list(Path(path).glob("deletion_vector*")), "the file was written anew: nothing to see"
    assert_same_rows(tables.read(LINK), links(spark, [("t2", "a1", 1)]))
    tables.write(LINK, links(spark, [("t3", "a1", 1)]))
    assert_same_rows(make_context().tables.read(LINK), links(spark, [("t3", "a1", 1)]))


def test_appended_rows_are_told_and_anything_else_is_not_known(spark, make_context):
    tables = make_context().tables
    tables.write(LINK, links(spark, [("t1", "a1", 1), ("t2", "a1", 1)]))
    assert tables.appended_since(LINK, 0).count() == 0
    links(spark, [("t3", "a1", 1)]).write.format("delta").mode("append").save(tables.path(LINK))
    tables = make_context().tables
    assert_same_rows(tables.appended_since(LINK, 0), links(spark, [("t3", "a1", 1)]))
    assert tables.appended_since(LINK, 7) is None

    path = tables.path(LINK)
    spark.sql(f"alter table delta.`{path}` set tblproperties (delta.enableDeletionVectors = true)")
    spark.sql(f"delete from delta.`{path}` where track_id = 't1'")  # its file stays
    assert make_context().tables.appended_since(LINK, 1) is None


def test_a_data_file_that_is_gone_is_named_with_exit_3(spark, make_context):
    tables = make_context().tables
    tables.write(LINK, links(spark, [("t1", "a1", 1)]))
    (file,) = Path(tables.path(LINK)).rglob("*.parquet")
    file.unlink()
    with pytest.raises(AnalysisException) as caught:
        tables.read(LINK)
    shown = explain_failure(caught.value)
    assert shown.exit_code == 3
    assert file.name in shown.what
    assert "spark-app pipeline" in shown.remedy


def test_a_data_file_that_was_cut_off_is_named_with_exit_3_and_gives_no_rows(spark, make_context):
    tables = make_context().tables
    tables.write(LINK, links(spark, [(f"t{i}", "a1", i) for i in range(500)]))
    (path,) = Path(tables.path(LINK)).rglob("part-*.parquet")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(Exception, match=r".") as raised:
        make_context().tables.read(LINK).agg(F.sum("position")).collect()
    shown = explain_failure(raised.value)
    assert (shown.exit_code, shown.what) == (3, f"a file is damaged: {path}")


@pytest.mark.parametrize("loss", ["deleted", "emptied"])
def test_a_table_that_has_lost_its_newest_commit_is_refused(spark, make_context, loss):
    tables = make_context().tables
    for n_rows in (1, 2):
        version = tables.write(LINK, links(spark, [(f"t{i}", "a1", 1) for i in range(n_rows)]))
    run = {"run_id": "r", "step": 2, "job": "curate_tracks", "status": "OK", "started_at": datetime.now(UTC)}
    tables.append_ledger({**run, "table_versions": json.dumps({LINK: version})})
    newest = Path(tables.path(LINK), "_delta_log", f"{version:020}.json")
    for beside in (newest, newest.with_name(f".{newest.name}.crc"), newest.with_suffix(".crc")):
        beside.unlink(missing_ok=True)
    if loss == "emptied":
        newest.touch()

    with pytest.raises(DataError, match=r"commits are lost|is damaged"):
        make_context().tables.read(LINK)

    if loss == "deleted":  # until it is written anew
        anew = make_context().tables
        anew.write(LINK, links(spark, [("t9", "a1", 1)]))
        assert anew.read(LINK).count() == 1
        assert make_context().tables.read(LINK).count() == 1


def test_of_two_writers_at_once_the_later_one_is_told_and_the_earlier_one_keeps_its_rows(
    spark, make_context, monkeypatch
):
    tables, other = make_context().tables, make_context().tables
    tables.write(LINK, links(spark, [("t0", "a1", 1)]))
    seen = delta.seen_table

    def beaten(root, name):
        # While this writer's files are being written another one begins, writes and commits.
        found = seen(root, name)
        monkeypatch.setattr(delta, "seen_table", seen)
        other.write(LINK, links(spark, [("t1", "a1", 1)]))
        return found

    monkeypatch.setattr(delta, "seen_table", beaten)
    with pytest.raises(deltalake.exceptions.CommitFailedError) as caught:
        tables.write(LINK, links(spark, [("t2", "a1", 1)]))
    shown = explain_failure(caught.value)
    assert (shown.exit_code, shown.what) == (5, "another run wrote the same table at the same time")
    assert_same_rows(make_context().tables.read(LINK), links(spark, [("t1", "a1", 1)]))


def test_two_writers_of_a_new_table_do_not_mix(spark, make_context, monkeypatch):
    tables = make_context().tables
    monkeypatch.setattr(delta, "seen_table", lambda root, name: None)
    tables.write(LINK, links(spark, [("t1", "a1", 1)]))
    with pytest.raises(deltalake.exceptions.DeltaError) as caught:
        tables.write(LINK, links(spark, [("t2", "a1", 1)]))
    assert explain_failure(caught.value).exit_code == 5
    assert_same_rows(make_context().tables.read(LINK), links(spark, [("t1", "a1", 1)]))


def test_a_write_that_ends_before_its_commit_changes_nothing(spark, make_context, monkeypatch):
    tables = make_context().tables
    tables.write(LINK, links(spark, [("t1", "a1", 1)]))
    with monkeypatch.context() as patched:
        patched.setattr("spark_app.tables.delta.commit_folder", lambda *args, **kwargs: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            tables.write(LINK, links(spark, [("t2", "a1", 1)]))
    assert len(list(Path(tables.path(LINK)).rglob("*.parquet"))) == 2  # the second in no version
    again = make_context().tables
    assert_same_rows(again.read(LINK), links(spark, [("t1", "a1", 1)]))
    assert again.version(LINK) == 0


def test_spark_and_the_log_agree_on_partitions_rows_and_other_jobs_rejects(spark, make_context, monkeypatch):
    tables, schema = make_context().tables, TABLES["curated.rejects"].struct

    def rejects(job, n):
        return spark.createDataFrame([(job, "s", "a.csv", line, "bad_date", None, "x") for line in range(n)], schema)

    for job, n in (("curate_tracks", 3), ("ingest_catalogue", 2), ("curate_tracks", 1), ("make_splits", 0)):
        tables.replace_rejects(job, rejects(job, n))
    expected = rejects("curate_tracks", 1).unionByName(rejects("ingest_catalogue", 2))
    assert_same_rows(spark.read.format("delta").load(tables.path("curated.rejects")), expected)
    assert_same_rows(tables.read("curated.rejects"), expected)
    assert count_rows(tables.root, "curated.rejects") == 3
    # Two runs at once, each with rejects of a job of its own: both are kept.
    create = deltalake.DeltaTable.create_write_transaction

    def beaten(table, *args, **kwargs):
        monkeypatch.setattr(deltalake.DeltaTable, "create_write_transaction", create)
        make_context().tables.replace_rejects("make_splits", rejects("make_splits", 4))
        return create(table, *args, **kwargs)

    monkeypatch.setattr(deltalake.DeltaTable, "create_write_transaction", beaten)
    tables.replace_rejects("curate_tracks", rejects("curate_tracks", 2))
    assert count_rows(tables.root, "curated.rejects") == 2 + 2 + 4
    transactions = deltalake.DeltaTable(tables.path("curated.rejects"))
    assert transactions.transaction_version(f"rejects/curate_tracks/{tables.run_id}") == 1

    by_genre = TABLES["curated.tracks_by_genre"].struct
    groups = ["r&b / 50%", "hip hop", "a=b"]
    rows = [tuple(group if f.name == "genre_group" else None for f in by_genre.fields) for group in groups]
    tables.write("curated.tracks_by_genre", spark.createDataFrame(rows, by_genre))
    found = tables.read("curated.tracks_by_genre").select("genre_group").collect()
    assert sorted(row.genre_group for row in found) == sorted(groups)


def test_a_column_that_an_earlier_version_did_not_know_reads_as_null_and_no_other_may_be_missing(spark, make_context):
    tables, name = make_context().tables, "models.champion"
    columns = [column for column in TABLES[name].columns if column != "protocol"]
    old = spark.createDataFrame([], TABLES[name].struct).select(*columns)
    old = old.unionByName(spark.range(1).select(*[F.lit(None).cast(t).alias(c) for c, t in old.dtypes]))
    old.withColumn("model", F.lit("forest")).write.format("delta").save(tables.path(name))
    (row,) = tables.read(name).collect()
    assert (row.model, row.protocol) == ("forest", None)
    assert tables.read(name).columns == TABLES[name].columns

    links(spark, [("t1", "a1", 1)]).drop("position").write.format("delta").save(tables.path(LINK))
    with pytest.raises(SchemaError, match=r"lacks \['position'\]"):
        tables.read(LINK)


def test_a_frame_keeps_the_version_that_it_was_read_at(spark, make_context):
    tables = make_context().tables
    tables.write(LINK, links(spark, [("t1", "a1", 1)]))
    before = tables.read(LINK)
    tables.write(LINK, links(spark, [("t2", "a1", 1)]))
    assert_same_rows(before, links(spark, [("t1", "a1", 1)]))


def test_folders_may_have_odd_names(spark, make_context, tmp_path):
    tables = make_context(f"tables.root={tmp_path}/a b{{c}}é+&*").tables
    tables.write_rows(LINK, [("t1", "a1", 1)])
    tables.write(LINK, tables.read(LINK))
    assert_same_rows(tables.read(LINK), links(spark, [("t1", "a1", 1)]))


@pytest.mark.parametrize("name", ["[a]", "50%", "a|b", "what?", "no#1"])
def test_a_root_that_cannot_be_read_again_is_refused_at_once(make_context, tmp_path, name):
    with pytest.raises(UsageError, match="tables cannot lie in"):
        make_context(f"tables.root={tmp_path}/{name}")


def test_reading_a_missing_table_names_the_job_that_writes_it(make_context):
    with pytest.raises(DataError) as caught:
        make_context().tables.read(LINK)
    assert caught.value.remedy == "Run first: spark-app curate_tracks"


def test_a_frame_with_other_columns_is_refused(spark, make_context):
    with pytest.raises(SchemaError, match=r"missing \['position'\], not expected \['rank'\]"):
        make_context().tables.write(
            LINK, spark.createDataFrame([("t", "a", 1)], "track_id string, artist_id string, rank int")
        )


def test_rejects_of_one_job_are_replaced_and_those_of_another_stay(spark, make_context):
    tables = make_context().tables
    schema = TABLES["curated.rejects"].struct
    row = lambda job, line: spark.createDataFrame([(job, "s", "f.csv", line, "ragged", None, "a,b")], schema)  # noqa: E731
    tables.replace_rejects("ingest_catalogue", row("ingest_catalogue", 2))
    tables.replace_rejects("curate_tracks", row("curate_tracks", 3))

    tables.run_id = "another run"
    tables.replace_rejects("curate_tracks", row("curate_tracks", 9))

    found = {(r.job, r.line) for r in tables.read("curated.rejects").collect()}
    assert found == {("ingest_catalogue", 2), ("curate_tracks", 9)}


def test_clear_empties_a_table_once(spark, make_context):
    tables = make_context().tables
    assert not tables.clear(LINK)
    tables.write(LINK, links(spark, [("t1", "a1", 1)]))
    assert tables.clear(LINK)
    assert tables.read(LINK).count() == 0
    assert not tables.clear(LINK)


def test_a_ledger_line_is_added_once(make_context):
    tables = make_context().tables
    line = {"run_id": "r", "step": 1, "job": "curate_tracks", "status": "OK"}
    tables.append_ledger(line)
    tables.append_ledger(line)
    assert tables.read("ops.ledger").count() == 1


def test_rows_of_the_driver_replace_what_spark_wrote_and_the_other_way_round(spark, make_context):
    tables = make_context().tables
    name = "models.champion"
    values = {
        "model": "b",
        "target": "b",
        "features": ["energy", "key"],
        "labels": [],
        "value": math.nan,
        "low": None,
        "n_rows": 3,
    }
    row = tuple(values.get(column) for column in TABLES[name].columns)
    other = ("a", "a", *row[2:])

    assert tables.write_rows(name, [row, other], notes={"since": 7}) == 0
    assert tables.notes(name) == {"since": 7}
    first, second = tables.read(name).collect()
    assert [first.model, second.model] == ["a", "b"]  # sorted by key
    assert (second.features, second.labels, second.low, second.n_rows) == (["energy", "key"], [], None, 3)
    assert math.isnan(second.value)

    assert tables.write(name, spark.createDataFrame([row], TABLES[name].struct)) == 1
    assert tables.notes(name) == {}
    assert tables.write_rows(name, []) == 2
    assert tables.read(name).count() == 0
    assert tables.read(name).schema == TABLES[name].struct


def test_files_of_some_rows_can_be_replaced_alone(spark, make_context, monkeypatch):
    tables, name = make_context().tables, "results.neighbours"

    def rows(*files):  # a partition each, of the groups that its words name
        words = F.split(F.element_at(F.array(*map(F.lit, files)), (F.col("id") + 1).cast("int")), " ")
        groups = spark.range(0, len(files), 1, len(files)).select(F.explode(words).alias("genre_group"))
        made = ("genre_group as track_id", "genre_group", "1 as rank", "'n' as neighbour_id", "0.5D as distance")
        return groups.selectExpr(*made, "'exact' as engine")

    tables.write_arranged(name, rows("rock", "pop folk", "jazz"))
    held = files_holding(tables.root, name, "genre_group", ["folk", "soul"])
    assert list(held.values()) == [{"pop", "folk"}]
    assert files_holding(tables.root, name, "genre_group", []) == {}

    tables.write_arranged(name, rows("pop pop soul"), instead_of=list(held))

    groups = sorted(row.genre_group for row in make_context().tables.read(name).collect())
    assert groups == ["jazz", "pop", "pop", "rock", "soul"]
    assert_same_rows(spark.read.format("delta").load(tables.path(name)), make_context().tables.read(name))
    # Who has replaced these files meanwhile is not overwritten.
    seen = delta.seen_table

    def beaten(root, of):
        found = seen(root, of)
        monkeypatch.setattr(delta, "seen_table", seen)
        make_context().tables.write_arranged(of, rows("blues"))
        return found

    monkeypatch.setattr(delta, "seen_table", beaten)
    held = files_holding(tables.root, name, "genre_group", ["soul"])
    with pytest.raises(deltalake.exceptions.CommitFailedError):
        tables.write_arranged(name, rows("metal"), instead_of=list(held))
    assert [row.genre_group for row in make_context().tables.read(name).collect()] == ["blues"]
