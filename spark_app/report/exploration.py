"""The pictures of explore_features: correlations as a triangle pair, densities as ridges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from spark_app.columns import ALL
from spark_app.report.canvas import ink, new_figure, signed_cells

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 3  # panels side by side
_OVERLAP = 1.7  # height of the tallest ridge, in rows
_STEPS = 0.8  # the same for features of few values, whose steps would hide each other
_DISCRETE = 13  # bins; a feature with no more distinct values is drawn as steps
_MOST_GROUPS = 20  # ridges a panel


def correlation_figure(pairs: Sequence[Mapping[str, Any]], *, features: Sequence[str], redundant_at: float) -> Figure:
    """Pearson's coefficients above the diagonal, Spearman's below; redundant pairs are framed.

    Args:
        pairs: Rows of ``results.feature_correlation``; a null coefficient leaves its cell grey.
        features: Order of rows and columns.
        redundant_at: Size that counts as redundant.
    """
    import numpy as np

    values = np.full((len(features), len(features)), np.nan)
    place = {name: position for position, name in enumerate(features)}
    figure = new_figure(9.2, 7.8)
    axes = figure.add_subplot()
    for pair in pairs:
        a, b = place[pair["feature_a"]], place[pair["feature_b"]]
        values[a, b], values[b, a] = _number(pair["pearson"]), _number(pair["spearman"])
        if pair["is_redundant"]:
            _frame(axes, a, b)
    signed_cells(axes, values, rows=features, columns=features, limit=1.0, label="correlation")
    for row, column in np.argwhere(~np.isnan(values)):
        value = values[row, column]
        weight = "bold" if abs(value) >= redundant_at else "normal"
        text = f"{value + 0.0:.2f}".replace("0.", ".").replace("-.00", ".00")
        axes.text(column, row, text, ha="center", va="center", fontsize=8, color=ink(value, 1.0), weight=weight)
    axes.set_title(f"Pearson above the diagonal, Spearman below; framed from |r| = {redundant_at:g}", fontsize=11)
    return figure


def density_figure(density: pd.DataFrame, summary: pd.DataFrame, *, features: Sequence[str]) -> Figure:
    """One panel per feature with a ridge per genre group, the lowest median at the bottom; a tick marks the median.

    Each panel shows the central 98 % of the catalogue. Heights are densities on one scale within a panel, cut at
    the height of its second-tallest ridge so that one narrow peak does not flatten the others.

    Args:
        density: ``results.feature_density``.
        summary: ``results.feature_summary``.
        features: Order of the panels; those without values are left out.
    """
    shown = [name for name in features if (density["feature"] == name).any()]
    n_rows = max(1, -(-len(shown) // _COLUMNS))
    groups = _groups(summary)
    figure = new_figure(15, n_rows * (1.1 + 0.22 * len(groups)))
    for position, name in enumerate(shown):
        axes = figure.add_subplot(n_rows, _COLUMNS, position + 1)
        of_feature = density[density["feature"] == name]
        _ridges(axes, of_feature, summary[summary["feature"] == name], groups)
        axes.set_title(name, fontsize=11, loc="left", weight="bold")
    return figure


def _groups(summary: pd.DataFrame) -> list[str]:
    """Genre groups, most tracks first, at most as many as can be told apart."""
    sizes = summary[summary["genre"] != ALL].groupby("genre")["n"].max()
    found = sorted(sizes[sizes > 0].items(), key=lambda item: (-item[1], item[0]))
    return [str(name) for name, _ in found[:_MOST_GROUPS]]


def _ridges(axes: Axes, density: pd.DataFrame, summary: pd.DataFrame, groups: Sequence[str]) -> None:
    from matplotlib import colormaps
    from matplotlib.ticker import MaxNLocator

    by_genre = summary.set_index("genre")
    order = sorted((g for g in groups if by_genre["n"].get(g, 0)), key=lambda g: (by_genre["median"][g], g))
    low, high = by_genre["p01"][ALL], by_genre["p99"][ALL]
    curves = {g: density[density["genre"] == g].sort_values("bin") for g in order}
    is_discrete = density["bin"].max() < _DISCRETE
    if not is_discrete:
        curves = {g: c[(c["high"] > low) & (c["low"] < high)] for g, c in curves.items()}
    scale, top = _scale(curves, overlap=_STEPS if is_discrete else _OVERLAP)
    for row, group in reversed(list(enumerate(order))):
        x, y = _outline(curves[group], is_discrete=is_discrete)
        colour, base = colormaps["viridis"](0.08 + 0.84 * row / max(len(order) - 1, 1)), float(row)
        height = base + (y * scale).clip(max=top)
        axes.fill_between(x, base, height, color=colour, alpha=0.78, linewidth=0)
        axes.plot(x, height, color="white", linewidth=0.9)
        if not is_discrete:
            median = by_genre["median"][group]
            axes.plot([median, median], [base, base + 0.5], color="black", linewidth=1.2)
    axes.set_yticks(range(len(order)), order, fontsize=7.5, parse_math=False)
    axes.set_ylim(-0.15, len(order) - 1 + top * 1.05)
    if not is_discrete and low < high:
        axes.set_xlim(low, high)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _scale(curves: Mapping[str, pd.DataFrame], *, overlap: float) -> tuple[float, float]:
    """Rows per unit of density, and the height at which a ridge is cut."""
    tallest = sorted((curve["density"].max() for curve in curves.values() if len(curve)), reverse=True)
    second = tallest[min(1, len(tallest) - 1)] if tallest else 1.0
    return overlap / (second or tallest[0] or 1.0), overlap * 1.15


def _outline(curve: pd.DataFrame, *, is_discrete: bool) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    if is_discrete:
        edges = np.column_stack([curve["low"], curve["high"]]).ravel()
        return edges, curve["density"].to_numpy().repeat(2)
    return ((curve["low"] + curve["high"]) / 2).to_numpy(), curve["density"].to_numpy()


def _frame(axes: Axes, a: int, b: int) -> None:
    from matplotlib.patches import Rectangle

    for column, row in ((a, b), (b, a)):
        axes.add_patch(Rectangle((column - 0.47, row - 0.47), 0.94, 0.94, fill=False, linewidth=2, edgecolor="black"))


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
