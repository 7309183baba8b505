"""``similar`` with filters: an exact search among the tracks that pass."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from spark_app.cli import similar
from spark_app.columns import AUDIO12_Z
from spark_app.errors import DataError, UsageError
from spark_app.similarity.filtered import Filter, nearest_of
from tests.cli.commands import run
from tests.similarity.catalogues import brute_force, random_vectors, vector
from tests.tables.lakes import write_table

# id, distance from t0, year, popularity, explicit, artists, genre groups
ROWS = [
    ("t0", 0.0, 1990, 50, False, ["Ann"], ["rock"]),
    ("t1", 1.0, 1991, 10, True, ["Ann", "Bob"], ["rock"]),
    ("t2", 2.0, 1985, 90, False, ["Bob"], ["rock", "pop"]),
    ("t3", 3.0, None, None, None, None, ["rock"]),
    ("t4", 4.0, 1999, 70, False, ["Cy"], ["rock"]),
    ("t5", 0.5, 1999, 70, False, ["Cy"], ["pop"]),
    ("t6", 0.1, 1999, 70, False, ["Cy"], []),
    ("t7", None, 1999, 70, False, ["Cy"], ["rock"]),
]


@pytest.fixture
def lake(tmp_path):
    names = ("track_id", "release_year", "popularity", "explicit", "artist_names")
    tracks = [dict(zip(names, (t, *rest), strict=True)) for t, _, *rest, _ in ROWS]
    write_table(tmp_path, "curated.tracks", [{**row, "track_name": row["track_id"]} for row in tracks[::-1]])
    audio = [
        {"track_id": t, **({} if far is None else dict(zip(AUDIO12_Z, vector(far), strict=True)))}
        for t, far, *_ in ROWS
    ]
    write_table(tmp_path, "features.audio", audio)
    genres = [{"track_id": t, "genre": g, "genre_group": g} for t, *_, groups in ROWS for g in groups]
    write_table(tmp_path, "curated.track_genres", genres)
    return tmp_path


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (("--group", "rock"), ["t1", "t2", "t3", "t4"]),
        (("--group", "rock", "--k", "2"), ["t1", "t2"]),
        (("--group", "pop"), ["t5", "t2"]),
        (("--group", "unknown"), ["t6"]),
        (("--group", "all", "--k", "3"), ["t6", "t5", "t1"]),
        (("--years", "1990-1999"), ["t1", "t4"]),  # its own group, rock; no year does not pass
        (("--years", "1985"), ["t2"]),
        (("--popularity", "60-100"), ["t2", "t4"]),
        (("--explicit", "yes"), ["t1"]),
        (("--explicit", "no"), ["t2", "t4"]),
        (("--without-artist", "bob"), ["t3", "t4"]),
        (("--only-artist", "bob"), ["t1", "t2"]),
        (("--only-artist", "bob", "--only-artist", "CY", "--without-artist", "ann"), ["t2", "t4"]),
        (("--group", " Rock "), ["t1", "t2", "t3", "t4"]),
        (("--without-artist", "ANN", "--without-artist", "cy"), ["t2", "t3"]),
        (("--years", "1980-1999", "--explicit", "no", "--popularity", "80-100"), ["t2"]),
    ],
)
def test_only_what_passes_is_found_and_nothing_nearer_is_left_out(lake, capsys, argv, expected):
    assert run(similar, lake, "similar", "--track-id", "t0", *argv, "--json") == 0
    told = json.loads(capsys.readouterr().out)["neighbours"]
    assert [row["neighbour_id"] for row in told] == expected
    far = {t: distance for t, distance, *_ in ROWS}
    assert [row["distance"] for row in told] == [far[t] for t in expected]
    assert [row["rank"] for row in told] == [*range(1, len(expected) + 1)]


def test_people_are_told_where_fewer_pass_than_asked_for(lake, capsys):
    assert run(similar, lake, "similar", "--track-id", "t0", "--explicit", "yes", "--k", "5") == 0
    assert "Nearest in rock (only 1 pass)" in capsys.readouterr().out
    assert run(similar, lake, "similar", "--track-id", "t0", "--explicit", "yes") == 0  # k of the settings
    assert "Nearest in rock (only 1 pass)" in capsys.readouterr().out


def test_features_of_other_tracks_are_refused(lake):
    write_table(lake, "curated.tracks", [{"track_id": t, "track_name": t} for t in ("t0", "t1", "new")])
    with pytest.raises(DataError, match="not of the tracks"):
        run(similar, lake, "similar", "--track-id", "t0", "--group", "rock")


@pytest.mark.parametrize(
    ("argv", "error", "message"),
    [
        (("--years", "1999-1990"), UsageError, "write a range"),
        (("--popularity", "high"), UsageError, "write a range"),
        (("--group", "polka"), UsageError, "no genre group 'polka'"),
        (("--years", "2030"), DataError, "no track passes"),
    ],
)
def test_what_cannot_be_found_is_told(lake, argv, error, message):
    with pytest.raises(error, match=message):
        run(similar, lake, "similar", "--track-id", "t0", *argv)


def test_a_track_without_features_is_told_so(lake):
    with pytest.raises(DataError, match="has no neighbours"):
        run(similar, lake, "similar", "--track-id", "t7", "--group", "rock")


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "inner_product"])
def test_the_search_equals_brute_force_over_what_passes(metric):
    vectors = random_vectors(200).round(1)
    vectors[7] = np.nan
    passing = np.arange(200) % 3 > 0
    positions, distance = nearest_of(vectors, vectors[0], passing, k=9, metric=metric)
    rows = [i for i in range(200) if i % 3 and i != 7]
    if metric == "euclidean":
        found, far = brute_force(np.array([vectors[0], *vectors[rows]]), 9)
        assert positions.tolist() == [rows[i - 1] for i in found[0]]
        np.testing.assert_allclose(distance, far[0])
    product = vectors[rows] @ vectors[0]
    if metric == "cosine":
        length = np.linalg.norm(vectors[rows], axis=1) * np.linalg.norm(vectors[0])
        np.testing.assert_allclose(distance, np.sort(1 - product / length)[:9], atol=1e-12)
    if metric == "inner_product":
        np.testing.assert_allclose(distance, np.sort(-product)[:9])


def test_a_filter_that_asks_for_nothing_is_false_and_passes_all():
    tracks = pa.table({"artist_names": pa.array([["A"], None, []], pa.list_(pa.string()))})
    assert not Filter()
    assert Filter(explicit=False)
    assert Filter().passes(tracks).tolist() == [True] * 3
    chunked = pa.concat_tables([tracks, tracks.slice(1), tracks])
    assert Filter(without=["a"]).passes(chunked).tolist() == [False, True, True, True, True, False, True, True]
