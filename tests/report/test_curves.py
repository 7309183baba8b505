"""The pictures of ROC curves and of calibration."""

from __future__ import annotations

import io

import numpy as np

from spark_app.report.curves import reliability_figure, roc_figure


def test_the_genres_with_the_largest_area_are_named_and_all_are_drawn():
    points = {f"genre {i}": np.array([[0.0, 0.5, 1.0], [0.0, 0.5 + i / 40, 1.0]]) for i in range(15)}
    areas = {f"genre {i}": 0.5 + i / 40 for i in range(15)}
    axes = roc_figure(points, areas=areas, title="forest").axes[0]
    assert len(axes.lines) == 16  # the diagonal as well
    named = [text.get_text() for text in axes.get_legend().get_texts()]
    assert named[0] == "genre 14  0.85"
    assert len(named) == 12


def test_the_error_of_each_line_stands_beside_its_name():
    # By hand: (10 * 0.1 + 30 * 0.2) / 40.
    bins = {"after calibration": np.array([[0.3, 0.7], [0.4, 0.5], [10, 30]])}
    axes = reliability_figure(bins, title="forest").axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["after calibration: error 0.175"]


def test_odd_names_and_no_curves_are_drawn():
    for figure in (
        roc_figure({}, areas={}, title="$x^$"),
        roc_figure({"$a^$ {": np.eye(2)}, areas={"$a^$ {": 0.5}, title="t"),
        reliability_figure({"raw": np.empty((3, 0))}, title="$"),
    ):
        picture = io.BytesIO()
        figure.savefig(picture, format="png")
        assert picture.getvalue().startswith(b"\x89PNG")
