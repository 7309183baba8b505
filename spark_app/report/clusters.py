"""The picture of cluster_genres: what tells the clusters of each genre from the genre as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from spark_app.report.canvas import ink, new_figure, signed_cells

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

_COLUMNS = 3  # panels side by side
_MOST_GROUPS = 20
_MOST_CLUSTERS = 12  # rows a panel
_LIMIT = 2.0  # standard deviations at which the colours end
_TOLD = 1.0  # standard deviations from which a cell has its number


def profile_figure(cards: Sequence[Mapping[str, Any]], *, features: Sequence[str]) -> Figure:
    """A panel per genre group, most tracks first; a row per cluster, the largest on top, with its share of the tracks.

    A cell is the cluster's mean less the genre's, in standard deviations of the genre; from one on the number stands
    in it. Groups beyond 20, and clusters beyond the 12 largest of a group, are left out.

    Args:
        cards: Rows of ``models.cluster_cards``.
        features: Names of the profile's values, in their order.
    """
    groups = _largest(cards)
    n_rows = max(1, -(-len(groups) // _COLUMNS))  # of panels
    tallest = max((min(len(of_group), _MOST_CLUSTERS) for of_group in groups.values()), default=1)
    figure = new_figure(15, n_rows * (0.55 + 0.24 * tallest) + 2.2)
    figure.set_layout_engine("constrained", hspace=0.03)
    image, drawn = None, []
    for position, (group, of_group) in enumerate(groups.items()):
        axes = figure.add_subplot(n_rows, _COLUMNS, position + 1)
        is_lowest = position + _COLUMNS >= len(groups)
        # Panels of a column stand below each other: their features are named below the last one.
        image = _panel(axes, group, of_group, features if is_lowest else [""] * len(features), n_rows=tallest)
        drawn.append(axes)
    if image is not None:
        label = "cluster's mean less the genre's, in standard deviations of the genre"
        bar = figure.colorbar(
            image, ax=drawn, location="bottom", shrink=0.35, aspect=45, pad=0.01, label=label, extend="both"
        )
        bar.outline.set_visible(False)
    return figure


def _largest(cards: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for card in sorted(cards, key=lambda card: (card["genre_group"], card["cluster"])):
        found.setdefault(card["genre_group"], []).append(card)
    ordered = sorted(found, key=lambda group: (-_tracks(found[group]), group))
    return {group: found[group] for group in ordered[:_MOST_GROUPS]}


def _tracks(of_group: Sequence[Mapping[str, Any]]) -> int:
    return sum(card["n_tracks"] for card in of_group)


def _panel(
    axes: Axes, group: str, of_group: Sequence[Mapping[str, Any]], features: Sequence[str], *, n_rows: int
) -> AxesImage:
    import numpy as np

    shown = of_group[:_MOST_CLUSTERS]
    values = np.array([card["profile"] for card in shown], dtype=float)
    shares = [f"{100 * card['share']:.0f} %" for card in shown]
    image = signed_cells(axes, values, rows=shares, columns=features, limit=_LIMIT)
    axes.set_facecolor("none")
    axes.set_ylim(n_rows - 0.5, -0.5)  # rows of all panels are of one height
    axes.tick_params(labelsize=7.5)
    for row, column in np.argwhere(np.abs(values) >= _TOLD):
        value = values[row, column]
        text = f"{value:+.1f}".replace("-", "−")
        axes.text(column, row, text, ha="center", va="center", fontsize=6.5, color=ink(value, _LIMIT))
    axes.set_title(_title(group, of_group, len(shown)), fontsize=9.5, loc="left", parse_math=False)
    return image


def _title(group: str, of_group: Sequence[Mapping[str, Any]], n_shown: int) -> str:
    tracks, clusters, stability = _tracks(of_group), len(of_group), of_group[0]["stability"]
    title = f"{group}: {tracks:,} track{'s' * (tracks > 1)}, {clusters} cluster{'s' * (clusters > 1)}"
    if n_shown < clusters:
        title += f", the {n_shown} largest"
    return title if stability is None else f"{title}, seeds agree {stability:.2f}"
