"""What is kept of the index from run to run: after kills, damage, other formats; and which files leave."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from spark_app.cli.failures import explain_failure
from spark_app.jobs.find_similar_tracks import JOB
from spark_app.jobs.neighbour_index import FOLDER
from spark_app.similarity.neighbors import NearestNeighbors
from tests.frames import assert_same_rows
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


def test_a_run_killed_between_the_commits_of_neighbours_and_index_ends_as_one_left_alone(
    make_context, monkeypatch, tmp_path
):
    first = random_groups(enumerate(("a", "b", "c")))
    second = {**first, "b": {**first["b"], "b20": first["b"]["b03"]}}

    def killed(*_):
        raise KeyboardInterrupt

    for root in ("killed", "alone"):
        options = (*OPTIONS, f"tables.root={tmp_path / root}")
        catalogue(make_context(*options), first)
        JOB.run(make_context(*options))
        catalogue(make_context(*options), second)
        if root == "killed":
            with monkeypatch.context() as patched:
                patched.setattr("spark_app.jobs.find_similar_tracks.store_index", killed)
                with pytest.raises(KeyboardInterrupt):
                    JOB.run(make_context(*options))
            assert make_context(*options).tables.version("results.neighbours") == 1
        JOB.run(make_context(*options))

    killed_run, left_alone = (make_context(f"tables.root={tmp_path / root}").tables for root in ("killed", "alone"))
    assert_same_rows(killed_run.read("results.neighbours"), left_alone.read("results.neighbours"))
    moments = [tables.notes("models.neighbour_index")["moments"] for tables in (killed_run, left_alone)]
    assert moments[0] == moments[1]
    assert moments[0][0]["n"] == 60  # of the first delivery


def broken(file, damage):
    content = file.read_bytes()
    middle = len(content) // 2
    file.unlink()
    if damage != "gone":
        rest = b"" if damage == "cut" else bytes([content[middle] ^ 1]) + content[middle + 1 :]
        file.write_bytes(content[:middle] + rest)


def test_a_damaged_group_that_has_vanished_leaves_the_neighbours(make_context, a_file_a_group):
    groups = random_groups(enumerate(("a", "b", "c")))
    catalogue(make_context(*OPTIONS), groups)
    JOB.run(make_context(*OPTIONS))
    file_of(make_context(), "b").unlink()
    del groups["b"]
    catalogue(make_context(*OPTIONS), groups)

    JOB.run(make_context(*OPTIONS))

    assert neighbours_of(make_context()) == expected_of(make_context(), groups, 3)


def test_damage_that_a_task_meets_is_named_with_exit_3_and_mended_by_its_remedy(make_context, monkeypatch):
    groups = random_groups([(1, "a")])
    catalogue(make_context(*OPTIONS), groups)
    fit, files = NearestNeighbors.fit_groups, []

    def fitted_and_damaged(self, dataset, sizes):
        model = fit(self, dataset, sizes)
        files.append(Path(make_context().settings.root, FOLDER, model.shards[0].file))
        broken(files[0], "changed")
        return model

    with monkeypatch.context() as patched:
        patched.setattr(NearestNeighbors, "fit_groups", fitted_and_damaged)
        with pytest.raises(Exception, match=r".") as caught:
            JOB.run(make_context(*OPTIONS))

    shown = explain_failure(caught.value)
    assert shown.exit_code == 3
    assert shown.what == f"the neighbour index cannot use {files[0]}: its checksum differs"
    assert shown.remedy.startswith("Build it anew: spark-app find_similar_tracks.")
    JOB.run(make_context(*OPTIONS))
    assert neighbours_of(make_context()) == expected_of(make_context(), groups, 3)


def test_files_leave_one_by_one_when_no_table_names_them_and_their_build_is_a_day_old(make_context, a_file_a_group):
    groups = random_groups(enumerate(("a", "b", "c")))
    first = {}
    for run in (1, 2, 3, 4):
        groups["b"][f"b{run}0"] = groups["b"]["b00"]
        catalogue(make_context(*OPTIONS), groups)
        JOB.run(make_context(*OPTIONS))
        first = first or {group: file_of(make_context(), group) for group in "abc"}
        # The files of the table before stay for whoever reads it, and whatever is young.
        assert len(index_files(make_context())) == {1: 3, 2: 4, 3: 5, 4: 5}[run]
        if run == 3:
            assert first["b"].exists()
            for path in index_files(make_context()):
                os.utime(path, times=(time.time() - 2 * 24 * 3600,) * 2)
            unfinished = first["a"].parent.with_name("unfinished") / "0.arrow"
            unfinished.parent.mkdir()
            unfinished.touch()
    # Of the first build b's file alone has gone, and the second build with all that it held.
    assert [first[group].exists() for group in "abc"] == [True, False, True]
    assert unfinished.exists()


def test_a_run_whose_old_files_cannot_be_removed_is_done_and_warns(make_context, monkeypatch):
    def refused(*_, **__):
        raise PermissionError

    monkeypatch.setattr("spark_app.jobs.neighbour_index.remove_files_but", refused)
    groups = random_groups([(1, "a")])
    catalogue(make_context(*OPTIONS), groups)

    outcome = JOB.run(make_context(*OPTIONS))

    assert outcome.status == "WARN"
    assert "could not be removed" in outcome.warnings[0]
    assert neighbours_of(make_context()) == expected_of(make_context(), groups, 3)


@pytest.mark.parametrize("damage", ["gone", "cut", "changed"])
def test_a_group_whose_file_is_gone_or_damaged_is_built_anew_and_the_others_stay(make_context, a_file_a_group, damage):
    groups = random_groups(enumerate(("a", "b", "c")))
    catalogue(make_context(*OPTIONS), groups)
    JOB.run(make_context(*OPTIONS))
    before, neighbours = files_of(make_context()), neighbours_of(make_context())
    file = file_of(make_context(), "b")
    broken(file, damage)

    outcome = JOB.run(make_context(*OPTIONS))

    assert outcome.detail == "3 groups, 1 of them searched anew"
    assert outcome.warnings == ("1 file of the index gone or damaged: the groups concerned were searched anew",)
    assert file_of(make_context(), "b") != file
    assert len(before & files_of(make_context())) == 2
    assert neighbours_of(make_context()) == neighbours
    again = JOB.run(make_context(*OPTIONS))
    assert (again.detail, again.status) == ("3 groups, 0 of them searched anew", "OK")


@pytest.mark.parametrize(("change", "n_anew"), [("no JSON", 1), ('[{"group": "b", "colour": 1}]', 1), ("format", 3)])
def test_an_index_that_cannot_be_read_is_built_anew(make_context, a_file_a_group, change, n_anew):
    groups = random_groups(enumerate(("a", "b", "c")))
    catalogue(make_context(*OPTIONS), groups)
    JOB.run(make_context(*OPTIONS))
    tables = make_context().tables
    rows, notes = tables.read("models.neighbour_index").collect(), tables.notes("models.neighbour_index")
    if change == "format":
        notes["asked"]["format"] = 0
    else:
        rows = [(*row[:-1], change) if row.genre_group == "b" else row for row in rows]
    tables.write_rows("models.neighbour_index", rows, notes=notes)

    outcome = JOB.run(make_context(*OPTIONS))

    assert outcome.detail == ("3 groups" if n_anew == 3 else "3 groups, 1 of them searched anew")
    assert neighbours_of(make_context()) == expected_of(make_context(), groups, 3)
    assert JOB.run(make_context(*OPTIONS)).detail == "3 groups, 0 of them searched anew"
