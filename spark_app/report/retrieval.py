"""The picture of eval_audio_similarity: how often lists hold what is relevant, beside chance, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from spark_app.columns import ALL
from spark_app.report.canvas import new_figure
from spark_app.similarity.evaluation.plan import BASELINES, FEWEST_ARTISTS, RANDOM

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Rows = Sequence[Mapping[str, Any]]
_FEW = 384  # queries for a half-width of five points (evaluation.md); genres with fewer are drawn hollow
_COLOURS = ("#1f77b4", "#d95f02", "#1b9e77", "#7570b3", "#e7298a", "#66a61e", "#a6761d")


def retrieval_figure(rows: Rows, *, metric: str, protocol: str) -> Figure:
    """On the left every protocol over all queries, on the right every genre of one protocol.

    A point is a mean, its bar the 95 % interval, a grey stroke what a random ranking gives. Genres with fewer than
    384 queries, or queries of fewer than five artists, are hollow.

    Args:
        rows: Of ``results.eval_audio_similarity``; a row without a value is left out.
        metric: The one that is drawn, such as ``hit@10``.
        protocol: Of the right side.
    """
    found = [row for row in rows if row["metric"] == metric and row["value"] is not None]
    overall = [row for row in found if row["genre"] == ALL]
    genres = [row for row in found if row["protocol"] == protocol and row["genre"] not in {ALL, "macro"}]
    rankings = list(dict.fromkeys(_ranking(row) for row in overall if row["engine"] != RANDOM))
    colours = {name: _COLOURS[place % len(_COLOURS)] for place, name in enumerate(rankings)}
    lanes = max(len({row["protocol"] for row in overall}), len({row["genre"] for row in genres}), 1)
    figure = new_figure(11.5, 1.9 + lanes * (0.3 + 0.13 * max(1, len(rankings))))
    left, right = figure.subplots(1, 2)
    _forest(left, overall, "protocol", list(dict.fromkeys(row["protocol"] for row in overall)), colours)
    _forest(right, genres, "genre", _best_first(genres), colours, has_hollow=True)
    left.set_title("all queries", fontsize=11)
    hollow = f"; hollow: < {_FEW} queries or < {FEWEST_ARTISTS} artists" if any(map(_is_few, genres)) else ""
    right.set_title(f"protocol {protocol}, by genre{hollow}", fontsize=11, parse_math=False)
    figure.supxlabel(f"{metric}, 95 % interval by bootstrap over artists", fontsize=10, parse_math=False)
    handles, names = left.get_legend_handles_labels()
    if handles:
        figure.legend(handles, names, loc="outside upper center", ncols=min(5, len(names)), frameon=False, fontsize=9)
    return figure


def _ranking(row: Mapping[str, Any]) -> str:
    return row["engine"] if row["engine"] in BASELINES else f"{row['scaling']} {row['engine']}"


def _is_few(row: Mapping[str, Any]) -> bool:
    """Too little for a claim; artists were not counted in tables of an earlier version."""
    is_of_few = row["n_artists"] is not None and row["n_artists"] < FEWEST_ARTISTS
    return row["n_queries"] < _FEW or is_of_few


def _best_first(rows: Rows) -> list[str]:
    """Genres by the value of their first ranking that is no chance."""
    values: dict[str, float] = {}
    for row in rows:
        if row["engine"] != RANDOM:
            values.setdefault(row["genre"], row["value"])
    return sorted(values, key=lambda genre: (-values[genre], genre))


def _forest(
    axes: Axes, rows: Rows, by: str, names: Sequence[str], colours: Mapping[str, str], *, has_hollow: bool = False
) -> None:
    """A lane per name from top to bottom, in it a point per ranking."""
    labelled: set[str] = set()
    n_queries: dict[str, int] = {}
    for row in rows:
        if row[by] not in names:
            continue
        lane, ranking = names.index(row[by]), _ranking(row)
        n_queries[row[by]] = row["n_queries"]
        label = None if ranking in labelled else ranking
        labelled.add(ranking)
        if row["engine"] == RANDOM:
            axes.plot([row["value"]] * 2, [lane - 0.38, lane + 0.38], color="0.45", linewidth=1.6, label=label)
            continue
        offset = (list(colours).index(ranking) + 0.5) / len(colours) - 0.5
        is_filled = not (has_hollow and _is_few(row))
        _point(axes, row, lane + 0.62 * offset, colours[ranking], label, is_filled=is_filled)
    texts = [f"{name.replace('_', ' ')}\n{n_queries[name]:,} queries" for name in names]
    axes.set_yticks(range(len(names)), texts, fontsize=8.5, parse_math=False)
    axes.set_ylim(len(names) - 0.4, -0.6)
    ends = [row["value"] if row["high"] is None else row["high"] for row in rows]
    axes.set_xlim(0, 1.12 * max(ends, default=1.0) or 1.0)  # numbers stand beside the bars
    for lane in range(1, len(names)):
        axes.axhline(lane - 0.5, color="0.93", linewidth=0.8, zorder=0)
    axes.grid(axis="x", color="0.9")
    axes.tick_params(axis="y", length=0)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _point(
    axes: Axes, row: Mapping[str, Any], height: float, colour: str, label: str | None, *, is_filled: bool
) -> None:
    if row["low"] is not None:
        axes.plot([row["low"], row["high"]], [height] * 2, color=colour, linewidth=1.8, solid_capstyle="round")
    face = colour if is_filled else "white"
    axes.plot([row["value"]], [height], "o", color=colour, markerfacecolor=face, markersize=5, label=label)
    end = row["value"] if row["high"] is None else row["high"]
    axes.annotate(
        f"{row['value']:.3f}", (end, height), xytext=(5, 0), textcoords="offset points", va="center", fontsize=7.5,
        color="0.3", bbox={"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.8},
    )  # fmt: skip
