"""The artist retrieval protocols, against a hand-worked catalogue and a NumPy oracle."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spark_app.columns import AUDIO12, AUDIO12_Z
from spark_app.curate.variants import variants
from spark_app.similarity.evaluation import evaluation_queries, evaluation_rows, ranked_by_artist
from tests.frames import assert_same_rows
from tests.similarity.catalogues import random_vectors, vector

DDL = "track_id string, genre_group string, artist_id string, variant_group string, " + ", ".join(
    f"{name} double" for name in AUDIO12_Z
)


def evaluated(spark, rows, k):
    frame = spark.createDataFrame([(*row[:4], *map(float, row[4])) for row in rows], DDL)
    sizes = {group: sum(row[1] == group for row in rows) for group in dict.fromkeys(row[1] for row in rows)}
    result = evaluation_rows(ranked_by_artist(frame, k=k, sizes=sizes), k=k).collect()
    return {(r.protocol, r.engine, r.genre, r.metric): (r.value, r.n_queries, r.n_excluded) for r in result}


def test_a_query_belongs_to_the_first_group_and_the_first_artist_of_its_track(spark):
    tracks = spark.createDataFrame(
        [("a", "rock", ["x", "y"]), ("b", None, []), ("c", "pop", None)],
        "track_id string, genre_group string, artist_ids array<string>",
    )
    variants = spark.createDataFrame([("a", "a0")], "track_id string, variant_group string")
    expected = [("a", "rock", "x", "a0"), ("b", "unknown", None, "b"), ("c", "pop", None, "c")]
    assert_same_rows(
        evaluation_queries(tracks, variants),
        spark.createDataFrame(expected, "track_id string, genre_group string, artist_id string, variant_group string"),
    )


def test_three_protocols_on_a_line_of_six_tracks(spark):
    # On a line: a 0, a's twin 1, another artist's track 2, a third track of the first artist 4, and two without artist.
    rows = [
        ("a", "rock", "x", "song", vector(0)),
        ("b", "rock", "x", "song", vector(1)),
        ("c", "rock", "y", "c", vector(2)),
        ("d", "rock", "x", "d", vector(4)),
        ("e", "rock", None, "e", vector(50)),
        ("f", "rock", None, "f", vector(51)),  # no artist is no common artist
        ("g", "pop", "x", "g", vector(1)),  # alone in its group
    ]
    actual = evaluated(spark, rows, k=2)

    # Nearest two: a: b c; b: a c (tie by id); c: b a (d is as far as a); d: c b; e: f d; f: e d; g: none.
    assert actual["P0", "exact", "all", "hit@2"] == (pytest.approx(3 / 7), 7, 0)  # a, b, d
    assert actual["P0", "exact", "all", "mrr@2"] == (pytest.approx((1 + 1 + 1 / 2) / 7), 7, 0)
    assert actual["P0", "exact", "macro", "hit@2"] == (pytest.approx((3 / 6 + 0) / 2), 7, 0)
    assert actual["artist_with_twins", "exact", "all", "hit@2"] == (pytest.approx(1), 3, 4)
    assert actual["artist_with_twins", "exact", "all", "recall@2"] == (pytest.approx(1 / 2), 3, 4)
    assert actual["artist_with_twins", "exact", "pop", "hit@2"] == (None, 0, 1)
    # Without twins: a: c d (b taken out, d moves up: hit at 2); b: c d; d: c b, of the relevant a and b.
    assert actual["artist", "exact", "all", "mrr@2"] == (pytest.approx(1 / 2), 3, 4)
    assert actual["artist", "exact", "all", "recall@2"] == (pytest.approx((1 + 1 + 1 / 2) / 3), 3, 4)
    # Chance, two of the candidates drawn: a and b have 1 of 4; d has 2 of 5.
    assert actual["artist", "random", "all", "hit@2"][0] == pytest.approx((1 / 2 + 1 / 2 + (1 - 3 / 10)) / 3)
    assert actual["artist_with_twins", "random", "all", "hit@2"][0] == pytest.approx(1 - 3 / 10)  # 2 of 5 each


def oracle(rows, k, *, twins_count):
    """Hit, reciprocal rank and recall per query by brute force; None without a relevant track."""
    scores = []
    for query in rows:
        others = [
            row for row in rows
            if row[0] != query[0] and row[1] == query[1] and (twins_count or row[3] != query[3])
        ]  # fmt: skip
        relevant = [row[0] for row in others if row[2] is not None and row[2] == query[2]]
        ranked = sorted(others, key=lambda row: (np.sqrt(((row[4] - query[4]) ** 2).sum()), row[0]))[:k]
        hits = [rank for rank, row in enumerate(ranked, start=1) if row[0] in relevant]
        scores.append((bool(hits), 1 / hits[0] if hits else 0, len(hits) / len(relevant)) if relevant else None)
    return scores


def test_all_protocols_equal_brute_force(spark):
    draw = np.random.default_rng(5)
    rows = [
        (f"t{i:02d}", "rock" if i % 3 else "pop", f"artist {a}" if a else None, f"song {a} {draw.integers(3)}", z)
        for i, (a, z) in enumerate(zip(draw.integers(0, 6, 60), random_vectors(60), strict=True))
    ]
    actual = evaluated(spark, rows, k=4)

    for protocol, twins_count in (("artist_with_twins", True), ("artist", False)):
        scores = oracle(rows, 4, twins_count=twins_count)
        counted = [score for score in scores if score]
        for metric, expected in zip(("hit@4", "mrr@4", "recall@4"), np.mean(counted, axis=0), strict=True):
            value, n_queries, n_excluded = actual[protocol, "exact", "all", metric]
            assert value == pytest.approx(expected)
            assert (n_queries, n_excluded) == (len(counted), len(rows) - len(counted))
    everyone = [score or (0, 0, 0) for score in oracle(rows, 4, twins_count=True)]
    assert actual["P0", "exact", "all", "hit@4"][0] == pytest.approx(np.mean(everyone, axis=0)[0])


@pytest.mark.real_data
def test_reproduces_the_published_figures_of_the_playlist_songs(spark, real_data):
    songs = pd.read_csv(real_data / "spotify_songs" / "spotify_songs.csv", keep_default_na=False)
    songs = songs[songs.track_name != "NA"].drop_duplicates("track_id", ignore_index=True)  # one row per id, P0
    features = songs[list(AUDIO12)].to_numpy(float)
    z = pd.DataFrame((features - features.mean(axis=0)) / features.std(axis=0), columns=list(AUDIO12_Z))
    named = songs[["track_id", "track_name"]].assign(
        genre_group=songs.playlist_genre, artist_ids=songs.track_artist.str.lower().str.strip().map(lambda name: [name])
    )
    tracks = spark.createDataFrame(pd.concat([named, z], axis=1))
    members = evaluation_queries(tracks, variants(tracks)).join(
        tracks.select("track_id", *AUDIO12_Z), on="track_id", how="inner"
    )
    sizes = songs.playlist_genre.value_counts().to_dict()

    rows = evaluation_rows(ranked_by_artist(members, k=10, sizes=sizes).persist(), k=10).collect()

    of_all = {(r.protocol, r.engine, r.metric): r.value for r in rows if r.genre == "all"}
    assert of_all["P0", "exact", "hit@10"] == pytest.approx(0.175, abs=0.003)
    assert of_all["P0", "exact", "mrr@10"] == pytest.approx(0.128, abs=0.003)
    assert of_all["P0", "random", "hit@10"] == pytest.approx(0.016, abs=0.001)
    assert of_all["artist_with_twins", "exact", "hit@10"] == pytest.approx(0.246, abs=0.005)
    assert of_all["artist", "exact", "hit@10"] == pytest.approx(0.110, abs=0.005)
