"""Models side by side."""

from __future__ import annotations

from spark_app.report.comparison import comparison_figure


def row(model, metric, value, low=None, high=None):
    return {"model": model, "metric": metric, "value": value, "low": low, "high": high}


def test_the_best_by_the_first_metric_is_on_top_and_models_without_it_are_left_out():
    rows = [
        row("majority", "accuracy", 0.2, 0.1, 0.3),
        row("a_$forest$", "accuracy", 0.6, 0.5, 0.7),
        row("a_$forest$", "macro_f1", 0.4),
        row("sets", "macro_f1", 0.9),
        row("none", "accuracy", None),
    ]
    figure = comparison_figure(rows, metrics=["accuracy", "macro_f1"], baselines=["majority"])
    first, second = figure.axes
    assert [text.get_text() for text in first.get_yticklabels()] == ["majority", "a $forest$"]
    assert [text.get_text() for text in second.texts] == ["0.400"]
    spans = [line.get_xdata() for line in first.lines if len(line.get_xdata()) == 2]
    assert [list(span) for span in spans] == [[0.1, 0.3], [0.5, 0.7]]
    assert first.lines[0].get_color() != first.lines[-1].get_color()
    figure.canvas.draw()
