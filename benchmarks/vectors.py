"""Vectors for benchmarks of neighbours: real z-scores of a catalogue, and generated ones with their moments."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.record import real_data, run_jobs
from spark_app.columns import AUDIO12_Z, GENRE_GROUP, TRACK_ID
from spark_app.curate.membership import group_members
from spark_app.jobs import curate_tracks, ingest_catalogue, normalise_features
from spark_app.similarity.groups import usable_members

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from spark_app.jobs.base import Context

_FILES = 4


@dataclass(frozen=True)
class Moments:
    """Of one genre group's z-scores: its share of all rows, means of shape (12,), covariances of shape (12, 12)."""

    group: str
    share: float
    mean: np.ndarray
    covariance: np.ndarray


def sources_of(catalogue: str) -> list[str]:
    """Settings that name the files of a real catalogue: ``spotify_songs`` or ``tracks_69k``."""
    data = real_data() / catalogue
    if catalogue == "spotify_songs":
        return [f"sources.tracks={data}/spotify_songs.csv"]
    return [f"sources.tracks={data}/tracks.csv", f"sources.artists={data}/artists.csv"]


def real_members(context: Context) -> pd.DataFrame:
    """Usable tracks of the settings' catalogue, by group and id ``[track_id, genre_group, *AUDIO12_Z]``."""
    tables = context.tables
    if not tables.exists("features.audio"):
        run_jobs(context, [ingest_catalogue.JOB, curate_tracks.JOB, normalise_features.JOB])
    pairs = group_members(tables.read("curated.tracks"), tables.read("curated.track_genres"))
    rows = usable_members(pairs, tables.read("features.audio")).select(TRACK_ID, GENRE_GROUP, *AUDIO12_Z)
    return rows.toPandas().sort_values([GENRE_GROUP, TRACK_ID], ignore_index=True)  # some 100,000 rows


def moments_of(members: pd.DataFrame) -> list[Moments]:
    """Per group, the biggest first."""
    found = [
        Moments(str(name), len(rows) / len(members), rows.mean().to_numpy(), np.cov(rows.to_numpy().T))
        for name, rows in members.set_index(GENRE_GROUP)[list(AUDIO12_Z)].groupby(level=0)
        if len(rows) > len(AUDIO12_Z)
    ]
    return sorted(found, key=lambda one: -one.share)


def generated(moments: list[Moments], rows: int, *, seed: int = 3) -> pa.Table:
    """So many normal vectors with the groups' moments and shares ``[track_id, genre_group, *AUDIO12_Z]``."""
    import pyarrow as pa

    random = np.random.default_rng([seed, rows])
    shares = np.array([one.share for one in moments])
    sizes = random.multinomial(rows, shares / shares.sum())
    parts = [random.multivariate_normal(m.mean, m.covariance, size=n) for m, n in zip(moments, sizes, strict=True)]
    order = random.permutation(rows)
    values = np.concatenate(parts)[order]
    groups = np.repeat([one.group for one in moments], sizes)[order]
    ids = [f"t{number:09d}" for number in range(rows)]
    columns = {name: values[:, at] for at, name in enumerate(AUDIO12_Z)}
    return pa.table({TRACK_ID: ids, GENRE_GROUP: groups, **columns})


def store(table: pa.Table, folder: Path) -> str:
    """Write rows as a Delta table of four files; returns its path."""
    from deltalake import write_deltalake

    step = -(-table.num_rows // _FILES)
    for start in range(0, table.num_rows, step):
        write_deltalake(str(folder), table.slice(start, step), mode="append" if start else "overwrite")
    return str(folder)
