"""How many rows a job is going to read."""

from __future__ import annotations

from spark_app.jobs.input_size import largest_input, playlist_rows, source_rows
from spark_app.settings import load_settings
from spark_app.tables import local

LINK, TWINS = "curated.track_artists", "curated.variants"


def test_the_largest_table_counts_and_one_that_does_not_tell_leaves_it_open(make_context, monkeypatch):
    context = make_context()
    context.tables.write_rows(LINK, [[f"t{i}", "a", 1] for i in range(3)])
    assert largest_input(context.settings, [TWINS, LINK]) == 3
    assert largest_input(context.settings, [TWINS]) == 0  # not written yet
    monkeypatch.setattr(local, "count_rows", lambda *_: None)
    assert largest_input(context.settings, [TWINS, LINK]) is None


def test_the_files_of_a_job_count_like_its_tables(make_context):
    context = make_context("sample.tracks=1234")
    assert largest_input(context.settings, [], source_rows) == 1234
    context.tables.write_rows(LINK, [[f"t{i}", "a", 1] for i in range(3)])
    assert largest_input(context.settings, [LINK], lambda _: 2) == 3
    assert largest_input(context.settings, [LINK], lambda _: None) is None


def test_playlists_count_where_there_are_any(tmp_path):
    (tmp_path / "a.json").write_bytes(b"x" * 40_000)

    def rows(*settings):
        return playlist_rows(load_settings([], settings))

    assert rows(f"sources.playlists={tmp_path}/a.json") == 200
    assert rows("sources.tracks=a.csv") == 0
    assert rows("sample.tracks=1234") == 1234


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
