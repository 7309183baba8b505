"""The pictures of genre_predictors."""

from __future__ import annotations

import io

import numpy as np

from spark_app.report.predictors import ablation_figure, importance_figure


def row(genre, feature, raw, *, significant=True):
    return {"genre": genre, "feature": feature, "importance_raw": raw, "is_significant": significant}


def test_like_genres_are_neighbours_and_only_significant_cells_have_numbers():
    rows = [row("folk", "energy", -0.9), row("metal", "energy", 1.2), row("blues", "energy", -0.8)]
    rows += [row("folk", "key", 0.01, significant=False), row("metal", "key", None, significant=False)]
    rows += [row("blues", "key", 0.02)]
    figure = importance_figure(rows, features=["energy", "key"])
    axes = figure.axes[0]
    names = [tick.get_text() for tick in axes.get_yticklabels()]
    assert names.index("metal") in (0, 2)  # the odd one out stands at an end
    assert sorted(text.get_text() for text in axes.texts) == ["+.02", "+1.20", "-.80", "-.90"]
    assert np.ma.filled(axes.images[0].get_array(), np.nan)[names.index("folk"), 0] == -0.9
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    assert picture.getvalue().startswith(b"\x89PNG")


def test_bars_are_ordered_by_loss_and_only_clear_losses_are_coloured():
    def model(feature, change, error):
        return {"feature": feature, "accuracy": 0.5, "accuracy_change": change, "accuracy_change_se": error}

    rows = [model("none", 0, 0), model("key", -0.001, 0.001), model("energy", -0.04, 0.005), model("mode", 0.002, 0.0)]
    figure = ablation_figure(rows, n_train=1000, n_valid=250)
    axes = figure.axes[0]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["without mode", "without key", "without energy"]
    widths = [bar.get_width() for bar in axes.patches]
    assert np.allclose(widths, [0.2, -0.1, -4.0])
    colours = {bar.get_facecolor() for bar in axes.patches}
    assert len(colours) == 2
    assert "1,000 training" in axes.get_title()
