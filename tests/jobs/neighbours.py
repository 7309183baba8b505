"""Catalogues whose neighbours find_similar_tracks searches, and what its runs have left."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from spark_app.columns import AUDIO12
from spark_app.jobs import normalise_features
from spark_app.jobs.neighbour_index import FOLDER
from spark_app.tables.local import open_table, plain_files
from tests.similarity.catalogues import brute_force, fill, random_vectors

# Much of a small catalogue changes in a test: its moments move by more than those of a large one.
OPTIONS = ("similar.k=3", "similar.lsh_sample=0", "similar.max_drift=1")


def catalogue(context, groups):
    """Curated tables and features of ``{group: {track_id: twelve numbers}}``, and their moments."""
    rows = [
        (track, ["x"], group, *[100.0 + 10 * value for value in values])
        for group, tracks in groups.items()
        for track, values in tracks.items()
    ]
    features = ", ".join(f"{name} double" for name in AUDIO12)
    ddl = f"track_id string, artist_ids array<string>, genre_group string, {features}"
    tracks = context.spark.createDataFrame(rows, ddl)
    fill(context, "curated.tracks", tracks)
    fill(context, "curated.track_genres", tracks.selectExpr("track_id", "genre_group as genre", "genre_group"))
    normalise_features.JOB.run(context)


def random_groups(names, n=20):
    """Random tracks for each pair of a seed and a group's name."""
    return {name: {f"{name}{i:02d}": z for i, z in enumerate(random_vectors(n, seed).tolist())} for seed, name in names}


def neighbours_of(context):
    rows = context.tables.read("results.neighbours").collect()
    return {(row.genre_group, row.track_id, row["rank"]): row.neighbour_id for row in rows}


def expected_of(context, groups, k):
    """Brute force on the z-scores of the index's own scaler, which may be that of an earlier run."""
    moments = {row["feature"]: row for row in context.tables.notes("models.neighbour_index")["moments"]}
    mean, std = (np.array([moments[name][what] for name in AUDIO12]) for what in ("mean", "std"))
    found = {}
    for group, tracks in groups.items():
        ids = sorted(tracks)
        vectors = (100 + 10 * np.array([tracks[name] for name in ids]) - mean) / std
        for i, line in enumerate(brute_force(vectors, k)[0]):
            found |= {(group, ids[i], rank + 1): ids[other] for rank, other in enumerate(line)}
    return found


def files_of(context):
    """Data files of the neighbours."""
    return set(plain_files(open_table(context.settings.root, "results.neighbours"), ""))


def index_files(context):
    return {path for path in Path(context.settings.root, FOLDER).rglob("*") if path.is_file()}


def file_of(context, group):
    """The first file that the index has for a group."""
    (row,) = context.tables.read("models.neighbour_index").where(f"genre_group = '{group}'").collect()
    return Path(context.settings.root, FOLDER, json.loads(row.shards)[0]["file"])
