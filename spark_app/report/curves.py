"""Pictures of ROC curves and of calibration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_NAMED = 12  # curves that get a colour and a name; the others are drawn thin and grey
_COLOURS = {"after calibration": "#1f77b4", "before calibration": "#bbbbbb"}


def roc_figure(points: Mapping[str, np.ndarray], *, areas: Mapping[str, float], title: str) -> Figure:
    """One curve per genre against the rest; the twelve with the largest area are named.

    Args:
        points: Genre -> array ``(2, n_points)`` of false and true positive rate; may be empty.
        areas: Genre -> area under its curve.
        title: Stands above.
    """
    from matplotlib import colormaps

    figure, axes = _square(title)
    axes.plot([0, 1], [0, 1], color="#cccccc", linestyle="--", linewidth=1)
    for place, genre in enumerate(sorted(points, key=lambda one: (-areas[one], one))):
        is_named = place < _NAMED
        axes.plot(
            *points[genre],
            color=colormaps["tab20"](place % 20) if is_named else "#dddddd",
            linewidth=1.6 if is_named else 0.6,
            zorder=2 if is_named else 1,
            label=f"{_plain(genre)}  {areas[genre]:.2f}" if is_named else None,
        )
    axes.set_xlabel("share of other tracks that are called the genre")
    axes.set_ylabel("share of the genre that is found")
    if points:
        legend = axes.legend(loc="lower right", fontsize=8, frameon=False, title="area under the curve")
        for text in legend.get_texts():
            text.set_parse_math(False)
    return figure


def reliability_figure(bins: Mapping[str, np.ndarray], *, title: str) -> Figure:
    """How often answers of a given confidence are right; on the diagonal a model means what it says.

    Args:
        bins: Name -> array ``(3, n_bins)`` of mean confidence, share of right answers, rows.
        title: Stands above.
    """
    figure, axes = _square(title)
    axes.plot([0, 1], [0, 1], color="#999999", linestyle="--", linewidth=1)
    for name, (confidence, share, rows) in bins.items():
        gap = float((rows * abs(confidence - share)).sum() / max(rows.sum(), 1))
        colour = _COLOURS.get(name)
        axes.plot(confidence, share, marker="o", markersize=5, color=colour, label=f"{name}: error {gap:.3f}")
    axes.set_xlabel("confidence of the answer")
    axes.set_ylabel("share of right answers")
    axes.legend(loc="upper left", fontsize=9, frameon=False)
    return figure


def _square(title: str) -> tuple[Figure, Axes]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # No pyplot: its global state would keep every figure of a long run alive.
    figure = Figure(figsize=(6.2, 6.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    axes.grid(color="#eeeeee")
    axes.set_title(title, parse_math=False, fontsize=10)
    return figure, axes


def _plain(genre: str) -> str:
    return genre if len(genre) <= 22 else genre[:21] + "…"
