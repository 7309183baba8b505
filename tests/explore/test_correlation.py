"""Correlations; pandas and scipy on the rows are the oracle."""

from __future__ import annotations

import pandas as pd
import pytest
from scipy import stats as scipy_stats

from spark_app.columns import AUDIO12
from spark_app.explore.correlation import correlations, mid_ranks, pair_sums
from spark_app.explore.counting import Plan, count_cells
from spark_app.explore.grid import make_grid
from spark_app.features.moments import fit_moments
from tests.explore import catalogue


def correlated(tracks, cells, plan):
    overall = cells.where(f"group = {plan.groups.index('all')}").toPandas()
    sums = pair_sums(tracks, plan=plan, ranks=mid_ranks(overall, plan=plan)).collect()
    return {(p["feature_a"], p["feature_b"]): p for p in correlations(sums, plan=plan, redundant_at=0.4)}


@pytest.mark.parametrize("partitions", [1, 4])
def test_pairs_equal_pandas_and_scipy(spark, partitions):
    tracks, groups, plan = catalogue.frames(spark)
    pairs = correlated(tracks.repartition(partitions), catalogue.counted(tracks, groups, plan), plan)

    frame = pd.DataFrame(catalogue.rows(), columns=["track_id", *catalogue.FEATURES])
    ranked = frame[["tempo", "energy"]].rank()  # over all tracks that hold the feature, ties averaged
    pair = pairs["tempo", "energy"]
    assert pair["pearson"] == pytest.approx(frame["tempo"].corr(frame["energy"]), abs=1e-12)
    assert pair["spearman"] == pytest.approx(ranked["tempo"].corr(ranked["energy"]), abs=1e-12)
    assert (pair["n"], pair["is_redundant"]) == (398, True)
    assert len(pairs) == 6


def test_constant_and_missing_features_have_no_coefficient(spark):
    tracks, groups, plan = catalogue.frames(spark)
    pairs = correlated(tracks, catalogue.counted(tracks, groups, plan), plan)
    for other in ("mode", "key"):
        pair = pairs["tempo", other]
        assert (pair["pearson"], pair["spearman"], pair["is_redundant"]) == (None, None, False)
    assert pairs["tempo", "key"]["n"] == 0


@pytest.mark.real_data
def test_real_features_agree_with_scipy_on_a_grid_that_does_not_hold_every_value(spark, real_data):
    songs = pd.read_csv(real_data / "spotify_songs" / "spotify_songs.csv", usecols=["track_id", *AUDIO12])
    songs = songs.drop_duplicates("track_id")[list(AUDIO12)].astype(float)
    tracks = spark.createDataFrame(songs)  # 28,356 rows
    moments = fit_moments(tracks, columns=AUDIO12)
    sample = songs.sample(5_000, random_state=1)
    grids = [
        make_grid(sample[name].to_numpy(), low=m.minimum, high=m.maximum, points=4_096, bins=40)
        for name, m in zip(AUDIO12, moments["all"], strict=True)
    ]
    plan = Plan.of(AUDIO12, grids, moments)
    pairs = correlated(tracks, count_cells(tracks, plan=plan), plan)
    pearson, spearman = songs.corr(), pd.DataFrame(scipy_stats.spearmanr(songs).statistic, AUDIO12, AUDIO12)
    assert len(pairs) == 66
    for (a, b), pair in pairs.items():
        assert pair["pearson"] == pytest.approx(pearson.loc[a, b], abs=1e-9)
        assert pair["spearman"] == pytest.approx(spearman.loc[a, b], abs=1e-5)
