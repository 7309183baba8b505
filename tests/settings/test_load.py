"""Settings out of files and assignments, and what is said about wrong ones."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date

import pytest

from spark_app.errors import UsageError
from spark_app.settings import load_settings


def refused(overlays=(), assignments=()):
    """The error of wrong settings, which must say what to do."""
    with pytest.raises(UsageError) as caught:
        load_settings(overlays, assignments)
    assert caught.value.remedy
    return caught.value


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("/data/My #1 hits.csv", "/data/My #1 hits.csv"),
        ("/data/a: b.csv", "/data/a: b.csv"),
        ("/data/a=b.csv", "/data/a=b.csv"),
        ("2024", "2024"),
        ("no", "no"),
        ("null", "null"),
        ("[live]", "[live]"),
        ("*.csv", "*.csv"),
        ("  two words ", "two words"),
        ("", ""),
        ("'", "'"),
        ('"x"', "x"),
        ("'no'", "no"),
        ("''", ""),
        ('"a" and "b"', '"a" and "b"'),
    ],
)
def test_a_text_setting_takes_what_is_written(written, meant):
    sources = load_settings([], ["tables.root=lake", f"sources.tracks={written}"]).sources
    assert sources.tracks == meant


def test_a_text_below_a_mapping_is_taken_as_written_too():
    assert load_settings([], ["sources.columns.tempo=#1: bpm"]).sources.columns == {"tempo": "#1: bpm"}


def test_lists_mappings_numbers_flags_and_dates_are_read_as_yaml():
    settings = load_settings(
        [],
        [
            "curate.placeholder_artists=['no', b]",
            "sources.columns={tempo: bpm}",
            "sources.file_dates={a.csv: 2024-01-31}",
            "sources.replace=yes",
            "similar.k=7 # not the usual",
        ],
    )
    assert settings.curate.placeholder_artists == ["no", "b"]
    assert settings.sources.columns == {"tempo": "bpm"}
    assert settings.sources.file_dates == {"a.csv": date(2024, 1, 31)}
    assert (settings.sources.replace, settings.similar.k) == (True, 7)


@pytest.mark.parametrize(("written", "meant"), [("60", 60), ("auto", "auto"), ("distinct/10", "distinct/10")])
def test_the_number_of_clusters_is_a_number_or_a_rule(written, meant):
    assert load_settings([], [f"cluster.k={written}"]).cluster.k == meant


@pytest.mark.parametrize(
    ("assignment", "told"),
    [
        ("similar.k", "--set similar.k is no assignment"),
        ("=5", "--set =5 is no assignment"),
        ("similar.k=many", "setting similar.k: "),
        ("similar.k=1001", "setting similar.k: "),
        ("tables.root=gs://bucket/lake", "tables cannot lie in gs://bucket/lake: neither a path nor file:, "),
        ("tables.root=dbfs:/lake", "tables cannot lie in dbfs:/lake: "),
        ("similar.kk=5", "there is no setting similar.kk"),
        ("sources.tracks.x=5", "setting sources.tracks: "),
        ("cluster.k=0", "setting cluster.k: Value error, write a number from 1, auto, or distinct/N"),
        ("cluster.k=true", "setting cluster.k: "),
        ("cluster.k=distinct/0", "setting cluster.k: "),
        ("cluster.min_k=21", "setting cluster: Value error, min_k 21 is above max_k 20"),
        ("cluster.sample_rows=5001", "setting cluster.sample_rows: "),  # the silhouette holds the square
        ("similar.eval.resamples=10001", "setting similar.eval.resamples: "),
        ("sources.file_dates={a.csv: 2024-02-31}", "setting sources.file_dates: "),
        ("curate.placeholder_artists=[a", "setting curate.placeholder_artists: "),
    ],
)
def test_a_wrong_assignment_is_named_with_what_to_do(assignment, told):
    assert refused([], [assignment]).what.startswith(told)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("similar:\n  # größer\n  k: 5\n".encode("latin-1"), "is not UTF-8: byte 15 "),
        ("similar:\n  k: 5\n".encode("utf-16"), "is not UTF-8: byte 0 "),
        (b"similar:\n  k: [5\n", "is not valid YAML: line 3: "),
        (b"sources:\n  file_dates: {a.csv: 2024-02-31}\n", "is not valid YAML: "),
        (b"- similar\n", "holds no sections"),
    ],
)
def test_a_settings_file_that_cannot_be_used_is_named_with_what_to_do(tmp_path, content, told):
    file = tmp_path / "own.yaml"
    file.write_bytes(content)
    assert refused([str(file)]).what.startswith(f"{file} {told}")


def test_a_settings_file_that_is_not_there_is_named(tmp_path):
    assert f"{tmp_path}/own.yaml: No such file" in refused([f"{tmp_path}/own.yaml"]).what


def test_a_settings_file_is_utf_8_whatever_the_locale_says(tmp_path):
    (tmp_path / "own.yaml").write_text("sources:\n  name: Größte Hits\n", encoding="utf-8")
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from spark_app.settings import load_settings; print(ascii(load_settings(sys.argv[1:]).root))",
            str(tmp_path / "own.yaml"),
        ],
        env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert told.strip() == ascii("build/lake/Größte Hits")
