"""The nearest cluster of their group, for the vectors that were clustered and for tracks that came later.

Z-scores move with the catalogue, so those of a later run do not fit the centres of an earlier one. Cards therefore keep
centres in the features' own units as well, and a track that was not clustered is compared by these, in standard
deviations of each feature: means cancel out of differences.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_app.cluster.cards import CENTRE_RAW
from spark_app.cluster.kmeans import squared_distances
from spark_app.columns import AUDIO12, AUDIO12_Z, CLUSTER, DISTANCE, GENRE_GROUP

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

Centres = Mapping[str, "np.ndarray"]


def with_clusters(
    tracks: DataFrame, *, cards: Iterable[Mapping[str, Any]], deviations: Sequence[float | None]
) -> DataFrame:
    """``tracks`` with ``[cluster, distance (standard deviations)]``: the answer for tracks that were not clustered.

    A group without cards, or with cards of before ``centre_raw``, gives null in both, and so does a track that lacks a
    feature (null or NaN). A clustered track gets its own cluster back, but for rounding of equal distances.

    Args:
        tracks: ``[genre_group, *AUDIO12, ...]``, features in their own units; further columns are kept,
            but for z-scores.
        cards: Rows of ``models.cluster_cards``.
        deviations: Of each feature over all tracks, in the order of ``AUDIO12``: ``std`` of ``features.audio_stats``
            where ``genre_group`` is ``all``, as it was when the cards were made, 0 where ``is_constant``. Null or 0
            leaves a feature out, as its z-score does, which is 0 everywhere.
    """
    weights = [1.0 / std if std else 0.0 for std in deviations]
    scaled = {z: F.col(name) * F.lit(weight) for name, z, weight in zip(AUDIO12, AUDIO12_Z, weights, strict=True)}
    return with_nearest(tracks.withColumns(scaled), centres=_centres_of(cards, weights)).drop(*AUDIO12_Z)


def _centres_of(cards: Iterable[Mapping[str, Any]], weights: Sequence[float]) -> dict[str, np.ndarray]:
    """Group -> weighted centres of shape (k, 12) in the order of the clusters."""
    import numpy as np

    found: dict[str, list[Any]] = {}
    for card in sorted(cards, key=lambda card: (card[GENRE_GROUP], card[CLUSTER])):
        if card[CENTRE_RAW] is not None:
            found.setdefault(card[GENRE_GROUP], []).append(card[CENTRE_RAW])
    return {group: np.array(centres, dtype=float) * np.array(weights) for group, centres in found.items()}


def with_nearest(vectors: DataFrame, *, centres: Centres) -> DataFrame:
    """``vectors`` with ``[cluster, distance (z units)]`` of the nearest centre of their group, the first among equals.

    A group without centres gives null in both, and so does a vector that lacks a feature (null or NaN).

    Args:
        vectors: ``[genre_group, *AUDIO12_Z, ...]``, scaled by the moments that the centres were fitted with; further
            columns are kept.
        centres: Group -> centres of shape (k, 12) in the order of the clusters.
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
