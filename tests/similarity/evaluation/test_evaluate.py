"""Every number of an evaluation: a hand-worked catalogue, brute force, and what must not change any of them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from pyspark.sql import functions as F

from spark_app.similarity.evaluation.plan import Ranking
from spark_app.similarity.evaluation.protocols import PROTOCOLS
from spark_app.similarity.evaluation.queries import with_sample
from spark_app.similarity.evaluation.summary import means
from spark_app.similarity.evaluation.sums import artist_sums
from tests.similarity.catalogues import random_vectors, vector
from tests.similarity.evaluation.frames import evaluated, members_of, plan_of
from tests.similarity.evaluation.oracle import NAMES, Track, by_popularity, by_vectors, query_scores

EXACT = Ranking("z", "euclidean", "exact")


def on_a_line(rows):
    """Tracks from ``(id, group, artist, song, place)``."""
    return [Track(one, group, artist, variant=song, vectors={"z": vector(z)}) for one, group, artist, song, z in rows]


def test_three_protocols_on_a_line_of_six_tracks(spark):
    # On a line: a 0, a's twin 1, another artist's track 2, a third track of the first artist 4, and two without artist.
    tracks = on_a_line(
        [
            ("a", "rock", "x", "song", 0),
            ("b", "rock", "x", "song", 1),
            ("c", "rock", "y", "c", 2),
            ("d", "rock", "x", "d", 4),
            ("e", "rock", None, "e", 50),
            ("f", "rock", None, "f", 51),  # no artist is no common artist
            ("g", "pop", "x", "g", 1),  # alone in its group
        ]
    )
    plan = plan_of(EXACT, ks=(2,), protocols=("P0", "artist_with_twins", "artist"))
    found = evaluated(members_of(spark, tracks, scalings=["z"]), tracks, plan)

    def told(protocol, engine, genre, metric):
        row = found[protocol, "z" if engine == "exact" else "none", engine, genre, metric]
        return row["value"], row["n_queries"], row["n_excluded"]

    # Nearest two: a: b c; b: a c (tie by id); c: b a (d is as far as a); d: c b; e: f d; f: e d; g: none.
    assert told("P0", "exact", "all", "hit@2") == (pytest.approx(3 / 7), 7, 0)  # a, b, d
    assert told("P0", "exact", "all", "mrr@2") == (pytest.approx((1 + 1 + 1 / 2) / 7), 7, 0)
    assert told("P0", "exact", "macro", "hit@2") == (pytest.approx((3 / 6 + 0) / 2), 7, 0)
    assert told("artist_with_twins", "exact", "all", "hit@2") == (pytest.approx(1), 3, 4)
    assert told("artist_with_twins", "exact", "all", "recall@2") == (pytest.approx(1 / 2), 3, 4)
    assert told("artist_with_twins", "exact", "pop", "hit@2") == (None, 0, 1)
    # Without twins: a: c d (b taken out, d moves up: hit at 2); b: c d; d: c b, of the relevant a and b.
    assert told("artist", "exact", "all", "mrr@2") == (pytest.approx(1 / 2), 3, 4)
    assert told("artist", "exact", "all", "recall@2") == (pytest.approx((1 + 1 + 1 / 2) / 3), 3, 4)
    # Chance, two of the candidates drawn: a and b have 1 of 4; d has 2 of 5.
    by_chance = (1 / 2 + 1 / 2 + (1 - 3 / 10)) / 3
    assert told("artist", "random", "all", "hit@2")[0] == pytest.approx(by_chance)
    assert told("artist_with_twins", "random", "all", "hit@2")[0] == pytest.approx(1 - 3 / 10)  # 2 of 5 each
    row = found["artist", "z", "exact", "all", "hit@2"]
    assert row["lift"] == pytest.approx(row["value"] / by_chance)
    assert found["artist_with_twins", "z", "exact", "pop", "hit@2"]["lift"] is None
    # Of a single artist every resample would be the same: no interval. Nobody has a popularity.
    assert (row["n_artists"], row["low"], row["high"]) == (1, None, None)
    assert found["P0", "z", "exact", "all", "hit@2"]["n_artists"] == 4  # x, y, and two tracks without any
    assert {key[2] for key in found} == {"exact", "random"}


def test_another_album_leaves_out_the_own_one_and_tracks_without_any(spark):
    # x has two tracks on album m, one on n, one without album, on a line with another artist's track on m.
    places = [("a", "x", "m", 0), ("b", "x", "m", 1), ("c", "y", "m", 2), ("d", "x", None, 3), ("e", "x", "n", 4)]
    tracks = [Track(one, "rock", artist, album, vectors={"z": vector(z)}) for one, artist, album, z in places]
    plan = plan_of(EXACT, ks=(1, 2), protocols=("other_album",))
    found = evaluated(members_of(spark, tracks, scalings=["z"]), tracks, plan)

    def value(metric, engine="exact"):
        return found["other_album", "z" if engine == "exact" else "none", engine, "all", metric]["value"]

    # a and b: d e, of which e is relevant, at 2. e: d c b a, of the relevant a and b none within 2. c and d: nothing.
    assert value("hit@1") == 0
    assert value("hit@2") == pytest.approx(2 / 3)
    assert value("recall@2") == pytest.approx(2 / 3)
    row = found["other_album", "z", "exact", "all", "hit@2"]
    assert (row["n_queries"], row["n_excluded"], row["k"]) == (3, 2, 2)
    # Drawn at random: 1 of the 2 candidates for a and b, 2 of 4 for e.
    assert value("hit@1", "random") == pytest.approx(1 / 2)


@pytest.fixture(scope="module")
def tracks():
    """Three groups and one of one; ties, missing artists, albums, popularity; pairs across groups and to strangers."""
    draw = np.random.default_rng(5)
    n = 70

    def some(prefix, of):
        number = int(draw.integers(0, of))
        return f"{prefix}{number}" if number else None

    made = []
    for i in range(n):
        artist = some("artist ", 7)
        # The last ten stand where the first ten do.
        vectors = {"z": random_vectors(1, seed=i % 60)[0], "none": random_vectors(1, seed=i)[0]}
        made.append(
            Track(
                id=f"t{i:02d}",
                group="only" if i == 69 else ("rock", "rock", "pop", "unknown")[i % 4],
                artist=artist,
                album=some("album ", 9),
                variant=f"{artist} {draw.integers(3)}" if artist else "",
                family=some("family ", 25),
                popularity=float(draw.integers(0, 9)) if i % 3 else None,
                related=tuple(f"t{other:02d}" for other in draw.integers(0, n + 5, 6)),
                vectors=vectors,
            )
        )
    return made


RANKINGS = (EXACT, Ranking("none", "cosine", "exact"), Ranking("z", "inner_product", "exact"))
SORTS = {
    ("z", "exact"): by_vectors("z", "euclidean"),
    ("none/cosine", "exact"): by_vectors("none", "cosine"),
    ("z/inner_product", "exact"): by_vectors("z", "inner_product"),
    ("none", "popularity"): by_popularity,
    ("none", "random"): "random",
}


def scores_of(tracks, protocol, sort, k):
    """Query -> its metrics by brute force, None where it is excluded."""
    found = {one.id: query_scores(protocol, one, tracks, k=k, sort=sort) for one in tracks}
    if protocol == "P0":
        found = {name: scores or [0.0] * len(NAMES) for name, scores in found.items()}
    return found


@pytest.fixture(scope="module")
def found(_session, tracks):
    members = members_of(_session, tracks, scalings=["z", "none"])
    return evaluated(members, tracks, plan_of(*RANKINGS, ks=(2, 5)))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_mean_equals_brute_force(found, tracks, protocol):
    n_compared = 0
    for (scaling, engine), sort in SORTS.items():
        for k in (2, 5):
            scores = scores_of(tracks, protocol, sort, k)
            groups = ["rock", "pop", "unknown", "only"]
            if engine == "popularity":  # the lone track has none
                assert not any(key[2:4] == ("popularity", groups[-1]) for key in found)
                groups.remove("only")
            known = [one for one in tracks if one.group in groups]
            expected = {}
            for genre in (*groups, "all"):
                ids = [one.id for one in known if genre in (one.group, "all")]
                counted = [scores[one] for one in ids if scores[one] is not None]
                asked = {one.artist or one.id for one in known if one.id in ids and scores[one.id] is not None}
                expected[genre] = np.mean(counted, axis=0) if counted else None
                for at, name in enumerate(NAMES):
                    row = found[protocol, scaling, engine, genre, f"{name}@{k}"]
                    assert (row["n_queries"], row["n_excluded"]) == (len(counted), len(ids) - len(counted))
                    assert row["n_artists"] == len(asked)
                    assert (row["low"] is None, row["high"] is None) == (len(asked) < 5, len(asked) < 5)
                    if not counted:
                        assert (row["value"], row["low"], row["high"]) == (None, None, None)
                    elif not math.isnan(expected[genre][at]):  # of chance the oracle knows three metrics
                        assert row["value"] == pytest.approx(expected[genre][at], abs=1e-12)
                        n_compared += 1
            by_genre = [expected[genre] for genre in groups if genre != "unknown" and expected[genre] is not None]
            macro = np.mean(by_genre, axis=0)
            for at, name in enumerate(NAMES):
                if not math.isnan(macro[at]):
                    value = found[protocol, scaling, engine, "macro", f"{name}@{k}"]["value"]
                    assert value == pytest.approx(macro[at], abs=1e-12)
    assert n_compared > 150


@pytest.mark.parametrize(("protocol", "genre"), [("artist", "all"), ("P0", "macro"), ("playlists", "rock")])
def test_intervals_are_those_of_drawing_whole_artists_and_averaging_anew(spark, found, tracks, protocol, genre):
    scores = scores_of(tracks, protocol, SORTS["z", "exact"], 5)
    # The draws follow from the number of artists and the seed; artists stand in the order of their hashes.
    hashes = {row["track_id"]: row["unit"] for row in members_of(spark, tracks, scalings=[]).collect()}
    units = sorted(set(hashes.values()))
    rng, draws = np.random.default_rng(7), []
    for _ in range(100):
        drawn = [units[i] for i in rng.integers(0, len(units), len(units))]
        queries = [one for unit in drawn for one in tracks if hashes[one.id] == unit and scores[one.id] is not None]
        by_group = {}
        for one in queries:
            by_group.setdefault(one.group, []).append(scores[one.id][0])
        if genre == "macro":
            draws.append(np.mean([np.mean(hits) for group, hits in by_group.items() if group != "unknown"]))
        else:
            hits = [hit for group, found_hits in by_group.items() if genre in (group, "all") for hit in found_hits]
            draws.append(np.mean(hits))
    row = found[protocol, "z", "exact", genre, "hit@5"]
    assert (row["low"], row["high"]) == pytest.approx(np.percentile(draws, [2.5, 97.5]).tolist(), abs=1e-12)
    assert row["low"] < row["value"] < row["high"]


def assert_same(one, other):
    assert set(one) == set(other)
    for key, row in one.items():
        assert row == pytest.approx(other[key], abs=1e-12), key


def test_nothing_depends_on_partitioning_or_on_what_is_evaluated_beside(spark, found, tracks):
    members = members_of(spark, tracks[::-1], scalings=["z", "none"]).repartition(7)
    assert_same(evaluated(members, tracks, plan_of(*RANKINGS, ks=(2, 5))), found)
    alone = evaluated(members, tracks, plan_of(EXACT, ks=(5,), protocols=("artist",)))
    assert_same(alone, {key: found[key] for key in alone})
    # Exact, popularity, random; four groups, all, macro; popularity knows nothing of one group.
    assert len(alone) == (3 * 6 - 1) * len(NAMES)


def test_the_order_of_what_is_not_relevant_does_not_matter(spark, found, tracks):
    # Two tracks of other artists than all the rest swap their places in space.
    strangers = [replace(one, artist=None, variant="", album=None) for one in tracks[:2] if one.group == "rock"]
    assert len(strangers) == 2
    before = [*strangers, *tracks[2:]]
    after = [replace(a, vectors=b.vectors) for a, b in zip(strangers, strangers[::-1], strict=True)] + tracks[2:]
    plan = plan_of(EXACT, protocols=("artist",))
    old, new = (evaluated(members_of(spark, made, scalings=["z"]), made, plan) for made in (before, after))
    assert_same(old, new)


def test_a_perfect_engine_scores_one_and_more_is_found_in_longer_lists(spark, found, tracks):
    # Tracks of an artist stand together, far from all others; no artist has more than 10 others.
    names = sorted({one.artist or one.id for one in tracks})
    together = [
        replace(one, variant="", vectors={"z": vector(100 * names.index(one.artist or one.id), i % 5)})
        for i, one in enumerate(tracks)
    ]
    rows = evaluated(members_of(spark, together, scalings=["z"]), together, plan_of(EXACT, protocols=("artist",)))
    values = {key[4]: row["value"] for key, row in rows.items() if key[1:4] == ("z", "exact", "all")}
    assert {name: values[f"{name}@10"] for name in NAMES if name != "precision"} == pytest.approx(
        {name: 1.0 for name in NAMES if name != "precision"}
    )
    assert (
        found["artist", "z", "exact", "all", "hit@2"]["value"] < found["artist", "z", "exact", "all", "hit@5"]["value"]
    )
    assert (
        found["artist", "z", "exact", "all", "recall@2"]["value"]
        < found["artist", "z", "exact", "all", "recall@5"]["value"]
    )


def test_a_sample_of_queries_is_searched_among_all(spark, found, tracks):
    members = with_sample(members_of(spark, tracks, scalings=["z"]), share=0.5, seed=3)
    asked = {row["track_id"] for row in members.where("is_query").collect()}
    assert 20 < len(asked) < 50
    rows = evaluated(members.repartition(3), tracks, plan_of(EXACT, ks=(5,), protocols=("P0",)))

    scores = scores_of(tracks, "P0", SORTS["z", "exact"], 5)
    row = rows["P0", "z", "exact", "all", "hit@5"]
    assert row["value"] == pytest.approx(np.mean([scores[one][0] for one in asked]))
    assert row["n_queries"] == len(asked)
    nobody = with_sample(members_of(spark, tracks, scalings=["z"]), share=0.0, seed=3)
    assert evaluated(nobody, tracks, plan_of(EXACT, ks=(5,), protocols=("P0",))) == {}


def test_a_truth_that_there_is_not_has_no_rows(spark):
    tracks = on_a_line([("a", "rock", "x", "a", 0), ("b", "rock", "x", "b", 1)])
    rows = evaluated(members_of(spark, tracks, scalings=["z"]), tracks, plan_of(EXACT, ks=(1,)))
    assert {key[0] for key in rows} == set(PROTOCOLS) - {"planted", "playlists", "playlists_other_artist"}
    assert rows["other_album", "z", "exact", "all", "hit@1"]["value"] is None


def test_groups_of_which_popularity_knows_nothing_are_left_out_of_its_means(spark):
    # Nobody of pop has a popularity.
    places = [("a", "rock", "x", 1.0), ("b", "rock", "x", 9.0), ("c", "rock", "y", 5.0), ("d", "pop", "z", None)]
    places += [("e", "pop", "z", None), ("f", "unknown", "z", 3.0), ("g", "unknown", "z", 4.0)]
    tracks = [
        Track(one, group, artist, popularity=popularity, vectors={"z": vector(place)})
        for place, (one, group, artist, popularity) in enumerate(places)
    ]
    plan = plan_of(EXACT, ks=(1,), protocols=("artist",))
    found = evaluated(members_of(spark, tracks, scalings=["z"]), tracks, plan)

    def told(engine, genre):
        row = found["artist", "z" if engine == "exact" else "none", engine, genre, "hit@1"]
        return row["value"], row["n_queries"], row["n_excluded"], row["n_artists"], row["lift"]

    assert {key[3] for key in found if key[2] == "popularity"} == {"rock", "unknown", "all", "macro"}
    # a finds b; b finds c; f and g find each other, and nobody else is there.
    assert told("popularity", "rock") == (1 / 2, 2, 1, 1, pytest.approx(1))
    assert told("popularity", "all") == (3 / 4, 4, 1, 2, None)  # chance is that of six queries
    assert told("popularity", "macro") == (1 / 2, 2, 1, 1, None)  # unknown is no genre
    # By distance d and e find each other as well; of rock, a finds b, and b finds a (tie by id).
    assert told("exact", "all")[:4] == (1, 6, 1, 2)
    assert told("exact", "macro")[:4] == (1, 4, 1, 2)


def test_an_engine_that_gave_way_is_told_where_it_did_and_of_all(spark):
    tracks = on_a_line([("a", "rock", "x", "a", 0), ("b", "pop", "x", "b", 1), ("c", "unknown", "x", "c", 2)])
    plan = plan_of(EXACT, ks=(1,), protocols=("P0",))
    sums = artist_sums(members_of(spark, tracks, scalings=["z"]), plan=plan, sizes={"rock": 1, "pop": 1, "unknown": 1})

    def told(genre):
        rows = means(sums.withColumn("gave_way", F.col("genre") == genre), plan=plan).where("metric = 'hit@1'")
        return {row.genre for row in rows.where("engine = 'exact'").collect() if row.gave_way}

    assert told("rock") == {"rock", "all", "macro"}
    assert told("unknown") == {"unknown", "all"}
    assert told("nowhere") == set()
