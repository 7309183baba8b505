"""What the main job left of the built-in sample catalogue."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyspark.sql import functions as F

from spark_app import cli
from spark_app.columns import AUDIO12
from spark_app.jobs import PIPELINES
from spark_app.schemas import TABLES
from spark_app.tables import Tables
from spark_app.tables.local import read_rows
from tests.runs import TABLES_ON_REQUEST

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Lake:
    """One finished run of the main job."""

    root: str
    results: dict
    tables: Tables


@pytest.fixture(scope="module")
def lake(_session, readme_run) -> Lake:
    (path,) = Path(readme_run.folder, "build", "runs").glob("*/*/run_results.json")
    tables = Tables(_session, readme_run.lake, run_id="t", settings_hash="t", partitions=1)
    return Lake(readme_run.lake, json.loads(path.read_text()), tables)


def test_every_step_ran_and_rows_add_up(lake):
    assert [step["job"] for step in lake.results["steps"]] == list(PIPELINES["pipeline"])
    assert {step["status"] for step in lake.results["steps"]} <= {"OK", "WARN"}
    for step in lake.results["steps"]:
        rows = step["rows"]
        assert rows["read"] == rows["kept"] + rows["rejected"] + rows["merged"], step["job"]
        assert rows["kept"] > 0, step["job"]


def test_every_promised_table_is_there_and_its_key_is_unique(lake):
    for name in TABLES.keys() - TABLES_ON_REQUEST:
        key = list(TABLES[name].key)
        keys = read_rows(lake.root, name, key)
        n_keys = keys.drop_null().group_by(key).aggregate([]).num_rows
        assert keys.num_rows > 0, name
        assert keys.num_rows == n_keys, f"{name}: key {key} is not unique or holds null"


def test_the_scaled_features_have_mean_0_deviation_1_and_range_1(lake):
    features = lake.tables.read("features.audio")
    measures = [
        F.struct(
            F.avg(f"{name}_z").alias("mean"),
            F.stddev_pop(f"{name}_z").alias("std"),
            F.max(F.abs(f"{name}_range")).alias("top"),
        ).alias(name)
        for name in AUDIO12
    ]
    found = features.agg(*measures).first()
    for name in AUDIO12:
        assert abs(found[name]["mean"]) <= 1e-9, name
        assert math.isclose(found[name]["std"], 1, abs_tol=1e-9), name
        assert found[name]["top"] == 1.0, name


def test_each_track_has_as_many_neighbours_as_its_group_allows(lake):
    group_sizes = (
        lake.tables.read("features.audio")
        .dropna(subset=list(AUDIO12))
        .join(lake.tables.read("results.neighbours").select("track_id", "genre_group").distinct(), "track_id")
        .groupBy("genre_group")
        .agg(F.countDistinct("track_id").alias("size"))
    )
    per_track = lake.tables.read("results.neighbours").groupBy("track_id", "genre_group").count()
    wrong = per_track.join(group_sizes, "genre_group").where(F.col("count") != F.least(F.lit(10), F.col("size") - 1))
    assert wrong.count() == 0


def test_planted_dirt_is_rejected_and_planted_twins_are_grouped(lake):
    truth = lake.tables.read("ops.sample_truth")
    rejected = lake.tables.read("curated.rejects")
    ragged = truth.where(F.col("planted").contains("ragged"))
    assert ragged.count() > 0
    assert ragged.join(rejected, ["file", "line"], "left_anti").count() == 0

    variants = lake.tables.read("curated.variants")
    pairs = (
        truth.where(F.col("variant_of").isNotNull())
        .join(variants.select("track_id", F.col("variant_group").alias("own")), "track_id")
        .join(
            variants.select(F.col("track_id").alias("variant_of"), F.col("variant_group").alias("theirs")), "variant_of"
        )
    )
    assert pairs.count() > 0
    assert pairs.where("own != theirs").count() == 0


def test_similar_answers_for_a_title_of_the_catalogue(lake, capsys):
    title = lake.tables.read("curated.tracks").where("track_name rlike '^[a-zA-Z ]+$'").first()["track_name"]
    capsys.readouterr()
    code = cli.main(["similar", title.upper(), f"--set=tables.root={lake.root}", "--json"])
    assert code in (0, 3)  # 3: several artists have this title
    assert title.lower() in capsys.readouterr().out.lower()


def test_another_source_set_is_refused_and_no_table_changes(lake, tmp_path, capsys):
    folder = tmp_path / "other"
    folder.mkdir()
    header = "track,artist,uri,danceability,energy,key,loudness,mode,speechiness,acousticness,instrumentalness,"
    header += "liveness,valence,tempo,duration_ms,time_signature,chorus_hit,sections,target,decade"
    row = "Song,Singer,spotify:track:abc,0.5,0.5,1,-5,1,0.1,0.1,0,0.1,0.5,120,200000,4,30,10,1,2000"
    (folder / "hits.csv").write_text(f"{header}\n{row}\n")
    before = lake.tables.read("raw.tracks").count()

    places = [f"tables.root={lake.root}", f"run.build={tmp_path}", f"sources.tracks={folder / 'hits.csv'}"]
    code = cli.main(["ingest_catalogue", *(f"--set={place}" for place in places)])

    assert code == 2
    told = capsys.readouterr().err
    assert "sample" in told
    assert "other" in told
    assert lake.tables.read("raw.tracks").count() == before
