"""The tracks of a group, or a part of them, in one task's memory, with the engine that searches them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spark_app.similarity.engines import Searcher
from spark_app.similarity.exact import blocks, exact_pools, first_tracks, without_self
from spark_app.similarity.kinds import Kind, kind_of
from spark_app.similarity.members import Members
from spark_app.similarity.spaces import Rows, Space

if TYPE_CHECKING:
    import numpy as np

_EXTRA = 4  # candidates beyond k: float32 seldom confuses more


@dataclass(frozen=True)
class Tracks:
    """Rows in the order of their tracks' ids, collapsed and placed for search.

    Attributes:
        members: Who shares which row.
        space: Of the distinct rows.
        metric: One of ``kinds.METRICS``.
    """

    members: Members
    space: Space
    metric: str

    @classmethod
    def of(cls, rows: Any, metric: str) -> Tracks:
        """From n rows, at least 1, in the order of the ids.

        Args:
            rows: Finite float64 vectors of shape (n, n_features); or, for ``jaccard``, an Arrow array of n lists.
            metric: One of ``kinds.METRICS``.
        """
        kind = kind_of(metric)
        members = kind.members(kind.prepared(rows))
        return cls(members, kind.space(members.distinct), metric)

    @property
    def kind(self) -> Kind:
        """Of the rows."""
        return kind_of(self.metric)

    def __len__(self) -> int:
        return len(self.members.which)


@dataclass
class Shard:
    """Tracks and the engine over them.

    Attributes:
        tracks: The tracks.
        engine: One of ``engines.ENGINES`` but ``auto``.
        searcher: The engine, built over ``tracks.space.rows``.
        compared: Rows that queries have been compared with so far.
        fallbacks: Queries for which the engine found too few, so that the exact search answered.
    """

    tracks: Tracks
    engine: str
    searcher: Searcher
    compared: int = 0
    fallbacks: int = 0

    def nearest(self, sought: Rows, keep: int) -> tuple[np.ndarray, np.ndarray]:
        """The first tracks by (float64 distance, position) among those that the engine finds.

        Args:
            sought: Prepared queries.
            keep: Tracks asked for.

        Returns:
            Positions and distances of shape (n_queries, min(keep, n)): where an engine finds too few, the exact
            search answers.
        """
        import numpy as np

        sought = self.tracks.space.adopted(sought)
        keep = min(keep, len(self.tracks))
        positions = np.empty((len(sought), keep), dtype=np.int64)
        distance = np.empty((len(sought), keep))
        n_candidates = min(keep + _EXTRA, len(self.tracks.members.distinct))
        for block in blocks(len(sought), n_candidates):
            positions[block], distance[block] = self._found(sought[block], n_candidates, keep)
        return positions, distance

    def _found(self, sought: Rows, n_candidates: int, keep: int) -> tuple[np.ndarray, np.ndarray]:
        import numpy as np

        members, space = self.tracks.members, self.tracks.space
        candidates, compared = self.searcher.search(space.queries(sought), n_candidates)
        self.compared += compared
        is_found = candidates >= 0
        n_tracks = np.where(is_found, members.count[candidates], 0).sum(axis=1)
        short = np.flatnonzero(n_tracks < keep)
        enough = np.flatnonzero(n_tracks >= keep)
        positions = np.empty((len(sought), keep), dtype=np.int64)
        distance = np.empty((len(sought), keep))
        if len(enough):
            found = first_tracks(members, space, sought[enough], candidates[enough], keep)
            positions[enough], distance[enough] = found
        if len(short):
            self.fallbacks += len(short)
            self.compared += len(short) * len(members.distinct)
            positions[short], distance[short] = exact_pools(members, space, sought[short], keep=keep)
        return positions, distance

    def neighbours(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """As ``nearest`` for the tracks at these positions, never the track itself: (n_queries, min(k, n - 1))."""
        import numpy as np

        k = min(k, len(self.tracks) - 1)
        if k < 1 or not len(queries):
            return np.empty((len(queries), max(k, 0)), dtype=np.int64), np.empty((len(queries), max(k, 0)))
        members = self.tracks.members
        sought, row = np.unique(members.which[queries], return_inverse=True)
        positions, distance = self.nearest(members.distinct[sought], k + 1)
        return without_self(positions, distance, row.ravel(), queries)
