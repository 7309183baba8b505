"""Vectors and the centres that are there: the nearest cluster of their group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame
from pyspark.sql import types as T

from spark_app.cluster.kmeans import squared_distances
from spark_app.columns import AUDIO12_Z, CLUSTER, DISTANCE, GENRE_GROUP

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

Centres = Mapping[str, "np.ndarray"]


def centres_of(cards: Iterable[Mapping[str, Any]]) -> dict[str, np.ndarray]:
    """Group -> centres of shape (k, 12) in the order of the clusters, from rows of ``models.cluster_cards``."""
    import numpy as np

    found: dict[str, list[Any]] = {}
    for card in sorted(cards, key=lambda card: (card[GENRE_GROUP], card[CLUSTER])):
        found.setdefault(card[GENRE_GROUP], []).append(card["centre"])
    return {group: np.array(centres, dtype=float) for group, centres in found.items()}


def with_nearest(vectors: DataFrame, *, centres: Centres) -> DataFrame:
    """``vectors`` with ``[cluster, distance (z units)]`` of the nearest centre of their group, the first among equals.

    A group without centres gives null in both, and so does a vector that lacks a feature (null or NaN).

    Args:
        vectors: ``[genre_group, *AUDIO12_Z, ...]``, scaled by the moments that the centres were fitted with; further
            columns are kept.
        centres: From ``centres_of``.
    """
    known = dict(centres)

    def assign(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield _assigned(batch, known)

    added = [T.StructField(CLUSTER, T.IntegerType()), T.StructField(DISTANCE, T.DoubleType())]
    return vectors.mapInArrow(assign, T.StructType([*vectors.schema.fields, *added]))


def _assigned(batch: pa.RecordBatch, centres: Centres) -> pa.RecordBatch:
    import numpy as np
    import pyarrow as pa

    names = batch.schema.names
    columns = [batch.column(names.index(name)).to_numpy(zero_copy_only=False) for name in AUDIO12_Z]
    values = np.column_stack([column.astype(float) for column in columns])  # null is NaN
    groups = batch.column(names.index(GENRE_GROUP)).to_numpy(zero_copy_only=False)
    is_whole = ~np.isnan(values).any(axis=1)
    cluster, distance = np.zeros(len(values), dtype=np.int32), np.zeros(len(values))
    is_known = np.zeros(len(values), dtype=bool)
    for group, of_group in centres.items():
        rows = np.flatnonzero(is_whole & (groups == group))
        squared = squared_distances(values[rows], of_group)
        cluster[rows] = squared.argmin(axis=1)
        distance[rows] = np.sqrt(squared.min(axis=1))
        is_known[rows] = True
    added = [pa.array(cluster, mask=~is_known), pa.array(distance, mask=~is_known)]
    return pa.RecordBatch.from_arrays([*batch.columns, *added], names=[*names, CLUSTER, DISTANCE])
