"""Importances out of moments; the rows themselves are the oracle."""

from __future__ import annotations

import numpy as np
import pytest

from spark_app.explore.importance import importances
from spark_app.features.moments import Moments

ROCK, JAZZ, UNKNOWN = [1.0, 2.0, 4.0], [2.0, 7.0], [100.0]  # 2.0 stands for one track in both genres
KNOWN = [1.0, 2.0, 4.0, 7.0]


def moments(values):
    values = np.asarray(values, dtype=float)
    if not len(values):
        return Moments()
    return Moments(len(values), 0, values.mean(), ((values - values.mean()) ** 2).sum(), values.min(), values.max())


def by_genre():
    groups = {"all": [*KNOWN, *UNKNOWN], "rock": ROCK, "jazz": JAZZ, "unknown": UNKNOWN}
    stats = {name: (moments(values), moments(np.ones(len(values)))) for name, values in groups.items()}
    return {(row.genre, row.feature): row for row in importances(stats, features=["tempo", "mode"])}


def test_a_genre_stands_against_the_tracks_of_known_genre_outside_it():
    found = by_genre()
    std = np.std([*KNOWN, *UNKNOWN])
    rock, jazz = found["rock", "tempo"], found["jazz", "tempo"]
    # By hand: rock 1, 2, 4 against 7; jazz 2, 7 against 1, 4.
    assert rock.importance_raw == pytest.approx((7 / 3 - 7) / std, abs=1e-12)
    assert (rock.n_genre, rock.n_rest) == (3, 1)
    assert jazz.importance_raw == pytest.approx((4.5 - 2.5) / std, abs=1e-12)
    # Squared deviations 12.5 and 4.5 over 2 + 2 - 2.
    assert jazz.cohens_d == pytest.approx(2 / np.sqrt((12.5 + 4.5) / 2), abs=1e-12)
    assert (jazz.importance_abs, jazz.importance_norm) == (jazz.importance_raw, 1.0)
    assert set(found) == {(genre, feature) for genre in ("jazz", "rock") for feature in ("tempo", "mode")}


def test_a_constant_feature_has_no_importance():
    row = by_genre()["rock", "mode"]
    assert (row.importance_raw, row.importance_abs, row.importance_norm, row.cohens_d) == (None,) * 4


def test_the_only_genre_has_no_rest():
    stats = {"all": (moments(ROCK),), "rock": (moments(ROCK),)}
    (row,) = importances(stats, features=["tempo"])
    assert (row.importance_raw, row.n_genre, row.n_rest) == (None, 3, 0)


def test_shares_of_a_genre_sum_to_one_and_random_rows_agree_with_numpy():
    rng = np.random.default_rng(2)
    rows, is_rock = rng.normal(5, 2, (500, 4)), rng.random(500) < 0.2
    rows[is_rock] += [0, 0.3, -1, 2]
    parts = {"all": rows, "rock": rows[is_rock], "other": rows[~is_rock]}
    stats = {name: tuple(moments(column) for column in part.T) for name, part in parts.items()}
    found = [row for row in importances(stats, features=list("abcd")) if row.genre == "rock"]
    z = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    raw = z[is_rock].mean(axis=0) - z[~is_rock].mean(axis=0)
    assert [row.importance_raw for row in found] == pytest.approx(raw, abs=1e-10)
    assert [row.importance_norm for row in found] == pytest.approx(np.abs(raw) / np.abs(raw).sum(), abs=1e-10)
    assert sum(row.importance_norm for row in found) == pytest.approx(1, abs=1e-12)
