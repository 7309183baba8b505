"""What the figures share: a canvas without pyplot, and a table of coloured cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, in inches. No pyplot: its global state would keep every figure of a long run alive."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def signed_cells(
    axes: Axes, values: np.ndarray, *, rows: Sequence[str], columns: Sequence[str], limit: float, label: str = ""
) -> AxesImage:
    """Cells from blue (-limit) over white to red (limit); NaN stays grey. Returns the image of the cells.

    Args:
        axes: Where to draw.
        values: Shape (n_rows, n_columns).
        rows: Names from top to bottom; they come from users' data.
        columns: Names from left to right.
        limit: Where the colours end.
        label: Of the colour bar; without one there is no bar.
    """
    axes.set_facecolor("0.92")
    image = axes.imshow(values, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
    if label:
        axes.figure.colorbar(image, ax=axes, shrink=0.7, label=label)
    # A dollar sign in a name must not start a formula.
    axes.set_xticks(range(len(columns)), columns, rotation=45, ha="right", parse_math=False)
    axes.set_yticks(range(len(rows)), rows, parse_math=False)
    axes.set_xticks([i - 0.5 for i in range(1, len(columns))], minor=True)
    axes.set_yticks([i - 0.5 for i in range(1, len(rows))], minor=True)
    axes.grid(which="minor", color="white", linewidth=1.2)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    return image


def ink(value: float, limit: float) -> str:
    """The colour of text on a cell of ``signed_cells``."""
    return "white" if abs(value) > 0.6 * limit else "black"
