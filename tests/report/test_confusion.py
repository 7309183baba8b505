"""The picture of a confusion matrix."""

from __future__ import annotations

import io

import numpy as np

from spark_app.report.confusion import confusion_figure


def test_rows_are_normalised_and_an_empty_row_stays_empty():
    confusion = np.array([[3, 1, 0], [0, 0, 0], [0, 2, 2]])
    figure = confusion_figure(confusion, labels=["jazz", "pop", "rock"], title="forest")
    axes = figure.axes[0]
    assert axes.images[0].get_array().tolist() == [[75.0, 25.0, 0.0], [0.0, 0.0, 0.0], [0.0, 50.0, 50.0]]
    assert sorted(text.get_text() for text in axes.texts) == ["25", "50", "50", "75"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["jazz (4)", "pop (0)", "rock (4)"]


def test_odd_genres_and_many_labels_are_drawn():
    labels = ["$x^$ {", "a" * 300, *[f"genre {i}" for i in range(112)]]
    figure = confusion_figure(np.eye(114, dtype=int), labels=labels, title="$y^$")
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    assert picture.getvalue().startswith(b"\x89PNG")
    assert not list(figure.axes[0].texts)  # the numbers could not be read
