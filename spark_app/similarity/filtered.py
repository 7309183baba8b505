"""The nearest among the tracks that pass a filter: never fewer than asked for while the catalogue holds them.

A stored list of neighbours cannot answer this: all of them may fail the filter. The tracks that pass are searched
exactly instead; one query against a million vectors takes some 50 ms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from spark_app.similarity.distances import distances, prepared

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

Range = tuple[int, int]


@dataclass(frozen=True)
class Filter:
    """What a neighbour has to be; None and empty ask for nothing.

    Attributes:
        years: First and last release year.
        popularity: Lowest and highest, [0, 100].
        explicit: True or false.
        only: Names of artists, one of whom has to be credited; case does not count.
        without: Names of artists, none of whom may be credited; likewise.
    """

    years: Range | None = None
    popularity: Range | None = None
    explicit: bool | None = None
    only: Sequence[str] = ()
    without: Sequence[str] = ()

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) not in (None, (), []) for field in fields(self))

    def passes(self, tracks: pa.Table) -> np.ndarray:
        """True for each row that passes; a row that lacks a value which is asked about does not.

        Args:
            tracks: ``[release_year, popularity, explicit, artist_names]``.
        """
        import numpy as np
        import pyarrow.compute as pc

        kept = np.ones(tracks.num_rows, dtype=bool)
        for name, span in (("release_year", self.years), ("popularity", self.popularity)):
            if span is not None:
                value = tracks.column(name)
                inside = pc.and_(pc.greater_equal(value, span[0]), pc.less_equal(value, span[1]))
                kept &= _plain(inside)
        if self.explicit is not None:
            kept &= _plain(pc.equal(tracks.column("explicit"), self.explicit))
        artists = tracks.column("artist_names")
        if self.only:
            kept &= _credited(artists, self.only)
        return kept & ~_credited(artists, self.without)


def nearest_of(
    vectors: np.ndarray, query: np.ndarray, passing: np.ndarray, *, k: int, metric: str
) -> tuple[np.ndarray, np.ndarray]:
    """Positions and distances of the k nearest rows that pass, by (distance, position).

    Args:
        vectors: Float64 of shape (n, n_features), in the order of the ids; rows with NaN are never found.
        query: Float64 of shape (n_features,), without NaN.
        passing: Bool of shape (n,).
        k: Asked for; fewer where fewer pass.
        metric: One of ``distances.METRICS``.
    """
    import numpy as np

    rows = np.flatnonzero(passing & ~np.isnan(vectors).any(axis=1))
    left, right = prepared(query[None], metric), prepared(vectors[rows], metric)
    far = distances(left, np.zeros(len(rows), dtype=np.int64), right, np.arange(len(rows)), metric)
    order = np.lexsort((rows, far))[:k]
    return rows[order], far[order]


def _plain(mask: pa.ChunkedArray) -> np.ndarray:
    import pyarrow.compute as pc

    values: np.ndarray = pc.fill_null(mask, False).to_numpy()
    return values


def _credited(artists: pa.ChunkedArray, names: Sequence[str]) -> np.ndarray:
    """True where one of the names is among a row's artists."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    found = np.zeros(len(artists), dtype=bool)
    wanted = pa.array([name.strip().lower() for name in names], pa.string())
    start = 0
    for chunk in artists.chunks:
        hits = pc.is_in(pc.utf8_lower(chunk.flatten()), wanted)
        parents = pc.list_parent_indices(chunk).filter(hits).to_numpy()
        found[start + parents] = True
        start += len(chunk)
    return found
