"""Pictures of neighbour searches."""

from __future__ import annotations

import pytest

from spark_app.report.neighbours import recall_figure, seconds_figure, skew_figure


def point(share, recall):
    return {"compared_share": share, "recall": recall, "low": recall - 0.01, "high": min(1.0, recall + 0.01)}


def test_a_line_per_engine_in_per_cent_and_what_is_asked_for():
    figure = recall_figure({"ivf": [point(0.01, 0.9), point(0.02, 0.99)], "lsh": [point(0.1, 0.95)]}, target=0.99)
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["ivf", "lsh"]
    assert list(axes.containers[0].lines[0].get_xdata()) == [1.0, 2.0]
    assert [text.get_text() for text in axes.texts] == ["asked for: 0.99"]
    figure.canvas.draw()


def test_the_slope_of_each_line_is_told():
    figure = seconds_figure({"quadratic": {100: 1.0, 1000: 100.0}, "one size": {100: 3.0}}, title="in one group")
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["quadratic (slope 2.00)", "one size"]
    assert axes.get_title() == "in one group"
    figure.canvas.draw()


@pytest.mark.parametrize("stages", [[], [{"seconds": 31.4, "tasks": 9, "times_mean": 1.2}]])
def test_a_bar_per_stage(stages):
    figure = skew_figure(stages, most=3.0)
    (axes,) = figure.axes
    assert [bar.get_width() for bar in axes.patches] == [stage["times_mean"] for stage in stages]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["31 s, 9 tasks"][: len(stages)]
    assert axes.get_xlim()[1] > 3
    figure.canvas.draw()
