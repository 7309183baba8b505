"""Neighbours of a track that is not in the catalogue, by its features: asked of the stored index, without Spark."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from spark_app.columns import AUDIO12, AUDIO12_Z, GENRE_GROUP, TRACK_ID
from spark_app.errors import DataError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from spark_app.similarity.search import Index

Row = dict[str, Any]
_INDEX = "models.neighbour_index"
EXAMPLE = (
    "danceability=0.7,energy=0.8,key=5,loudness=-6,mode=1,speechiness=0.05,acousticness=0.1,instrumentalness=0,"
    "liveness=0.1,valence=0.6,tempo=124,duration_ms=210000"
)


def features_of(text: str) -> dict[str, float]:
    """The twelve features of an option such as ``danceability=0.7,energy=0.8,…``, each in its own unit.

    Raises:
        UsageError: One of them is missing, unknown or no finite number.
    """
    import math

    found: dict[str, float] = {}
    for part in text.split(","):
        name, _, value = (side.strip() for side in part.partition("="))
        if name not in AUDIO12:
            raise UsageError(f"--features: there is no feature {name!r}", f"Features: {', '.join(AUDIO12)}.")
        try:
            found[name] = float(value)
        except ValueError:
            found[name] = math.nan
        if not math.isfinite(found[name]):
            raise UsageError(f"--features: {name}={value} is no number")
    if missing := [name for name in AUDIO12 if name not in found]:
        raise UsageError(f"--features: {', '.join(missing)} missing", f"Such as: --features {EXAMPLE}")
    return found


def neighbours_of_features(root: str, features: Mapping[str, float], *, group: str, k: int) -> list[Row]:
    """One row per rank ``[genre_group, rank, neighbour_id, distance]``.

    Args:
        root: Of the tables.
        features: Name -> value in its own unit, all twelve.
        group: Genre group to search.
        k: Neighbours.

    Raises:
        DataError: There is no index, or one of its files is damaged.
        UsageError: No such group.
    """
    import numpy as np

    from spark_app.similarity.search import nearest_in_group

    index, moments = _opened(root)
    groups = sorted({shard.group for shard in index.shards})
    if group not in groups:
        what = f"there is no genre group {group!r} in the index" if group else "--features needs a --group"
        raise UsageError(what, f"Groups: {', '.join(groups)}.")
    z = _scaled(np.array([features[name] for name in AUDIO12]), moments)
    ids, distance = nearest_in_group(index, group, z[None], k=k)
    return [
        {"genre_group": group, "rank": rank, "neighbour_id": track_id, "distance": float(far)}
        for rank, (track_id, far) in enumerate(zip(ids.to_pylist(), distance[0], strict=True), start=1)
    ]


def _opened(root: str) -> tuple[Index, Sequence[Mapping[str, Any]]]:
    """The stored index and the moments that its z-scores were made with."""
    from spark_app.similarity.build import Columns
    from spark_app.similarity.index_files import StoredShard
    from spark_app.similarity.search import Index
    from spark_app.tables.local import has_table, newest_metadata, read_rows

    rows = read_rows(root, _INDEX).to_pylist() if has_table(root, _INDEX) else []
    notes = newest_metadata(root, _INDEX).get("notes", {}) if rows else {}
    if not rows or rows[0]["features"] != list(AUDIO12) or not notes.get("moments"):
        raise DataError("there is no index of these features", "Build it: spark-app find_similar_tracks")
    shards = tuple(StoredShard(**shard) for row in rows for shard in json.loads(row["shards"]))
    columns = Columns(TRACK_ID, GENRE_GROUP, AUDIO12_Z)
    folder = f"{root}/{rows[0]['folder']}"
    return Index(folder, columns, rows[0]["metric"], notes["asked"]["seed"], shards), notes["moments"]


def _scaled(values: np.ndarray, moments: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """z-scores; 0 of a feature that never varied."""
    import numpy as np

    of = {row["feature"]: row for row in moments}
    mean, std = (np.array([of[name][what] for name in AUDIO12], dtype=float) for what in ("mean", "std"))
    return np.where(std > 0, (values - mean) / np.where(std > 0, std, 1.0), 0.0)
