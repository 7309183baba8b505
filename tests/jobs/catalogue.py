"""A small curated catalogue for tests of jobs: writes the tables that feature and classifier jobs read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spark_app.columns import AUDIO12
from spark_app.schemas import TABLES

GROUPS = {"punk": "rock", "bebop": "jazz", "grime": "hip hop"}
CENTRES = {"punk": 0.8, "bebop": 0.2, "grime": 0.5}


def curated(n=120, per_artist=2, seed=4):
    """Rows of curated.tracks as dictionaries: three genres, separated by energy; every artist has one genre."""
    rng = np.random.default_rng(seed)
    genres = list(GROUPS)
    rows = []
    for i in range(n):
        genre = genres[(i // per_artist) % 3]
        features = {name: float(rng.random()) for name in AUDIO12}
        features["energy"] = CENTRES[genre] + 0.02 * float(rng.normal())
        row = {"track_id": f"t{i:04}", "artist_ids": [f"a{i // per_artist:04}"], "genre": genre}
        rows.append({**row, "genre_group": GROUPS[genre], "training_allowed": True, **features})
    return rows


class MemoryTables:
    """Stands in for a lake where a test is about the job: a Delta commit takes a second."""

    def __init__(self, spark):
        self.spark, self.frames = spark, {}

    def exists(self, name):
        return name in self.frames

    def read(self, name):
        return self.frames[name]

    def version(self, name):
        return 0

    def notes(self, name):
        return {}

    def write_rows(self, name, rows, *, notes=None):
        self.write(name, self.spark.createDataFrame([tuple(row) for row in rows], TABLES[name].struct))

    def replace_rejects(self, job, rejects):
        self.write("curated.rejects", rejects)

    def write(self, name, frame, *, then=None):
        frame = then(frame) if then else frame
        assert sorted(frame.columns) == sorted(TABLES[name].columns)
        # As in a lake, what is written no longer hangs on what it was made of.
        self.frames[name] = frame.select(*TABLES[name].columns).localCheckpoint()


def in_memory(context):
    """The same context with tables that live in memory."""
    return replace(context, tables=MemoryTables(context.spark))


def write(context, rows, *, genres=None, twins=()):
    """Write the curated tables of ``rows``; ``genres`` (track_id, genre_group) default to each track's own group."""
    own = [(row["track_id"], row["genre_group"]) for row in rows if row["genre_group"] != "unknown"]
    tables = {
        "curated.tracks": rows,
        "curated.track_genres": [
            {"track_id": track, "genre": f"{group} {i}", "genre_group": group}
            for i, (track, group) in enumerate(own if genres is None else genres)
        ],
        "curated.track_artists": [
            {"track_id": row["track_id"], "artist_id": artist, "position": 1}
            for row in rows
            for artist in row["artist_ids"] or []
        ],
        "curated.variants": [{"track_id": track, "variant_group": group, "n_members": 2} for track, group in twins],
    }
    for name, found in tables.items():
        schema = TABLES[name]
        values = [tuple(row.get(column) for column in schema.columns) for row in found]
        context.tables.write(name, context.spark.createDataFrame(values, schema.struct))


def write_empty(context, *names):
    """Write tables without any row."""
    for name in names:
        context.tables.write(name, context.spark.createDataFrame([], TABLES[name].struct))
