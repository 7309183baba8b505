"""Lists of MLlib's join, evaluated like any other engine's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spark_app.errors import UsageError
from spark_app.similarity.evaluation.plan import Ranking
from spark_app.similarity.evaluation.spark_lsh import lsh_lists, unit_of
from tests.similarity import catalogues
from tests.similarity.catalogues import random_vectors
from tests.similarity.evaluation.frames import evaluated, members_of, plan_of
from tests.similarity.evaluation.oracle import Track, distance


def tracks_of(n):
    vectors = random_vectors(n)
    return [
        Track(f"t{i:02d}", "rock" if i % 3 else "pop", f"a{i % 5}", vectors={"z": z}) for i, z in enumerate(vectors)
    ]


def lists_of(members, sizes, metric, bucket_length, scaling="z"):
    # Buckets meet at the origin, whatever their length: it takes many tables until no pair is parted in all.
    found = lsh_lists(
        members, scaling=scaling, metric=metric, k=3, sizes=sizes, tables=20, bucket_length=bucket_length, seed=1
    )
    return {row["track_id"]: row["neighbours"] for row in found.collect()}


def between(one, other):
    """Euclidean distance of the directions."""
    return np.sqrt(2 * distance("cosine", one.vectors["z"], other.vectors["z"]))


def test_in_one_bucket_its_lists_are_the_nearest_below_the_threshold(spark):
    tracks = tracks_of(30)

    found = lists_of(members_of(spark, tracks, scalings=["z"]), {"rock": 20, "pop": 10}, "cosine", 1e4)

    for group in ("rock", "pop"):
        own = [one for one in tracks if one.group == group]
        ranked = {}
        for one in own:
            far = {x.id: between(one, x) for x in own if x is not one}
            ranked[one.id] = sorted(far.items(), key=lambda pair: pair[1])
        limit = np.percentile([far[2][1] for far in ranked.values()], 90)  # of the third nearest, as in the join
        for one in own:
            near = [name for name, far in ranked[one.id] if far < limit + 1e-9][:6]
            assert found.get(one.id, []) == near
    assert sum(len(names) > 3 for names in found.values()) > 5  # near-twins can be taken out


@pytest.mark.parametrize("unit", [2.0**20, 2.0**-20])
def test_lists_do_not_depend_on_the_unit_of_the_vectors(spark, unit):
    # Nearest tracks lie millions apart, beyond the place that the join gives each group, or millionths.
    tracks = [replace(one, vectors={**one.vectors, "none": unit * one.vectors["z"]}) for one in tracks_of(30)]
    members, sizes = members_of(spark, tracks, scalings=["z", "none"]), {"rock": 20, "pop": 10}

    expected = lists_of(members, sizes, "euclidean", 2.0)

    assert sum(len(names) for names in expected.values()) > 50
    assert lists_of(members, sizes, "euclidean", 2.0, scaling="none") == expected


def test_the_unit_is_the_mean_deviation_of_what_varies_as_a_power_of_two(spark):
    # Deviations 3 and 6; their mean is 4.5, the nearest power of two 4. Ten times 0.1 has one of 1e-17, and none.
    rows = [("a", "rock", [0, 0, *[0.1] * 10]), ("b", "rock", [6, 12, *[0.1] * 10])]
    assert unit_of(catalogues.members(spark, rows)) == 4.0
    assert unit_of(catalogues.members(spark, [(f"t{i}", "rock", z) for i, z in enumerate(random_vectors(200))])) == 1.0
    assert unit_of(catalogues.members(spark, rows[:1])) == unit_of(catalogues.members(spark, [])) == 1.0


def test_its_lists_are_judged_and_what_they_lack_is_missed(spark):
    tracks = tracks_of(30)
    ranking, exact = Ranking("z", "euclidean", "spark_lsh"), Ranking("z", "euclidean", "exact")
    lists = [(one.id, [x.id for x in tracks if x.artist == one.artist and x is not one][:1]) for one in tracks[:9]]
    frame = spark.createDataFrame(lists, f"track_id string, {ranking.list_column} array<string>")
    members = members_of(spark, tracks, scalings=["z"]).join(frame, "track_id", "left")

    rows = evaluated(members, tracks, plan_of(exact, ranking, ks=(1,), protocols=("artist",)))

    group = {one.id: one.group for one in tracks}
    is_asked = [any(x.group == o.group and x.artist == o.artist and x is not o for x in tracks) for o in tracks]
    n_hits = sum(group[query] == group[other] for query, (other, *_) in lists)  # of another group: not in the list
    assert 0 < n_hits < 9
    assert rows["artist", "z", "spark_lsh", "all", "hit@1"]["value"] == pytest.approx(n_hits / sum(is_asked))
    assert rows["artist", "z", "exact", "all", "hit@1"]["n_queries"] == sum(is_asked)


def test_groups_too_large_for_it_are_refused(spark):
    members = members_of(spark, tracks_of(2), scalings=["z"])
    with pytest.raises(UsageError, match="below 100,000"):
        lists_of(members, {"rock": 100_000}, "euclidean", 2.0)
