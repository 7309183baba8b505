"""Units that must not be torn apart: connected components over all credited artists.

Near-twins share their first artist, so they lie in one component through it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_app.columns import ARTIST_ID, ARTIST_IDS, TRACK_ID

if TYPE_CHECKING:
    import pandas as pd

UNIT = "unit"
_OTHER = "other_id"
_FOREST = f"{ARTIST_ID} string, {UNIT} string"


def split_units(tracks: DataFrame) -> DataFrame:
    """The unit of each track: everything its artists are connected with, directly or through others.

    Args:
        tracks: One row per track, key ``track_id`` ``[track_id, artist_ids]``. Null artists are placeholders and
            connect nothing.

    Returns:
        One row per track, key ``track_id`` ``[track_id, unit]``. ``unit`` is the smallest artist id of the
        component, or the track's own id where it credits no artist.
    """
    components = artist_components(tracks)
    first = tracks.select(TRACK_ID, F.get(_credited(), F.lit(0)).alias(ARTIST_ID))
    return first.join(components, on=ARTIST_ID, how="left").select(
        TRACK_ID, F.coalesce(UNIT, ARTIST_ID, TRACK_ID).alias(UNIT)
    )


def artist_components(tracks: DataFrame) -> DataFrame:
    """The component of each artist that is credited together with another.

    Each partition reduces its pairs to a forest, one task merges the forests: its memory grows with the number of
    artists (about 0.5 GB for a million), never with the number of tracks, and nothing passes through the driver.

    Args:
        tracks: One row per track ``[artist_ids]``.

    Returns:
        One row per artist, key ``artist_id`` ``[artist_id, unit]``; ``unit`` is the smallest artist id of its
        component. Artists that only stand alone are left out.
    """
    artists = _credited()
    first = F.get(artists, F.lit(0))
    # A star around the first artist connects the same artists as all their pairs would.
    pairs = tracks.select(first.alias(ARTIST_ID), F.explode(artists).alias(_OTHER))
    edges = pairs.where(F.col(ARTIST_ID) != F.col(_OTHER)).distinct()
    return edges.mapInPandas(_forest, _FOREST).repartition(1).mapInPandas(_forest, _FOREST)


def _credited() -> Column:
    return F.filter(ARTIST_IDS, lambda artist: artist.isNotNull())


def _forest(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Pairs of names in, one ``(name, smallest name of its component)`` out per name."""
    import numpy as np
    import pandas as pd
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    pairs = list(batches)
    if not sum(len(batch) for batch in pairs):
        return
    ends = np.concatenate([batch.iloc[:, side].to_numpy(dtype=object) for side in (0, 1) for batch in pairs])
    codes, names = pd.factorize(ends, sort=True)
    left, right = np.split(codes, 2)
    graph = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(len(names), len(names)))
    _, component = connected_components(graph, directed=False)
    # Names are sorted, so the first position of a component is its smallest name.
    _, smallest = np.unique(component, return_index=True)
    yield pd.DataFrame({ARTIST_ID: names, UNIT: names[smallest[component]]})
