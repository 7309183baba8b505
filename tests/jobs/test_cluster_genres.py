"""cluster_genres as a job."""

from __future__ import annotations

import pytest

from spark_app.columns import AUDIO12
from spark_app.errors import SkipStep
from spark_app.jobs.cluster_genres import JOB, _outcome
from spark_app.tables.rows import replace_rows
from tests.similarity.catalogues import fill_catalogue, random_vectors, vector

WITHOUT_KEY = [value if name != "key" else None for name, value in zip(AUDIO12, vector(1), strict=True)]
CLUSTERS, CARDS, DRIFT = "models.genre_clusters", "models.cluster_cards", "results.cluster_drift"


def test_clusters_every_group_but_unknown_and_counts_tracks_without_a_vector(make_context):
    context = make_context("cluster.k=3", "cluster.starts=1", "cluster.exemplars=2")
    rock = [(f"r{i}", "x", ["rock"], z) for i, z in enumerate(random_vectors(9))]
    fill_catalogue(
        context,
        [
            *rock,
            ("o", "x", ["other", "rock"], vector(1)),
            ("u", "x", [], vector(2)),
            ("null", "x", ["rock", "jazz"], WITHOUT_KEY),
        ],
    )

    outcome = JOB.run(context)

    assert (outcome.read, outcome.kept, outcome.status) == (11, 11, "OK")
    assert outcome.detail.startswith("4 clusters in 2 groups, seeds agree ")
    assert outcome.detail.endswith(", 2 skipped_null")
    clusters = context.tables.read(CLUSTERS).collect()
    assert sorted((r.track_id, r.genre_group) for r in clusters) == sorted(
        [("o", "other"), ("o", "rock"), *[(track, "rock") for track, *_ in rock]]
    )
    cards = {(card.genre_group, card.cluster): card for card in context.tables.read(CARDS).collect()}
    assert sum(card.n_tracks for card in cards.values()) == 11
    lone = cards["other", 0]
    assert (lone.k, lone.share, lone.exemplar_id, lone.exemplars, lone.stability) == (1, 1.0, "o", ["o"], None)
    assert lone.centre_raw == pytest.approx([100 + 10 * z for z in vector(1)])
    assert lone.words == "like the genre as a whole"
    assert lone.k_score is None
    assert -1 < cards["rock", 0].k_score < 1
    drift = context.tables.read(DRIFT).collect()
    assert {(row.version, row.change, row.previous_cluster) for row in drift} == {(1, "first", None)}
    assert {(row.genre_group, row.cluster) for row in drift} == set(cards)


def test_without_genres_or_without_a_feature_the_step_is_skipped(make_context):
    context = make_context()
    fill_catalogue(context, [("a", "x", [], vector(1))])
    with pytest.raises(SkipStep, match="no genres"):
        JOB.run(context)

    fill_catalogue(context, [("a", "x", ["rock"], WITHOUT_KEY)])
    with pytest.raises(SkipStep, match="no key column"):
        JOB.run(context)


def tracks(*at):
    return [(f"{name}", "x", ["rock"], vector(x)) for name, x in at]


BEFORE = tracks(("a", 0), ("b", 1), ("c", 2), ("x", 50), ("y", 51))
AFTER = tracks(("a", 0), ("b", 1), ("x", 50), ("y", 51), ("c", 53), ("z", 52))


def version_of(context, name):
    return {row.version for row in context.tables.read(name).collect()}


def test_a_new_version_tells_what_became_of_the_clusters_and_an_unchanged_one_is_none(make_context):
    context = make_context("cluster.k=2", "cluster.starts=1", "cluster.stability_seeds=0")
    fill_catalogue(context, BEFORE)
    JOB.run(context)
    first = context.tables.read(DRIFT).collect(), context.tables.version(DRIFT)

    JOB.run(context)  # the same input
    assert (context.tables.read(DRIFT).collect(), context.tables.version(DRIFT)) == first
    assert version_of(context, CARDS) == version_of(context, CLUSTERS) == {1}

    fill_catalogue(context, AFTER)
    JOB.run(context)
    assert version_of(context, CARDS) == version_of(context, CLUSTERS) == {2}
    assert version_of(context, DRIFT) == {1, 2}
    rows = {row.cluster: row for row in context.tables.read(DRIFT).where("version = 2").collect()}
    # By hand: before {a, b, c} around 1 and {x, y} around 50.5; now {x, y, z, c} and {a, b}.
    assert (rows[0].change, rows[0].previous_cluster, rows[0].previous_n_tracks, rows[0].n_tracks) == (
        "matched",
        1,
        2,
        4,
    )
    assert (rows[0].n_kept, rows[0].n_stayed, rows[0].size_change) == (2, 2, 1.0)
    assert (rows[1].previous_cluster, rows[1].n_kept, rows[1].n_stayed) == (0, 3, 2)
    assert rows[1].share_stayed == pytest.approx(2 / 3)
    assert rows[0].centre_shift_raw[0] == pytest.approx(10.0)  # 50.5 to 51.5, ten units to a z
    assert rows[0].centre_shift == pytest.approx(1.0)


def test_a_run_that_was_stopped_between_its_tables_is_made_good_by_the_next(make_context):
    context = make_context("cluster.k=2", "cluster.starts=1", "cluster.stability_seeds=0")
    fill_catalogue(context, BEFORE)
    JOB.run(context)
    fill_catalogue(context, AFTER)
    tables, write = context.tables, context.tables.write

    def stopped(name, *_, **__):
        raise KeyboardInterrupt(name)

    tables.write = lambda name, *args, **more: (write if name != CLUSTERS else stopped)(name, *args, **more)
    with pytest.raises(KeyboardInterrupt):
        JOB.run(context)
    assert version_of(context, CLUSTERS) == {1}
    drift = sorted(context.tables.read(DRIFT).collect())

    tables.write = write
    JOB.run(context)
    assert version_of(context, CARDS) == version_of(context, CLUSTERS) == {2}
    assert sorted(context.tables.read(DRIFT).collect()) == drift


def test_groups_count_by_their_tracks_in_how_far_seeds_agree():
    of_groups = {"rock": (0.5, [6, 3]), "pop": (1.0, [1]), "lone": (None, [9])}
    cards = [
        {"genre_group": group, "cluster": number, "n_tracks": n, "stability": agreement}
        for group, (agreement, sizes) in of_groups.items()
        for number, n in enumerate(sizes)
    ]
    assert ", seeds agree 0.55" in _outcome(cards, n_pairs=19).detail  # (9 x 0.5 + 1) / 10


def test_a_skipped_step_leaves_the_drift_and_no_version_is_given_twice(make_context):
    context = make_context("cluster.k=2", "cluster.starts=1", "cluster.stability_seeds=0")
    fill_catalogue(context, BEFORE)
    JOB.run(context)
    fill_catalogue(context, [("a", "x", [], vector(1))])

    with pytest.raises(SkipStep, match="no genres") as skipped:
        JOB.run(context)

    assert skipped.value.keep == (DRIFT,)
    for name in (CLUSTERS, CARDS):  # as the runner does
        context.tables.clear(name)
    told = [(row.version, row.change) for row in context.tables.read(DRIFT).collect()]
    assert sorted(told) == [(1, "first")] * 2 + [(2, "gone")] * 2

    with pytest.raises(SkipStep):  # once more: nothing is left to go
        JOB.run(context)
    fill_catalogue(context, AFTER)
    for _ in range(2):
        JOB.run(context)
        assert version_of(context, CARDS) == version_of(context, CLUSTERS) == {3}
        rows = context.tables.read(DRIFT).where("version > 2").collect()
        assert [(row.version, row.change, row.n_tracks > 0) for row in rows] == [(3, "first", True)] * 2


def test_a_run_that_was_stopped_before_its_cards_is_made_good_by_the_next(make_context):
    context = make_context("cluster.k=2", "cluster.starts=1", "cluster.stability_seeds=0")
    fill_catalogue(context, BEFORE)
    write = context.tables.write_rows

    def stopped(name, *args, **more):
        if name == CARDS:
            raise KeyboardInterrupt(name)
        return write(name, *args, **more)

    context.tables.write_rows = stopped
    with pytest.raises(KeyboardInterrupt):
        JOB.run(context)
    drift = context.tables.read(DRIFT).collect()

    context.tables.write_rows = write
    JOB.run(context)
    assert version_of(context, CARDS) == version_of(context, CLUSTERS) == {1}
    assert context.tables.read(DRIFT).collect() == drift


def test_cards_of_an_earlier_program_count_as_none(make_context):
    context = make_context("cluster.k=2", "cluster.starts=1", "cluster.stability_seeds=0")
    fill_catalogue(context, BEFORE)
    old = ["rock", 0, 1, 5, 1.0, "a", [0.0] * 12, *[None] * 9]
    replace_rows(context.settings.root, CARDS, [old], metadata="{}")

    JOB.run(context)

    assert version_of(context, CARDS) == {1}
    assert {row.change for row in context.tables.read(DRIFT).collect()} == {"first"}
