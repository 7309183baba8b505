"""What follows from the settings: the name of a source set, and with it the place of its tables."""

from __future__ import annotations

import pytest

from spark_app.errors import UsageError
from spark_app.settings import load_settings
from spark_app.settings.resolved import folder_name


@pytest.fixture
def hits(tmp_path, monkeypatch):
    """The working directory: a folder with two folders beside it, of which one has a dot in its name."""
    for name in ("hits", "hits/more", "data/v1.2"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "hits")
    return tmp_path


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("tracks.csv", "hits"),
        ("./tracks.csv", "hits"),
        ("*.csv", "hits"),
        ("more/../tracks.csv", "hits"),
        (".", "hits"),
        ("more", "more"),
        ("more/*", "more"),
        ("[mx]*/tracks.csv", "hits"),
        ("m?re/{a,b}.csv", "hits"),
        ("../data/v1.2", "v1.2"),
        ("../data/v1.2/tracks.csv", "v1.2"),
        ("../data/v1.3/", "v1.3"),  # not there yet, but a folder
        ("../data/v1.3", "data"),
        ("/tracks.csv", "catalogue"),
        ("/", "catalogue"),
    ],
)
def test_a_source_set_is_named_for_the_folder_that_holds_its_files(hits, path, name):
    assert folder_name(path) == name


def test_a_path_up_from_the_working_directory_names_the_folder_it_leads_to(hits):
    assert folder_name("../tracks.csv") == hits.name


def test_a_file_address_is_named_as_its_path_is(hits):
    assert folder_name(f"file://{hits}/data/v1.2") == folder_name(f"file:{hits}/data/v1.2") == "v1.2"


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("s3://bucket/hits/tracks.csv", "hits"),
        ("s3://bucket/hits/", "hits"),
        ("s3://bucket/v1.2/", "v1.2"),
        ("s3://bucket/tracks.csv", "bucket"),
        ("s3://bucket/*/tracks.csv", "bucket"),
        ("s3://my.bucket", "my.bucket"),
    ],
)
def test_an_address_is_named_by_its_own_parts_whatever_lies_here(hits, address, name):
    (hits / "hits" / "s3:" / "bucket" / "tracks.csv").mkdir(parents=True)
    assert folder_name(address) == name


def test_two_folders_used_from_inside_have_two_lakes(hits, monkeypatch):
    def root():
        return load_settings([], ["sources.tracks=tracks.csv"]).root

    here = root()
    monkeypatch.chdir(hits / "data")
    assert (here, root()) == ("build/lake/hits", "build/lake/data")


def test_a_folder_whose_name_no_table_can_have_is_refused_with_a_way_out(hits):
    with pytest.raises(UsageError, match="100% hits: its name holds %") as caught:
        load_settings([], ["sources.tracks=../100% hits/tracks.csv"])
    assert "--set tables.root=FOLDER" in caught.value.remedy
