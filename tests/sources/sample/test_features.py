"""Planted audio features: medians per group, correlations, the signal that a classifier can find."""

from __future__ import annotations

import pytest
from sklearn.ensemble import RandomForestClassifier

from spark_app.columns import AUDIO12, KEY, MODE
from spark_app.sources.sample import spec
from spark_app.sources.sample.features import planted_medians
from tests.sources.sample.test_catalogue import CLUSTER, originals

# Tolerance: 2.5 standard errors of a median over 2,000 correlated rows, in each feature's unit.
TOLERANCE = dict(zip(spec.SHAPED, (0.03, 0.04, 0.5, 0.01, 0.06, 0.03, 0.02, 0.05, 3.5, 9_000), strict=True))


@pytest.mark.parametrize("feature", spec.SHAPED)
def test_each_large_group_has_its_planted_median(catalogue, feature):
    median = originals(catalogue).groupby("genre_group")[feature].median()
    for group, planted in zip(spec.GROUPS, planted_medians(feature), strict=True):
        if group.slots >= 10:
            assert median[group.name] == pytest.approx(planted, abs=TOLERANCE[feature]), group.name


def test_every_value_is_inside_spotifys_ranges_and_finite(catalogue):
    bounds = {name: feature.bounds for name, feature in spec.FEATURES.items()} | {KEY: (0, 11), MODE: (0, 1)}
    for name in AUDIO12:
        assert catalogue.tracks[name].between(*bounds[name]).all(), name
    assert set(catalogue.tracks[KEY]) == set(range(12))
    assert set(catalogue.tracks[MODE]) == {0, 1}


def test_shared_factors_correlate_features_inside_a_genre(catalogue):
    songs = originals(catalogue)
    rock = songs[songs["genre_group"] == "rock"].corr(numeric_only=True)
    # Products of the loadings: .88 x .75, .88 x -.70, .35 x .85 + .75 x .25; logistic and rounding take a little.
    assert rock.loc["energy", "loudness"] == pytest.approx(0.66, abs=0.08)
    assert rock.loc["energy", "acousticness"] == pytest.approx(-0.62, abs=0.12)
    assert rock.loc["danceability", "valence"] == pytest.approx(0.49, abs=0.08)
    assert abs(rock.loc["tempo", "valence"]) < 0.08


def test_mode_and_explicit_follow_the_group(catalogue):
    songs = originals(catalogue)
    for group in spec.GROUPS:
        if group.slots >= 10:
            members = songs[songs["genre_group"] == group.name]
            assert members[MODE].mean() == pytest.approx(group.p_major, abs=0.05), group.name
            assert members["explicit"].mean() == pytest.approx(group.p_explicit, abs=0.05), group.name


@pytest.mark.parametrize(
    ("mark", "feature", "factor", "offset"),
    [
        ("live", "liveness", 0.35, 0.6),
        ("sped up", "tempo", 1.25, 0),
        ("slowed", "duration_ms", 1.18, 0),
        ("acoustic", "energy", 0.55, 0),
        ("instrumental", "instrumentalness", 0.1, 0.85),
        ("radio edit", "duration_ms", 0.78, 0),
        ("remaster", "loudness", 1, 1.8),
    ],
)
def test_a_variant_shifts_its_features_from_those_of_the_original(catalogue, mark, feature, factor, offset):
    by_id = catalogue.tracks.set_index("track_id")
    copies = by_id[by_id["mark"] == mark]
    planned = spec.FEATURES[feature]
    wanted = (by_id.loc[copies["variant_of"], feature].to_numpy() * factor + offset).clip(*planned.bounds)
    gap = abs(copies[feature].to_numpy() - wanted)
    assert gap.max() <= planned.jitter + 10.0**-planned.digits + 1e-9


def test_a_faster_copy_sounds_four_semitones_higher(catalogue):
    by_id = catalogue.tracks.set_index("track_id")
    copies = by_id[by_id["mark"] == "sped up"]
    # 12 x log2(1.25) = 3.86
    assert list(copies[KEY]) == list((by_id.loc[copies["variant_of"], KEY] + 4) % 12)


def test_a_forest_finds_the_genre_far_above_the_majority_but_not_always(catalogue):
    # scikit-learn; whole clusters are held out, hence no artist stands on both sides.
    tracks = catalogue.tracks
    is_test = (tracks["row_id"] // CLUSTER) % 5 == 0
    x, y = tracks[list(AUDIO12)].to_numpy(), tracks["genre_group"]
    forest = RandomForestClassifier(30, max_depth=10, random_state=0).fit(x[~is_test], y[~is_test])

    majority = (y[is_test] == "rock").mean()
    assert majority < 0.25
    assert 0.48 < forest.score(x[is_test], y[is_test]) < 0.75
