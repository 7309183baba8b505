"""``similar --features``: a track that is not in the catalogue is looked up in the stored index."""

from __future__ import annotations

import json

import numpy as np
import pytest

from spark_app.cli import similar
from spark_app.cli.new_track import EXAMPLE, features_of
from spark_app.columns import AUDIO12
from spark_app.errors import DataError, UsageError
from spark_app.jobs import find_similar_tracks
from tests.cli.commands import run
from tests.similarity.catalogues import fill_catalogue, random_vectors
from tests.tables.lakes import write_table


def asked(values):
    return ",".join(f"{name}={value}" for name, value in zip(AUDIO12, values, strict=True))


def test_the_neighbours_are_those_of_brute_force(make_context, capsys):
    context, z = make_context("similar.lsh_sample=0"), random_vectors(40)
    tracks = [(f"t{i:02}", f"a{i}", ["rock"] if i < 30 else ["pop"], z[i]) for i in range(40)]
    fill_catalogue(context, tracks)
    find_similar_tracks.JOB.run(context)
    new = random_vectors(1, seed=9)[0]  # the catalogue's features are 100 + 10 z

    command = ("similar", "--features", asked(100 + 10 * new), "--k", "4", "--json")
    assert run(similar, context.settings.root, *command, "--group", "Rock") == 0
    told = json.loads(capsys.readouterr().out)["neighbours"]

    far = np.linalg.norm(z[:30] - new, axis=1)
    nearest = np.argsort(far)[:4]
    assert [row["neighbour_id"] for row in told] == [f"t{i:02}" for i in nearest]
    np.testing.assert_allclose([row["distance"] for row in told], far[nearest], rtol=1e-9)
    with pytest.raises(UsageError, match="needs a --group") as caught:
        run(similar, context.settings.root, *command)
    assert caught.value.remedy == "Groups: pop, rock."
    with pytest.raises(UsageError, match="'polka' in the index"):
        run(similar, context.settings.root, *command, "--group", "polka")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("--features", "energy=1"), "danceability, key, .* missing"),
        (("--features", EXAMPLE + ",bpm=1"), "no feature 'bpm'"),
        (("--features", EXAMPLE.replace("0.7", "high")), "danceability=high is no number"),
        (("--features", EXAMPLE.replace("0.7", "nan")), "danceability=nan is no number"),
        (("--features", EXAMPLE, "--years", "1990"), "no filter but --group"),
        (("--features", EXAMPLE, "--track-id", "t"), "name a title"),
    ],
)
def test_a_wrong_call_is_a_usage_error(tmp_path, argv, message):
    write_table(tmp_path, "curated.tracks", [])
    with pytest.raises(UsageError, match=message):
        run(similar, tmp_path, "similar", *argv)


def test_without_an_index_it_is_told_how_to_build_one(tmp_path):
    write_table(tmp_path, "curated.tracks", [])
    with pytest.raises(DataError, match="no index"):
        run(similar, tmp_path, "similar", "--features", EXAMPLE, "--group", "rock")


def test_the_example_holds_every_feature():
    assert list(features_of(EXAMPLE)) == list(AUDIO12)
