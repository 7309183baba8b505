"""find_similar_tracks as a job."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.spatial import cKDTree

from spark_app.columns import AUDIO12
from spark_app.errors import SkipStep
from spark_app.jobs.find_similar_tracks import JOB
from tests.jobs.neighbours import (
    OPTIONS,
    catalogue,
    expected_of,
    file_of,
    files_of,
    index_files,
    neighbours_of,
    random_groups,
)
from tests.similarity.catalogues import brute_force, fill_catalogue, random_vectors, vector

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


def test_a_later_run_searches_only_the_groups_whose_tracks_have_changed(make_context, a_file_a_group):
    groups = random_groups(enumerate(("blues", "folk", "jazz", "pop", "rock")))
    catalogue(make_context(*OPTIONS), groups)
    assert JOB.run(make_context(*OPTIONS)).detail == "5 groups"
    before, index_before = files_of(make_context()), index_files(make_context())
    kept = {file_of(make_context(), group) for group in ("blues", "jazz")}
    assert len(before) == len(index_before) == 5

    # A track is added and one changes, one is deleted, a group vanishes, another comes; two stay as they are.
    groups["pop"] |= {"pop20": groups["pop"]["pop00"], "pop01": groups["rock"]["rock05"]}
    del groups["rock"]["rock07"]
    groups["soul"] = {f"soul{i}": z for i, z in enumerate(random_vectors(9, 7).tolist())}
    del groups["folk"]
    catalogue(make_context(*OPTIONS), groups)
    outcome = JOB.run(make_context(*OPTIONS))

    assert outcome.detail == "5 groups, 3 of them searched anew"
    after = files_of(make_context())
    assert (len(before & after), len(after - before)) == (2, 3)
    assert {file_of(make_context(), group) for group in ("blues", "jazz")} == kept
    assert len(index_files(make_context()) - index_before) == 3
    assert neighbours_of(make_context()) == expected_of(make_context(), groups, 3)
    assert make_context().tables.notes("models.neighbour_index")["moments"][0]["n"] == 100  # the scaler of before


def test_groups_that_share_a_file_with_a_changed_one_are_searched_again_and_stay_right(make_context):
    groups = random_groups(enumerate(("folk", "pop", "rock")))
    catalogue(make_context(*OPTIONS), groups)
    JOB.run(make_context(*OPTIONS))
    before = files_of(make_context())
    assert len(before) == 1

    del groups["rock"]["rock07"], groups["folk"]
    catalogue(make_context(*OPTIONS), groups)

    assert JOB.run(make_context(*OPTIONS)).detail == "2 groups, 1 of them searched anew"
    assert not before & files_of(make_context())
    assert neighbours_of(make_context()) == expected_of(make_context(), groups, 3)


def test_a_run_in_which_nothing_changed_writes_nothing_and_tells_the_same(make_context, monkeypatch):
    options = ("similar.k=3", "similar.lsh_sample=20")
    catalogue(make_context(*options), random_groups([(1, "a")]))
    first = JOB.run(make_context(*options))
    names = ("results.neighbours", "models.neighbour_index", "results.neighbour_recall")
    versions = [make_context().tables.version(name) for name in names]

    with monkeypatch.context() as patched:
        patched.setattr("spark_app.jobs.neighbour_recall.hashed_sample", None)  # would fail if it were asked
        again = JOB.run(make_context(*options))

    assert again.detail == first.detail.replace("1 group", "1 group, 0 of them searched anew")
    assert "spark_lsh recall 0." in again.detail
    assert [make_context().tables.version(name) for name in names] == versions
    JOB.run(make_context(*options, "similar.lsh_tables=1"))  # another sample of the same neighbours
    assert [make_context().tables.version(name) for name in names] == [*versions[:2], versions[2] + 1]


def test_large_groups_in_shards_are_searched_by_an_engine_at_the_recall_asked_for(make_context, monkeypatch):
    monkeypatch.setattr("spark_app.similarity.neighbors.SHARD_ROWS", 2_500)
    options = ("similar.k=5", "similar.lsh_sample=0", "similar.exact_rows=0", "similar.target_recall=0.9")
    # Two features that vary: few lists of an inverted file then hold the neighbours.
    points = np.random.default_rng(7).normal(size=(3_830, 2))
    named = [(f"r{i:04d}", vector(*point)) for i, point in enumerate(points)]
    groups = {"rock": dict(named[:3_800]), "jazz": dict(named[3_800:])}
    for deleted in ("", "r0009"):
        groups["rock"].pop(deleted, None)
        catalogue(make_context(*options), groups)
        detail = "2 groups, 1 of them searched anew, 1 by ivf" if deleted else "2 groups, 1 by ivf"
        assert JOB.run(make_context(*options)).detail == detail
        (row,) = make_context().tables.read("models.neighbour_index").where("genre_group = 'rock'").collect()
        assert [shard["engine"] for shard in json.loads(row.shards)] == ["ivf", "ivf"]
        assert sum(shard["n_tracks"] for shard in json.loads(row.shards)) == row.n_tracks == len(groups["rock"])
        # By SciPy's tree on the z-scores of the index.
        assert found_share(make_context(), "rock", groups["rock"], 5) >= 0.9
        assert found_share(make_context(), "jazz", groups["jazz"], 5) == 1
    (row,) = make_context().tables.read("results.neighbour_recall").collect()
    assert (row.genre_group, row.engine, row.n_tracks) == ("rock", "ivf", 3_799)
    assert 0.9 <= row.low <= row.recall


def found_share(context, group, tracks, k):
    """Share of a group's neighbours that lie within the true k-th distance, of vectors that vary in two features; the
    stored distances must be those of the tracks that they name.
    """
    moments = {row["feature"]: row for row in context.tables.notes("models.neighbour_index")["moments"]}
    mean, std = (np.array([moments[name][what] for name in AUDIO12[:2]]) for what in ("mean", "std"))
    ids = sorted(tracks)
    vectors = (100 + 10 * np.array([tracks[name][:2] for name in ids]) - mean) / std
    stored = context.tables.read("results.neighbours").where(f"genre_group = '{group}'").toPandas()
    assert (stored.groupby("track_id").size() == k).all()
    assert sorted(set(stored["track_id"])) == ids
    assert (stored["track_id"] != stored["neighbour_id"]).all()
    query, other = (np.searchsorted(ids, stored[column]) for column in ("track_id", "neighbour_id"))
    np.testing.assert_allclose(stored["distance"], np.linalg.norm(vectors[query] - vectors[other], axis=1), rtol=1e-9)
    kth = cKDTree(vectors).query(vectors, k=k + 1)[0][:, -1]
    return (stored["distance"] <= kth[query] * (1 + 1e-9)).mean()


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
