"""Reading Delta tables without Spark."""

from __future__ import annotations

import os

import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from deltalake import write_deltalake

from spark_app.errors import DataError, SchemaError, UsageError
from spark_app.schemas import TABLES
from spark_app.tables.commits import commit_folder, seen_table
from spark_app.tables.local import list_tables, open_table, read_rows, table_name
from tests.tables.lakes import write_table

LINK = "curated.track_artists"
LINKS = [{"track_id": f"t{i}", "artist_id": "a", "position": i} for i in (1, 2, 3)]


def test_rows_come_with_the_columns_the_filter_and_the_limit_asked_for(tmp_path):
    write_table(tmp_path, LINK, LINKS)
    assert read_rows(str(tmp_path), LINK).to_pylist() == LINKS
    some = read_rows(str(tmp_path), LINK, ("position", "track_id"), ds.field("position") > 1, 1)
    assert some.to_pylist() == [{"position": 2, "track_id": "t2"}]
    assert read_rows(str(tmp_path), LINK, filters=ds.field("track_id") == "t9").num_rows == 0


def test_what_spark_wrote_is_read_with_version_rows_and_run(spark, make_context, tmp_path):
    tables = make_context().tables
    frame = spark.createDataFrame([("t1", "a1", 1), ("t2", "a1", 1)], TABLES[LINK].struct)
    tables.write(LINK, frame.limit(1))
    tables.write(LINK, frame)
    rejects = spark.createDataFrame([("j", "s", "f", 1, "ragged", None, "x")], TABLES["curated.rejects"].struct)
    tables.replace_rejects("j", rejects)

    (links, rejected) = list_tables(tables.root)
    assert (links.name, links.version, links.rows, links.files, links.run_id) == (LINK, 1, 2, 1, "test")
    assert (rejected.name, rejected.version, rejected.rows) == ("curated.rejects", 0, 1)
    assert read_rows(tables.root, "curated.rejects", ("job", "line")).to_pylist() == [{"job": "j", "line": 1}]
    assert read_rows(tables.root, LINK, ("track_id",)).to_pydict() == {"track_id": ["t1", "t2"]}


def test_a_missing_table_names_the_job_that_writes_it(tmp_path):
    with pytest.raises(DataError, match=r"no table curated\.track_artists") as caught:
        open_table(str(tmp_path), LINK)
    assert caught.value.remedy == "Run first: spark-app curate_tracks"
    assert list_tables(str(tmp_path)) == []


def test_an_emptied_log_is_a_clear_error(tmp_path):
    write_table(tmp_path, LINK, LINKS)
    for commit in (tmp_path / "curated/track_artists/_delta_log").glob("*.json"):
        commit.write_text("")
    with pytest.raises(DataError, match="damaged"):
        open_table(str(tmp_path), LINK)


def test_a_table_that_lacks_columns_says_which(tmp_path):
    write_deltalake(f"{tmp_path}/curated/track_artists", pa.table({"track_id": ["t"]}))
    with pytest.raises(SchemaError, match=r"lacks \['position'\]"):
        read_rows(str(tmp_path), LINK, ("track_id", "position"))


def test_a_table_of_another_program_lists_without_a_run(tmp_path):
    write_table(tmp_path, LINK, LINKS)
    (info,) = list_tables(str(tmp_path))
    assert (info.version, info.rows, info.files, info.run_id) == (0, 3, 1, "")
    assert info.bytes > 0


@pytest.mark.parametrize("text", ["curated.rejects", "curated/rejects", " Curated/Rejects/ ", "rejects"])
def test_a_table_is_known_by_several_spellings(text):
    assert table_name(text) == "curated.rejects"


def test_an_unknown_table_is_answered_with_the_nearest_names():
    with pytest.raises(UsageError) as caught:
        table_name("curated.reject")
    assert "curated.rejects" in caught.value.remedy
    with pytest.raises(UsageError) as caught:
        table_name("tracks")  # of two zones
    assert caught.value.remedy == "Did you mean raw.tracks, curated.tracks?"


def test_files_on_s3_are_committed_like_those_of_a_folder(bucket):
    import pyarrow.parquet as pq
    from pyarrow.fs import S3FileSystem

    store = S3FileSystem(endpoint_override=os.environ["AWS_ENDPOINT_URL"])
    for version, n in enumerate((3, 2)):
        rows = pa.Table.from_pylist(LINKS[:n])
        pq.write_table(rows, f"{bucket}/lake/curated/track_artists/w{n}/part-0.parquet", filesystem=store)
        root = f"s3://{bucket}/lake"
        commit_folder(root, LINK, f"w{n}", seen=seen_table(root, LINK), metadata="{}")
        (info,) = list_tables(f"s3://{bucket}/lake")
        assert (info.version, info.rows, info.files) == (version, n, 1)
    assert read_rows(f"s3://{bucket}/lake", LINK).to_pylist() == LINKS[:2]


def test_a_root_on_s3_is_read_like_a_folder_and_doctor_leaves_nothing_there(bucket):
    import boto3

    from spark_app.cli.doctor import check_store

    write_table(f"s3://{bucket}/lake", LINK, LINKS)
    assert read_rows(f"s3a://{bucket}/lake/", LINK, limit=1).to_pylist() == LINKS[:1]
    assert [(info.name, info.rows) for info in list_tables(f"s3://{bucket}/lake")] == [(LINK, 3)]
    with pytest.raises(DataError, match="there is no table"):
        open_table(f"s3://{bucket}/other", LINK)

    assert check_store(f"s3://{bucket}/other").status == "PASS"
    missing = check_store("s3://no-such-bucket/lake")
    assert (missing.status, missing.exit_code) == ("FAIL", 2)
    keys = [found["Key"] for found in boto3.client("s3").list_objects_v2(Bucket=bucket)["Contents"]]
    assert not [key for key in keys if "doctor" in key]
