"""The pictures of explore_features."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd

from spark_app.report.exploration import correlation_figure, density_figure


def pair(a, b, pearson, spearman, *, is_redundant=False):
    return {"feature_a": a, "feature_b": b, "pearson": pearson, "spearman": spearman, "is_redundant": is_redundant}


def test_pearson_stands_above_the_diagonal_and_spearman_below():
    pairs = [
        pair("tempo", "energy", 0.9, 0.7, is_redundant=True),
        pair("tempo", "key", None, None),
        pair("energy", "key", -0.001, 0.25),
    ]
    figure = correlation_figure(pairs, features=["tempo", "energy", "key"], redundant_at=0.8)
    axes = figure.axes[0]
    cells = np.ma.filled(axes.images[0].get_array(), np.nan)
    assert (cells[0, 1], cells[1, 0], cells[2, 1]) == (0.9, 0.7, 0.25)
    assert np.isnan(cells[0, 2])
    assert sorted(text.get_text() for text in axes.texts) == [".00", ".25", ".70", ".90"]
    assert len(axes.patches) == 2  # the frame, on both sides


def test_each_feature_has_a_panel_with_a_ridge_per_genre_lowest_median_first():
    edges = np.linspace(0, 1, 21)
    density = pd.DataFrame(
        [
            {"feature": name, "genre": genre, "bin": i, "low": edges[i], "high": edges[i + 1], "density": float(i + 1)}
            for name in ("tempo", "energy")
            for genre in ("all", "rock", "$jazz")
            for i in range(20)
        ]
    )
    summary = pd.DataFrame(
        [
            {"feature": name, "genre": genre, "n": 9, "median": median, "p01": 0.0, "p99": 1.0}
            for name in ("tempo", "energy", "key")
            for genre, median in (("all", 0.5), ("rock", 0.3), ("$jazz", 0.6))
        ]
    )
    figure = density_figure(density, summary, features=["tempo", "energy", "key"])
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["tempo", "energy"]  # key holds no value
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()] == ["rock", "$jazz"]
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    assert picture.getvalue().startswith(b"\x89PNG")
