"""One catalogue of 20,000 rows for all tests of the sample, parsed by Python's own csv module."""

from __future__ import annotations

import csv
from typing import NamedTuple

import pandas as pd
import pytest

from spark_app.sources import sample

TRACKS, SEED, DIRTY_SHARE = 20_000, 42, 0.02


class Catalogue(NamedTuple):
    tracks: pd.DataFrame  # typed, before dirt
    artists: pd.DataFrame
    truth: pd.DataFrame
    track_lines: pd.DataFrame
    artist_lines: pd.DataFrame


@pytest.fixture(scope="session")
def catalogue(_session):
    """Frames of 20,000 tracks and 1,670 artists, in pandas (15 MB)."""
    size = {"tracks": TRACKS, "seed": SEED}
    dirty = {**size, "dirty_share": DIRTY_SHARE}
    return Catalogue(
        sample.sample_tracks(_session, **size).toPandas(),
        sample.sample_artists(_session, **size).toPandas(),
        sample.truth(_session, **dirty).toPandas(),
        sample.track_lines(_session, **dirty).toPandas(),
        sample.artist_lines(_session, **dirty).toPandas(),
    )


@pytest.fixture(scope="session")
def rows(catalogue):
    """Track records that Python can decode, one list of fields each, beside what was planted in them."""
    return _fields(catalogue.track_lines, catalogue.truth)


@pytest.fixture(scope="session")
def artist_rows(catalogue):
    return _fields(catalogue.artist_lines, catalogue.truth)


def _fields(lines, truth):
    joined = lines.merge(truth, on=["file", "line"], validate="one_to_one")
    joined["value"] = joined["value"].map(bytes)
    readable = joined[~joined["planted"].str.endswith(("not_utf8", "nul_byte"))].copy()
    readable["fields"] = [next(csv.reader([v.decode()], strict=True)) for v in readable["value"]]
    return readable
