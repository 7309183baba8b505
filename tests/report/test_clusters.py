"""The picture of cluster_genres."""

from __future__ import annotations

import io

import numpy as np

from spark_app.report.clusters import profile_figure

FEATURES = ["tempo", "energy"]


def card(group, cluster, n_tracks, share, profile, stability=0.9):
    row = {"genre_group": group, "cluster": cluster, "n_tracks": n_tracks, "share": share, "profile": profile}
    return {**row, "stability": stability}


def test_each_group_has_a_panel_and_each_cluster_a_row():
    cards = [card("$folk", 0, 5, 1.0, [0.0, 0.0], None)]
    cards += [card("rock", 1, 30, 0.3, [-0.2, -1.52]), card("rock", 0, 70, 0.7, [1.04, 0.99])]
    figure = profile_figure(cards, features=FEATURES)

    rock, folk, _bar = figure.axes
    assert rock.get_title(loc="left") == "rock: 100 tracks, 2 clusters, seeds agree 0.90"
    assert folk.get_title(loc="left") == "$folk: 5 tracks, 1 cluster"
    assert [tick.get_text() for tick in rock.get_yticklabels()] == ["70 %", "30 %"]
    assert np.asarray(rock.images[0].get_array()).tolist() == [[1.04, 0.99], [-0.2, -1.52]]
    assert sorted(text.get_text() for text in rock.texts) == ["+1.0", "−1.5"]
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    assert picture.getvalue().startswith(b"\x89PNG")


def test_many_groups_and_clusters_are_cut():
    cards = [card(f"g{i:02}", j, 1, 0.05, [0.0, 0.0]) for i in range(25) for j in range(15)]
    figure = profile_figure(cards, features=FEATURES)
    assert len(figure.axes) == 20 + 1
    assert figure.axes[0].get_title(loc="left") == "g00: 15 tracks, 15 clusters, the 12 largest, seeds agree 0.90"
    assert len(figure.axes[0].get_yticklabels()) == 12
