"""Playlists, of files or of the sample catalogue, to the raw and the curated table."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime

import pytest

from spark_app.errors import DataError, SkipStep, UsageError
from spark_app.jobs import JOBS, PIPELINES
from spark_app.jobs.ingest_playlists import JOB
from spark_app.schemas import TABLES
from spark_app.sources import sample
from tests.jobs.catalogue import in_memory

SHOWN = ("playlist_id", "position", "track_id", "match_kind")


def entry(n, **values):
    return {"pos": n, "artist_name": "Ann", "track_uri": f"spotify:track:t{n}", "track_name": f"Song {n}", **values}


def put_slice(folder, name, *playlists):
    """A slice with playlists 0, 1 ... of the given tracks."""
    found = [{"name": "for Zoe", "pid": n, "tracks": tracks} for n, tracks in enumerate(playlists)]
    data = json.dumps({"info": {}, "playlists": found}, indent=4).encode()
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def fill(context, ids=("t0", "t1")):
    """Tracks of the catalogue, all called Song and by Ann."""
    schema = TABLES["curated.tracks"]
    plain = {"track_name": "Song", "artist_names": ["Ann"]}
    rows = [tuple({**plain, "track_id": track}.get(name) for name in schema.columns) for track in ids]
    context.tables.write("curated.tracks", context.spark.createDataFrame(rows, schema.struct))


def rows_of(context, *columns):
    table = context.tables.read("curated.playlist_tracks")
    return [tuple(row) for row in table.orderBy("playlist_id", "position").select(*(columns or SHOWN)).collect()]


def test_slices_become_both_tables_and_rejects_and_every_record_is_accounted_for(spark, make_context, tmp_path):
    tracks = [entry(0), None, entry(1, track_name="x" * 1001), entry(2), entry(2, track_name="Again"), entry(5, pos=-1)]
    put_slice(tmp_path, "mpd/mpd.slice.0-999.json", tracks, [entry(1)])
    put_slice(tmp_path, "mpd/mpd.slice.1000-1999.json.gz", [entry(9, track_name="SONG (Live)"), entry(2)])
    options = (f"sources.playlists={tmp_path}/mpd", "sources.name=mine", "curate.max_rejected_share=0.5")
    context = make_context(*options)
    fill(context)

    outcome = JOB.run(context)

    # Playlist 0 stands in both files: its second position 2 (of t2) loses against the first file.
    assert (outcome.read, outcome.kept, outcome.rejected, outcome.merged) == (9, 4, 3, 2)
    assert outcome.reasons == {"not JSON": 1, "no_position": 1, "text_too_long": 1}
    assert outcome.detail == (
        "2 playlists, matched 75.0% of rows and 75.0% of distinct tracks (2 by id, 1 by title of which 1 ambiguous)"
    )
    assert rows_of(context) == [
        ("0", 1, "t0", "id"),
        ("0", 3, None, None),
        ("0", 10, "t0", "title_artist"),
        ("1", 2, "t1", "id"),
    ]
    first = context.tables.read("raw.playlists").orderBy("file", "line").collect()[0]
    assert (first["source"], first["file"], first["line"]) == ("mine", "mpd.slice.0-999.json", 8)
    assert (first["playlist_id"], first["position"], first["track_id"]) == ("0", "0", "spotify:track:t0")
    rejects = context.tables.read("curated.rejects").orderBy("line").collect()
    assert sorted((row["job"], row["reason"]) for row in rejects) == [
        (JOB.name, "merged_conflict"),
        (JOB.name, "no_position"),
        (JOB.name, "not JSON"),
        (JOB.name, "text_too_long"),
    ]
    stored = [str(row) for name in ("raw.playlists", "curated.rejects") for row in context.tables.read(name).collect()]
    assert not any("Zoe" in row for row in stored)  # names of playlists are nobody's business

    assert JOB.run(make_context(*options)) == outcome  # the same set again
    assert len(rows_of(context)) == 4


def test_rows_of_parquet_are_matched_by_title(spark, make_context, tmp_path):
    frame = spark.createDataFrame(
        [
            (575000, "dope", "an album", "Ann", 0, "Song - 2011 Remaster", 3.0),
            (575000, "dope", "b", "Bob", 1, "Song", 2.0),
        ],
        "playlist_id long, playlist_name string, album_name string, artist_name string, pos long, track_name string, "
        "track_duration_min double",
    )
    frame.coalesce(1).write.parquet(str(tmp_path / "tracks.parquet"))
    context = in_memory(make_context(f"sources.playlists={tmp_path}/tracks.parquet", "sources.name=mine"))
    fill(context, ["t0"])
    outcome = JOB.run(context)
    assert outcome.warnings == ()
    assert rows_of(context, *SHOWN, "duration_ms") == [
        ("575000", 1, "t0", "title_artist", 180_000.0),
        ("575000", 2, None, None, 120_000.0),
    ]


def test_a_slice_that_breaks_off_names_itself_and_what_is_whole_of_it_can_be_read(make_context, tmp_path):
    path = put_slice(tmp_path, "mpd/b.json", [entry(0), entry(1)])
    path.write_bytes(path.read_bytes()[:-120])
    put_slice(tmp_path, "mpd/a.json", [entry(0)])
    options = (f"sources.playlists={tmp_path}/mpd", "sources.name=mine")
    context = in_memory(make_context(*options))
    fill(context)
    with pytest.raises(DataError, match=r"b\.json is damaged: .* in line 1\d") as caught:
        JOB.run(context)
    assert caught.value.exit_code == 3
    assert "allow_partial" in caught.value.remedy
    assert not context.tables.exists("raw.playlists")

    partial = in_memory(make_context(*options, "sources.allow_partial=true", "curate.max_rejected_share=0.5"))
    fill(partial)
    outcome = JOB.run(partial)
    assert (outcome.read, outcome.kept, outcome.rejected, outcome.merged) == (3, 1, 1, 1)
    assert outcome.warnings == ("b.json breaks off in line 14; what stands before was read",)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.json", "[1, 2]", r"a\.json is no slice of playlists"),
        ("a.json", '{"playlists": []}', "no rows: "),
        ("a.csv", "pid,name\n1,x\n", r"nearest is playlist_tracks, which lacks position \(pos or position\)"),
    ],
)
def test_what_holds_no_playlists_is_refused(make_context, tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    context = in_memory(make_context(f"sources.playlists={tmp_path}/{name}", "sources.name=mine"))
    with pytest.raises(DataError, match=message):
        JOB.run(context)


def test_too_many_rejects_change_no_table(make_context, tmp_path):
    path = put_slice(tmp_path, "a.json", [entry(0), entry(1, pos="first")])
    context = in_memory(make_context(f"sources.playlists={path}", "sources.name=mine"))
    fill(context)
    with pytest.raises(DataError, match=r"1 of 2 rows of the playlists would be rejected .* no_position 1"):
        JOB.run(context)
    assert not context.tables.exists("raw.playlists")


def test_without_playlists_the_step_is_skipped_and_an_empty_delivery_keeps_the_tables(make_context, tmp_path):
    with pytest.raises(SkipStep, match="names no playlists") as caught:
        JOB.run(in_memory(make_context("sources.tracks=mine.csv")))
    assert not caught.value.keep_tables
    path = put_slice(tmp_path, "a.json", [])
    allowed = make_context(f"sources.playlists={path}", "sources.name=mine", "sources.allow_empty=true")
    with pytest.raises(SkipStep, match="no rows") as caught:
        JOB.run(in_memory(allowed))
    assert caught.value.keep_tables


def test_playlists_are_put_beside_the_tracks_of_their_own_set_only(make_context, tmp_path):
    path = put_slice(tmp_path, "a.json", [entry(0)])
    context = make_context(f"sources.playlists={path}", "sources.name=theirs")
    started = datetime(2026, 1, 1, tzinfo=UTC)
    line = {"run_id": "r1", "step": 1, "job": "ingest_catalogue", "status": "OK", "started_at": started}
    context.tables.append_ledger({**line, "source_set": '{"artists": "", "name": "mine", "tracks": "custom"}'})
    with pytest.raises(UsageError, match=r"belongs to the source set mine .* to belong to theirs") as caught:
        JOB.run(context)
    assert "sources.name=mine" in caught.value.remedy


def test_the_sample_catalogue_brings_playlists_of_its_own(make_context):
    context = in_memory(make_context("sample.tracks=300"))
    entries = sample.sample_playlists(context.spark, tracks=300, seed=context.settings.run.seed).collect()
    ids = {row["track_id"] for row in entries[:3]}
    fill(context, ids)
    outcome = JOB.run(context)
    assert outcome.read == outcome.kept == len(entries) > 100
    found = rows_of(context, "playlist_id", "position", "source_track_id")
    assert found == sorted((row["playlist_id"], row["position"], row["track_id"]) for row in entries)
    assert {row[2] for row in rows_of(context) if row[3] == "id"} == ids
    assert outcome.status == "OK"


def test_the_step_stands_behind_the_curated_tracks_and_before_what_uses_playlists():
    order = PIPELINES["pipeline"]
    assert order.index("curate_tracks") < order.index(JOB.name) < order.index("eval_audio_similarity")
    assert set(JOBS[JOB.name].writes) == {"raw.playlists", "curated.playlist_tracks"}
