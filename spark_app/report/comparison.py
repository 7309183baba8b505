"""The picture that sets models side by side: a point with its interval for each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from spark_app.report.canvas import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def comparison_figure(
    rows: Sequence[Mapping[str, Any]], *, metrics: Sequence[str], baselines: Sequence[str] = ()
) -> Figure:
    """A panel per metric; a line per model, the best by the first metric on top; bars are 95 % intervals.

    Args:
        rows: Rows of ``models.genre_metrics`` of one split, fold and genre: ``model, metric, value, low, high``.
            A row without a value is left out; one without bounds gets no bar.
        metrics: Panels from left to right; models without the first one are left out.
        baselines: Models that are drawn in grey.
    """
    found = {(row["model"], row["metric"]): row for row in rows if row["value"] is not None}
    models = {model for model, metric in found if metric == metrics[0]}
    order = sorted(models, key=lambda name: (found[name, metrics[0]]["value"], name))
    figure = new_figure(2.2 + 3.2 * len(metrics), 1.3 + 0.36 * max(1, len(order)))
    for position, metric in enumerate(metrics):
        axes = figure.add_subplot(1, len(metrics), position + 1)
        for height, model in enumerate(order):
            if (model, metric) in found:
                _point(axes, height, found[model, metric], "0.55" if model in baselines else "C0")
        names = [name.replace("_", " ") for name in order]
        axes.set_yticks(range(len(order)), names if position == 0 else [""] * len(order), parse_math=False)
        axes.set_ylim(-0.6, len(order) - 0.4)
        axes.set_title(metric.replace("_", " "), fontsize=11)
        axes.grid(axis="x", color="0.9")
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def _point(axes: Axes, height: int, row: Mapping[str, Any], colour: str) -> None:
    if row["low"] is not None:
        axes.plot([row["low"], row["high"]], [height, height], color=colour, linewidth=2.2, solid_capstyle="round")
    axes.plot([row["value"]], [height], marker="o", color=colour, markersize=5.5)
    axes.annotate(
        f"{row['value']:.3f}", (row["value"], height), xytext=(0, 6), textcoords="offset points",
        ha="center", fontsize=7.5, color="0.3",
    )  # fmt: skip
