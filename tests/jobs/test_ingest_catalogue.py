"""Files, or the sample catalogue, to the raw tables."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime

import pytest
from pyspark.sql import functions as F

from spark_app.errors import DataError, SkipStep, UsageError
from spark_app.jobs.ingest_catalogue import JOB

TRACKS = "id,name,artists,artist_ids,tempo,year\n"
ARTISTS = "name,popularity,genres,followers,id\n"


def put(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def tracks_csv(n):
    return TRACKS + "".join(f"t{i},name,{{'A'}},{{'a1'}},120.0,2001\n" for i in range(n))


def remember(context, outcome, run_id="r1", day=1):
    """What the runner does after a step."""
    started = datetime(2026, 1, day, tzinfo=UTC)
    line = {"run_id": run_id, "step": 1, "job": JOB.name, "status": "OK", "started_at": started}
    context.tables.run_id = run_id
    context.tables.append_ledger({**line, "source_set": outcome.source_set})


def test_files_become_raw_tables_and_rejects_and_every_record_is_accounted_for(spark, make_context, tmp_path):
    tracks = put(tmp_path, "mine/tracks.csv", tracks_csv(30) + "ragged\n")
    artists = put(tmp_path, "mine/artists.csv", ARTISTS + 'A,70,"{""rock""}",5,a1\nB,,"{""""}",,b1\n')
    context = make_context(
        f"sources.tracks={tracks}", f"sources.artists={artists}", "sources.file_dates={tracks.csv: 2024-05-06}"
    )

    outcome = JOB.run(context)

    assert (outcome.read, outcome.kept, outcome.rejected, outcome.merged) == (33, 32, 1, 0)
    assert outcome.reasons == {"ragged": 1}
    assert outcome.detail == "30 tracks from 1 file (tracks_artists), 2 artists from 1 file (artists)"
    assert outcome.source_set == '{"artists": "artists", "name": "mine", "tracks": "tracks_artists"}'
    first = context.tables.read("raw.tracks").where("line = 2").collect()[0]
    assert (first.source, first.file, first.file_date, first.layout) == (
        "mine",
        "tracks.csv",
        date(2024, 5, 6),
        "tracks_artists",
    )
    assert (first.track_id, first.artist_names, first.tempo, first.energy) == ("t0", "{'A'}", "120.0", None)
    found = (
        context.tables.read("raw.artists")
        .orderBy("line")
        .select("line", "file_date", "artist_id", "genres", "followers")
    )
    assert [tuple(row) for row in found.collect()] == [
        (2, None, "a1", '{"rock"}', "5"),
        (3, None, "b1", '{""}', None),
    ]
    assert [tuple(row) for row in context.tables.read("curated.rejects").collect()] == [
        (JOB.name, "mine", "tracks.csv", 32, "ragged", None, "ragged")
    ]


def test_too_many_rejects_or_a_damaged_file_change_no_table(spark, make_context, tmp_path):
    context = make_context(f"sources.tracks={put(tmp_path, 'm/a.csv', tracks_csv(10))}")
    JOB.run(context)
    versions = {name: context.tables.version(name) for name in ("raw.tracks", "raw.artists", "curated.rejects")}

    put(tmp_path, "m/a.csv", tracks_csv(9).encode() + b"\xe9\n")
    with pytest.raises(
        DataError, match=r"tracks: 1 of 10 rows would be rejected, .* = 5\.0%: not UTF-8 1; the first is a\.csv line 11"
    ):
        JOB.run(context)
    damaged = put(tmp_path, "m/a.csv.gz", gzip.compress(tracks_csv(10).encode())[:-20])
    with pytest.raises(DataError, match=r"a\.csv\.gz is damaged"):
        JOB.run(make_context(f"sources.tracks={damaged}"))

    after = make_context().tables  # knows nothing yet, so that it asks the tables
    assert {name: after.version(name) for name in versions} == versions
    assert after.read("raw.tracks").count() == 10


def test_another_source_set_is_refused_until_it_may_replace_the_first(make_context, tmp_path):
    first = put(tmp_path, "first/a.csv", tracks_csv(3))
    context = make_context(f"sources.tracks={first}")
    remember(context, JOB.run(context))

    put(tmp_path, "first/a.csv", tracks_csv(2))  # changed content and place are the same set
    again = make_context(f"sources.tracks={tmp_path}/first/*.csv")
    assert JOB.run(again).read == 2
    assert again.tables.read("raw.tracks").count() == 2

    second = put(tmp_path, "second/a.csv", tracks_csv(1))
    with pytest.raises(UsageError, match=r"set first \(tracks: tracks_artists.*brings second \(tracks"):
        JOB.run(make_context(f"sources.tracks={second}"))
    taken = make_context(f"sources.tracks={second}", "sources.replace=true")
    remember(taken, JOB.run(taken), run_id="r2", day=2)
    assert taken.tables.read("raw.tracks").select("source").distinct().collect()[0].source == "second"
    JOB.run(make_context(f"sources.tracks={second}"))  # the newest line of the ledger decides


def test_an_empty_delivery_is_an_error_or_where_allowed_a_skipped_step_that_keeps_the_tables(make_context, tmp_path):
    path = put(tmp_path, "m/a.csv", tracks_csv(3))
    JOB.run(make_context(f"sources.tracks={path}"))
    put(tmp_path, "m/a.csv", TRACKS)
    with pytest.raises(DataError, match=r"no rows: a\.csv"):
        JOB.run(make_context(f"sources.tracks={path}"))
    context = make_context(f"sources.tracks={path}", "sources.allow_empty=true")
    with pytest.raises(SkipStep, match="no rows") as caught:
        JOB.run(context)
    assert caught.value.keep_tables
    assert context.tables.read("raw.tracks").count() == 3


@pytest.mark.parametrize("text", [ARTISTS, ""])
def test_artists_without_rows_are_where_allowed_read_as_if_there_were_no_artists_file(make_context, tmp_path, text):
    tracks, artists = put(tmp_path, "m/tracks.csv", tracks_csv(3)), put(tmp_path, "m/artists.csv", text)
    both = (f"sources.tracks={tracks}", f"sources.artists={artists}")
    with pytest.raises(DataError, match="no rows: "):
        JOB.run(make_context(*both))

    context = make_context(*both, "sources.allow_empty=true")
    outcome = JOB.run(context)

    assert (outcome.read, outcome.detail) == (3, "3 tracks from 1 file (tracks_artists)")
    (warning,) = outcome.warnings
    assert warning.startswith("artists: no rows: ")
    assert (context.tables.read("raw.tracks").count(), context.tables.read("raw.artists").count()) == (3, 0)


def test_artists_that_are_empty_for_a_day_leave_the_root_with_its_source_set(make_context, tmp_path):
    tracks, artists = (
        put(tmp_path, "m/tracks.csv", tracks_csv(3)),
        put(tmp_path, "m/artists.csv", ARTISTS + "A,1,,,a1\n"),
    )
    context = make_context(f"sources.tracks={tracks}", f"sources.artists={artists}", "sources.allow_empty=true")
    full = JOB.run(context)
    remember(context, full)
    for text in (ARTISTS, ""):
        put(tmp_path, "m/artists.csv", text)
        assert JOB.run(context).source_set == full.source_set


def test_a_users_own_headers_fill_our_columns(make_context, tmp_path):
    path = put(tmp_path, "own/list.csv", 'Song,Who,Code,BPM,Mood\nn,"A, B",1,99,sad\n')
    columns = 'sources.columns={"Song": track_name, "Who": artist_names, "code": track_id, "BPM": tempo}'
    context = make_context(f"sources.tracks={path}", columns)
    outcome = JOB.run(context)
    assert outcome.warnings == ("tracks: columns not used: Mood",)
    assert outcome.source_set == '{"artists": "", "name": "own", "tracks": "custom"}'
    row = context.tables.read("raw.tracks").collect()[0]
    assert (row.layout, row.track_id, row.artist_names, row.tempo) == ("custom:single", "1", "A, B", "99")
    assert context.tables.read("raw.artists").count() == 0


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("sources.file_dates={b.csv: 2024-01-01}", r"sources\.file_dates names b\.csv"),
        ("sources.columns={Name: title}", "there is no column title"),
        ("sources.columns={Title: track_name}", "no file has a header 'Title'"),
        ("sources.encoding=utf-16", "files in utf-16 are not read"),
    ],
)
def test_a_setting_that_fits_no_file_is_refused(make_context, tmp_path, setting, message):
    path = put(tmp_path, "m/a.csv", tracks_csv(1))
    with pytest.raises(UsageError, match=message):
        JOB.run(make_context(f"sources.tracks={path}", setting))


def test_the_sample_catalogue_is_read_like_files_and_what_it_planted_is_written(make_context, tmp_path):
    context = make_context("sample.tracks=300")
    outcome = JOB.run(context)

    truth, raw, rejects = (context.tables.read(name) for name in ("ops.sample_truth", "raw.tracks", "curated.rejects"))
    assert outcome.read == truth.count()
    assert outcome.rejected == rejects.count() > 0
    assert outcome.source_set == '{"artists": "artists", "name": "sample", "tracks": "tracks_artists"}'
    # Every record stands where the generator says it put it, and its id with it.
    assert raw.count() + rejects.where(F.col("file").startswith("tracks")).count() == 300
    clean = truth.where("planted = '' and track_id is not null").withColumnRenamed("track_id", "meant")
    joined = clean.join(raw, on=["source", "file", "line"], how="left")
    assert joined.where("not (track_id <=> meant)").count() == 0
    # Files take over: what the sample planted goes.
    files = make_context(f"sources.tracks={put(tmp_path, 'm/a.csv', tracks_csv(1))}", "sources.replace=true")
    JOB.run(files)
    assert files.tables.read("ops.sample_truth").count() == 0
