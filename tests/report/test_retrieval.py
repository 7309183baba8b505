"""The picture of eval_audio_similarity."""

from __future__ import annotations

import io

from spark_app.report.retrieval import retrieval_figure


def row(protocol, genre, engine, value, *, low=None, high=None, n=500, artists=99, scaling="z", metric="hit@10"):
    return {
        "protocol": protocol, "scaling": "none" if engine == "random" else scaling, "metric": metric, "engine": engine,
        "genre": genre, "value": value, "n_queries": n, "n_artists": artists, "low": low, "high": high,
    }  # fmt: skip


def ticks(axes):
    return [text.get_text() for text in axes.get_yticklabels()]


def test_protocols_stand_left_genres_of_one_protocol_right_the_best_on_top():
    rows = [
        row("P0", "all", "exact", 0.17, low=0.16, high=0.18),
        row("P0", "all", "random", 0.02),
        row("artist", "all", "exact", 0.11, low=0.10, high=0.12),
        row("artist", "all", "exact", 0.09, scaling="z/cosine"),
        row("artist", "macro", "exact", 0.2),
        row("artist", "$oul$", "exact", 0.08, n=100),
        row("artist", "rock", "exact", 0.15, n=900),
        row("artist", "house", "exact", 0.07, n=900, artists=4),
        row("artist", "jazz", "exact", 0.06, n=900, artists=None),  # a table of before they were counted
        row("artist", "rock", "random", 0.01, n=900),
        row("artist", "tiny", "exact", None, n=0),
        row("artist", "all", "exact", 0.9, metric="recall@10"),
    ]

    figure = retrieval_figure(rows, metric="hit@10", protocol="artist")

    left, right = figure.axes
    assert ticks(left) == ["P0\n500 queries", "artist\n500 queries"]
    assert ticks(right) == [f"{name} queries" for name in ("rock\n900", "$oul$\n100", "house\n900", "jazz\n900")]
    assert [text.get_text() for text in left.texts] == ["0.170", "0.110", "0.090"]
    spans = [list(line.get_xdata()) for line in left.lines if len(line.get_xdata()) == 2]
    assert [0.16, 0.18] in spans
    assert [0.02, 0.02] in spans  # the stroke of chance
    faces = [line.get_markerfacecolor() for line in right.lines if line.get_marker() == "o"]
    # Soul, rock, house, jazz: of soul there are too few queries for a claim, of house too few artists.
    assert faces == ["white", "#1f77b4", "white", "#1f77b4"]
    assert right.get_title() == "protocol artist, by genre; hollow: < 384 queries or < 5 artists"
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["z exact", "random", "z/cosine exact"]
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    assert picture.getvalue().startswith(b"\x89PNG")


def test_only_baselines_go_by_their_engine_alone():
    engines = ("exact", "ivf", "spark_lsh", "popularity", "random")
    rows = [row("P0", "all", engine, 0.1, scaling="none") for engine in engines]
    (legend,) = retrieval_figure(rows, metric="hit@10", protocol="artist").legends
    told = [text.get_text() for text in legend.get_texts()]
    assert told == ["none exact", "none ivf", "none spark_lsh", "popularity", "random"]


def test_nothing_to_draw_is_an_empty_picture():
    figure = retrieval_figure([row("artist", "all", "exact", None, n=0)], metric="hit@10", protocol="artist")
    assert [ticks(axes) for axes in figure.axes] == [[], []]
    figure.canvas.draw()
