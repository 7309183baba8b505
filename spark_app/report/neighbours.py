"""Pictures of neighbour searches: recall against pairs compared, seconds against rows, and how evenly tasks share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from spark_app.report.canvas import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def recall_figure(curves: Mapping[str, Sequence[Mapping[str, Any]]], *, target: float) -> Figure:
    """A line per engine: what share of all pairs it compares for which recall; the dashed line is what is asked for.

    Args:
        curves: Engine -> points ``compared_share`` (0, 1], ``recall`` [0, 1], ``low`` and ``high`` of its 95 %
            interval, from the cheapest on.
        target: Recall.
    """
    figure = new_figure(6.4, 4.2)
    axes = figure.add_subplot()
    for place, (engine, points) in enumerate(curves.items()):
        x = [100 * point["compared_share"] for point in points]
        bars = [
            [point["recall"] - point["low"] for point in points],
            [point["high"] - point["recall"] for point in points],
        ]
        y = [point["recall"] for point in points]
        axes.errorbar(x, y, yerr=bars, color=f"C{place}", marker="o", markersize=4, linewidth=1.4, label=engine)
    axes.axhline(target, color="0.4", linestyle="--", linewidth=1)
    axes.annotate(f"asked for: {target:g}", (1, target), xycoords=("axes fraction", "data"), xytext=(-4, -11),
                  textcoords="offset points", ha="right", fontsize=8, color="0.3")  # fmt: skip
    axes.set_xscale("log")
    axes.set_xlabel("pairs compared, % of those of the exact search")
    axes.set_ylabel("recall")
    axes.set_ylim(top=1.02)
    _plain(axes)
    axes.legend(frameon=False, loc="lower right")
    return figure


def seconds_figure(seconds: Mapping[str, Mapping[int, float]], *, title: str = "") -> Figure:
    """A line per method on logarithmic axes, its slope in the legend: 1 is proportional, 2 compares all pairs.

    Args:
        seconds: Method -> rows -> seconds, at least two sizes for a slope.
        title: Above the picture.
    """
    import numpy as np

    figure = new_figure(6.4, 4.2)
    axes = figure.add_subplot()
    for place, (method, points) in enumerate(seconds.items()):
        rows, times = np.array(sorted(points)), np.array([points[n] for n in sorted(points)])
        slope = f" (slope {np.polyfit(np.log(rows), np.log(times), 1)[0]:.2f})" if len(rows) > 1 else ""
        axes.plot(rows, times, color=f"C{place}", marker="o", markersize=5, label=f"{method}{slope}")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("rows")
    axes.set_ylabel("seconds")
    axes.set_title(title, fontsize=11)
    _plain(axes)
    axes.legend(frameon=False)
    return figure


def skew_figure(stages: Sequence[Mapping[str, Any]], *, most: float) -> Figure:
    """A bar per stage, as wide as its longest task over the mean of its tasks; beyond the dashed line tasks wait.

    Args:
        stages: ``seconds``, ``tasks`` and ``times_mean`` of each stage, in order.
        most: What the longest task may take, in means.
    """
    figure = new_figure(6.4, 1.2 + 0.34 * max(1, len(stages)))
    axes = figure.add_subplot()
    places = range(len(stages))
    axes.barh(places, [stage["times_mean"] for stage in stages], color="C0", height=0.6)
    axes.axvline(most, color="0.4", linestyle="--", linewidth=1)
    axes.set_yticks(places, [f"{stage['seconds']:.0f} s, {stage['tasks']} tasks" for stage in stages])
    axes.invert_yaxis()
    axes.set_xlim(0, 1.1 * max([most, *(stage["times_mean"] for stage in stages)]))
    axes.set_xlabel("longest task / mean task")
    _plain(axes)
    return figure


def _plain(axes: Axes) -> None:
    axes.grid(color="0.92")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
