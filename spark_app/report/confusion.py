"""The picture of a confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LONGEST_LABEL = 22  # characters; more would push the matrix out of the picture
_MOST_NUMBERS = 30  # labels a side up to which the cells can still be read


def confusion_figure(confusion: np.ndarray, *, labels: Sequence[str], title: str) -> Figure:
    """Each row shows how the tracks of one true genre were predicted, in per cent of that genre.

    A genre without test rows has an empty row. Up to 30 genres the per cents stand in the cells.

    Args:
        confusion: Counts ``(n_labels, n_labels)``; rows are true labels.
        labels: Order of rows and columns.
        title: Stands above.
    """
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    support = confusion.sum(axis=1)
    shares = 100 * confusion / np.maximum(support, 1)[:, None]
    side = min(3.5 + 0.42 * len(labels), 22.0)
    # No pyplot: its global state would keep every figure of a long run alive.
    figure = Figure(figsize=(side + 1, side), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    figure.colorbar(image, ax=axes, shrink=0.8, label="% of the true genre")
    _name_axes(axes, [_short(label) for label in labels], [int(n) for n in support])
    axes.set_title(title, fontsize=11, parse_math=False)
    if len(labels) <= _MOST_NUMBERS:
        _write_numbers(axes, shares, support)
    return figure


def _name_axes(axes: Axes, labels: Sequence[str], support: Sequence[int]) -> None:
    size = 9 if len(labels) <= _MOST_NUMBERS else 6
    positions = range(len(labels))
    # Genres come from users' data: a dollar sign must not start a formula.
    axes.set_xticks(positions, labels, rotation=55, ha="right", fontsize=size, parse_math=False)
    rows = [f"{label} ({n:,})" for label, n in zip(labels, support, strict=True)]
    axes.set_yticks(positions, rows, fontsize=size, parse_math=False)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true (test tracks)")


def _write_numbers(axes: Axes, shares: np.ndarray, support: np.ndarray) -> None:
    for row, n in enumerate(support):
        for column, share in enumerate(shares[row]):
            if n and share >= 0.5:
                colour = "white" if share > 55 else "black"
                axes.text(column, row, f"{share:.0f}", ha="center", va="center", color=colour, fontsize=7)


def _short(label: str) -> str:
    return label if len(label) <= _LONGEST_LABEL else label[: _LONGEST_LABEL - 1] + "…"
