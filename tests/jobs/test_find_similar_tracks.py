"""find_similar_tracks as a job."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spark_app.columns import AUDIO12
from spark_app.errors import SkipStep
from spark_app.jobs import normalise_features
from spark_app.jobs.find_similar_tracks import JOB
from spark_app.jobs.neighbour_index import FOLDER
from spark_app.tables.local import open_table, plain_files
from tests.similarity.catalogues import brute_force, fill, fill_catalogue, random_vectors, vector

WITHOUT_KEY = [value if name != "key" else None for name, value in zip(AUDIO12, vector(1), strict=True)]


def test_writes_exact_neighbours_and_the_recall_of_both_engines(make_context):
    context = make_context("similar.k=3", "similar.lsh_sample=20")
    vectors = random_vectors(30).round(1)
    rock = [(f"r{i:02d}", "x", ["rock"], z) for i, z in enumerate(vectors.tolist())]
    fill_catalogue(
        context, [*rock, ("u1", None, [], vector(1)), ("u2", None, [], vector(2)), ("null", "x", ["rock"], WITHOUT_KEY)]
    )

    outcome = JOB.run(context)

    assert (outcome.read, outcome.kept, outcome.status) == (32, 32, "OK")
    words = outcome.detail.split(", ")
    assert words[:3] == ["2 groups", "1 of them with fewer than 3 neighbours a track", "1 skipped_null"]
    assert words[3] == "exact recall 1.000"
    assert words[4].startswith("spark_lsh recall 0.")
    rows = context.tables.read("results.neighbours").collect()
    expected, _ = brute_force(vectors, 3)
    assert {(r.track_id, r["rank"]): r.neighbour_id for r in rows if r.genre_group == "rock"} == {
        (f"r{i:02d}", rank + 1): f"r{neighbour:02d}"
        for i, line in enumerate(expected)
        for rank, neighbour in enumerate(line)
    }
    assert sorted((r.track_id, r.neighbour_id) for r in rows if r.genre_group == "unknown") == [
        ("u1", "u2"),
        ("u2", "u1"),
    ]
    assert {r.engine for r in rows} == {"exact"}
    recall = {(r.genre_group, r.engine): r for r in context.tables.read("results.neighbour_recall").collect()}
    assert set(recall) == {(g, e) for g in ("rock", "unknown", "all") for e in ("exact", "spark_lsh")}
    assert recall["rock", "exact"].n_tracks == 20
    assert recall["unknown", "exact"].k == 1
    assert recall["all", "spark_lsh"].search_seconds > 0
    assert 0 < recall["all", "spark_lsh"].recall < recall["all", "exact"].recall == 1


def test_the_sample_can_be_left_out(make_context):
    context = make_context("similar.lsh_sample=0")
    fill_catalogue(context, [("a", "x", ["rock"], vector(1)), ("b", "x", ["rock"], vector(2))])

    assert JOB.run(context).detail == "1 group, 1 of them with fewer than 10 neighbours a track"
    assert context.tables.read("results.neighbour_recall").count() == 0


def test_without_any_key_the_step_is_skipped_with_its_reason(make_context):
    context = make_context()
    fill_catalogue(context, [("a", "x", ["rock"], WITHOUT_KEY)])
    with pytest.raises(SkipStep, match="no key column"):
        JOB.run(context)


def catalogue(context, groups):
    """Curated tables and features of ``{group: {track_id: twelve numbers}}``, and their moments."""
    rows = [
        (track, ["x"], group, *[100.0 + 10 * value for value in values])
        for group, tracks in groups.items()
        for track, values in tracks.items()
    ]
    features = ", ".join(f"{name} double" for name in AUDIO12)
    ddl = f"track_id string, artist_ids array<string>, genre_group string, {features}"
    tracks = context.spark.createDataFrame(rows, ddl)
    fill(context, "curated.tracks", tracks)
    fill(context, "curated.track_genres", tracks.selectExpr("track_id", "genre_group as genre", "genre_group"))
    normalise_features.JOB.run(context)


def neighbours_of(context):
    rows = context.tables.read("results.neighbours").collect()
    return {(row.genre_group, row.track_id, row["rank"]): row.neighbour_id for row in rows}


def expected_of(context, groups, k):
    """Brute force on the z-scores of the index's own scaler, which may be that of an earlier run."""
    moments = {row["feature"]: row for row in context.tables.notes("models.neighbour_index")["moments"]}
    mean, std = (np.array([moments[name][what] for name in AUDIO12]) for what in ("mean", "std"))
    found = {}
    for group, tracks in groups.items():
        ids = sorted(tracks)
        vectors = (100 + 10 * np.array([tracks[name] for name in ids]) - mean) / std
        for i, line in enumerate(brute_force(vectors, k)[0]):
            found |= {(group, ids[i], rank + 1): ids[other] for rank, other in enumerate(line)}
    return found


def test_a_later_run_searches_only_the_groups_whose_tracks_have_changed(make_context):
    options = ("similar.k=3", "similar.lsh_sample=0")
    vectors = random_vectors(90)
    groups = {
        name: {f"{name}{i:02d}": vectors[start + i].tolist() for i in range(30)}
        for name, start in (("folk", 0), ("pop", 30), ("rock", 60))
    }
    catalogue(make_context(*options), groups)
    JOB.run(make_context(*options))
    files = set(plain_files(open_table(make_context().settings.root, "results.neighbours"), ""))

    assert JOB.run(make_context(*options)).detail == "3 groups, 0 of them searched anew"
    # Tracks added, changed and deleted; a group that leaves, and one that comes.
    groups["pop"] |= {"pop30": groups["pop"]["pop00"], "pop01": groups["rock"]["rock05"]}
    del groups["rock"]["rock07"]
    groups["soul"] = groups.pop("folk")
    catalogue(make_context(*options), groups)
    outcome = JOB.run(make_context(*options))

    assert outcome.detail == "3 groups"  # one file held all three, and was written anew
    assert neighbours_of(make_context()) == expected_of(make_context(), groups, 3)
    assert not files & set(plain_files(open_table(make_context().settings.root, "results.neighbours"), ""))


def test_groups_in_other_files_stay_as_they_are(make_context, monkeypatch):
    monkeypatch.setattr("spark_app.similarity.layout._PACKED_ROWS", 1)  # a file a group
    options = ("similar.k=3", "similar.lsh_sample=0")
    vectors = random_vectors(60)
    groups = {name: {f"{name}{i}": vectors[s + i].tolist() for i in range(20)} for name, s in (("a", 0), ("b", 20))}
    groups["c"] = {f"c{i}": vectors[40 + i].tolist() for i in range(20)}
    catalogue(make_context(*options), groups)
    JOB.run(make_context(*options))
    root = make_context().settings.root
    before = set(plain_files(open_table(root, "results.neighbours"), ""))
    index_files = {path.name for path in Path(root, FOLDER).rglob("*.arrow")}
    assert len(before) == len(index_files) == 3

    groups["b"]["b20"] = groups["b"]["b0"]
    catalogue(make_context(*options), groups)
    outcome = JOB.run(make_context(*options))

    assert outcome.detail == "3 groups, 1 of them searched anew"
    after = set(plain_files(open_table(root, "results.neighbours"), ""))
    assert (len(after - before), len(before - after)) == (1, 1)
    assert neighbours_of(make_context()) == expected_of(make_context(), groups, 3)
    assert make_context().tables.notes("models.neighbour_index")["moments"][0]["n"] == 60  # the scaler of before
    # The files of the table before stay for whoever reads it; one run later its last one is gone.
    assert len(list(Path(root, FOLDER).rglob("*.arrow"))) == 4


@pytest.mark.parametrize("change", ["similar.metric=cosine", "similar.max_drift=0"])
def test_other_settings_search_everything_anew(make_context, change):
    options = ("similar.k=3", "similar.lsh_sample=0")
    groups = {"a": {f"a{i}": z for i, z in enumerate(random_vectors(12).tolist())}}
    catalogue(make_context(*options), groups)
    JOB.run(make_context(*options))
    groups["a"]["a12"] = groups["a"]["a0"]
    catalogue(make_context(*options), groups)

    JOB.run(make_context(*options, change))

    fresh = {row.genre_group: row.fingerprint for row in make_context().tables.read("models.neighbour_index").collect()}
    notes = make_context().tables.notes("models.neighbour_index")
    assert notes["moments"][0]["n"] == 13  # of the catalogue as it is
    assert fresh["a"].startswith("13:")


def test_a_catalogue_that_has_drifted_is_searched_anew(make_context):
    options = ("similar.k=3", "similar.lsh_sample=0")
    groups = {
        name: {f"{name}{i}": z for i, z in enumerate(random_vectors(12, seed).tolist())}
        for seed, name in ((1, "a"), (2, "b"))
    }
    catalogue(make_context(*options), groups)
    JOB.run(make_context(*options))
    groups["b"]["b12"] = [50.0] * 12
    catalogue(make_context(*options), groups)

    assert JOB.run(make_context(*options)).detail == "2 groups"
    assert make_context().tables.notes("models.neighbour_index")["moments"][0]["n"] == 25


def test_neighbours_that_another_program_has_written_are_made_anew(make_context):
    options = ("similar.k=3", "similar.lsh_sample=0")
    groups = {"a": {f"a{i}": z for i, z in enumerate(random_vectors(12).tolist())}}
    catalogue(make_context(*options), groups)
    JOB.run(make_context(*options))
    make_context().tables.write_rows("results.neighbours", [])

    JOB.run(make_context(*options))

    assert neighbours_of(make_context()) == expected_of(make_context(), groups, 3)
