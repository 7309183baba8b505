"""Summaries and densities out of counted cells; pandas and scipy on the rows are the oracle."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

from spark_app.explore.summary import densities, summaries
from spark_app.features.stats import stats_rows
from spark_app.schemas import TABLES
from tests.explore import catalogue
from tests.frames import assert_same_rows

QUANTILES = {"p01": 0.01, "p05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "p95": 0.95, "p99": 0.99}


@pytest.fixture
def found(spark):
    tracks, groups, plan = catalogue.frames(spark)
    schema = TABLES["features.audio_stats"]
    values = [tuple(row[c] for c in schema.columns) for row in stats_rows(plan.moments, columns=plan.features)]
    return catalogue.counted(tracks, groups, plan), spark.createDataFrame(values, schema.struct), plan


def rows_of(genre, feature):
    frame = pd.DataFrame(catalogue.rows(), columns=["track_id", *catalogue.FEATURES])
    ids = {track for track, group in catalogue.members() if group == genre}
    chosen = frame if genre == "all" else frame[frame["track_id"].isin(ids)]
    return chosen[feature].dropna().to_numpy(float)


def test_summaries_equal_numpy_and_scipy(found):
    cells, stats, plan = found
    summary = summaries(cells, stats, plan=plan).toPandas().set_index(["feature", "genre"])  # 12 rows
    assert len(summary) == 4 * 3
    for feature in ("tempo", "energy"):
        for genre in ("all", "rock", "jazz"):
            values, row = rows_of(genre, feature), summary.loc[feature, genre]
            for name, share in QUANTILES.items():
                assert row[name] == pytest.approx(np.quantile(values, share), abs=1e-9), (feature, genre, name)
            assert row["skewness"] == pytest.approx(scipy_stats.skew(values), abs=1e-9)
            assert row["kurtosis"] == pytest.approx(scipy_stats.kurtosis(values), abs=1e-9)
            assert (row["n"], row["mean"], row["max"]) == (len(values), pytest.approx(values.mean()), values.max())
            low, high = np.quantile(values, [0.25, 0.75])
            outside = (values < low - 1.5 * (high - low)) | (values > high + 1.5 * (high - low))
            assert row["n_outliers"] == outside.sum()
    assert summary.loc["tempo", "all"]["share_missing"] == 1 / 400


def test_constant_and_missing_features_have_no_shape(found):
    cells, stats, plan = found
    summary = summaries(cells, stats, plan=plan).where("genre = 'rock'").toPandas().set_index("feature")
    mode, key = summary.loc["mode"], summary.loc["key"]
    assert (mode["median"], mode["std"], mode["n_outliers"]) == (1.0, 0.0, 0)
    assert mode[["skewness", "kurtosis"]].isna().all()
    assert (key["n"], key["n_null"], key["share_missing"], key["n_outliers"]) == (0, 200, 1.0, 0)
    assert key[["mean", "median", "skewness"]].isna().all()


def test_densities_are_histograms_whose_areas_sum_to_one(found):
    cells, _, plan = found
    density = densities(cells, plan=plan).toPandas().sort_values(["feature", "bin"])  # features x groups x bins
    assert set(density["feature"]) == {"tempo", "energy", "mode"}
    for (feature, genre), rows in density.groupby(["feature", "genre"]):
        rows = rows.sort_values("bin")
        edges = [*rows["low"], rows["high"].iloc[-1]]
        expected, _ = np.histogram(rows_of(genre, feature), edges)
        assert rows["n"].tolist() == expected.tolist(), (feature, genre)
        assert (rows["density"] * (rows["high"] - rows["low"])).sum() == pytest.approx(1)
    assert density[density["genre"] == "rock"]["low"].tolist() == density[density["genre"] == "jazz"]["low"].tolist()


def test_counts_do_not_depend_on_the_partitioning(spark, found):
    tracks, groups, plan = catalogue.frames(spark)
    assert_same_rows(catalogue.counted(tracks.repartition(5), groups, plan), found[0])
