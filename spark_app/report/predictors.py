"""The pictures of genre_predictors: how far each genre stands from the rest, and what a model would miss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from spark_app.report.canvas import ink, new_figure, signed_cells

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

_LIMIT = 1.0  # standard deviations at which the colours end


def importance_figure(rows: Sequence[Mapping[str, Any]], *, features: Sequence[str]) -> Figure:
    """A cell per genre and feature: mean z of the genre less that of the rest; genres of like profile side by side.

    Numbers stand where the difference is significant after Holm's correction; the others are left blank.

    Args:
        rows: Rows of ``results.genre_predictors``.
        features: Order of the columns.
    """
    import numpy as np

    genres = sorted({row["genre"] for row in rows})
    values = np.full((len(genres), len(features)), np.nan)
    significant = np.zeros(values.shape, dtype=bool)
    for row in rows:
        place = genres.index(row["genre"]), list(features).index(row["feature"])
        values[place] = np.nan if row["importance_raw"] is None else row["importance_raw"]
        significant[place] = row["is_significant"]
    order = _by_profile(values)
    values, significant = values[order], significant[order]
    figure = new_figure(9.8, 1.9 + 0.37 * len(genres))
    axes = figure.add_subplot()
    names = [genres[i] for i in order]
    label = "mean z: genre less the rest"
    signed_cells(axes, values, rows=names, columns=features, limit=_LIMIT, label=label)
    for i, j in np.argwhere(significant):
        text, colour = f"{values[i, j]:+.2f}".replace("0.", "."), ink(values[i, j], _LIMIT)
        axes.text(j, i, text, ha="center", va="center", fontsize=7.5, color=colour)
    axes.set_title("What tells a genre from the rest (number: significant after Holm's correction)", fontsize=11)
    return figure


def ablation_figure(rows: Sequence[Mapping[str, Any]], *, n_train: int, n_valid: int) -> Figure:
    """A bar per feature: change of accuracy without it, in percentage points, with two standard errors.

    Args:
        rows: Rows of ``results.feature_ablation``; the first is the model with all features.
        n_train: Rows behind the fits.
        n_valid: Rows behind the accuracies.
    """
    whole, *others = rows
    ordered = sorted(others, key=lambda row: (-row["accuracy_change"], row["feature"]))
    changes = [100 * row["accuracy_change"] for row in ordered]
    errors = [200 * row["accuracy_change_se"] for row in ordered]
    is_missed = [change + error < 0 for change, error in zip(changes, errors, strict=True)]
    figure = new_figure(8.2, 1.5 + 0.33 * len(ordered))
    axes = figure.add_subplot()
    colours = ["#b2182b" if missed else "0.72" for missed in is_missed]
    axes.barh(range(len(ordered)), changes, xerr=errors, color=colours, error_kw={"elinewidth": 1, "capsize": 2.5})
    axes.set_yticks(range(len(ordered)), [f"without {row['feature']}" for row in ordered], parse_math=False)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_xlabel("change of validation accuracy, percentage points (± 2 standard errors)")
    title = f"Linear discriminant: accuracy {whole['accuracy']:.3f} with all features"
    axes.set_title(f"{title}\n{n_train:,} training tracks, {n_valid:,} validation tracks", fontsize=10.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color="0.9")
    axes.set_axisbelow(True)
    return figure


def _by_profile(values: np.ndarray) -> np.ndarray:
    """Order of the rows along the first principal component, so that like rows are neighbours."""
    import numpy as np

    filled = np.nan_to_num(values)
    left, _, right = np.linalg.svd(filled, full_matrices=False)
    # The sign of a singular vector is arbitrary: let its largest weight be positive.
    sign = np.sign(right[0, np.abs(right[0]).argmax()]) or 1.0
    return np.argsort(-left[:, 0] * sign, kind="stable")
