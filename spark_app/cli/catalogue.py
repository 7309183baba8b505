"""All tracks with their vectors, as arrays: what the command line searches without Spark."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from spark_app.columns import ALL, AUDIO12_Z, UNKNOWN
from spark_app.errors import DataError, UsageError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

_COLUMNS = ("track_id", "release_year", "popularity", "explicit", "artist_names", "artist_ids")


@dataclass(frozen=True)
class Catalogue:
    """Tracks in the order of their ids.

    Attributes:
        root: Of the tables.
        ids: ``(n,)``.
        z: z-scores ``(n, 12)``; NaN where a feature is missing.
        tempo: Beats per minute ``(n,)``; NaN where it is missing.
        tracks: What ``Filter.passes`` reads, row by row.
    """

    root: str
    ids: np.ndarray
    z: np.ndarray
    tempo: np.ndarray
    tracks: pa.Table

    @classmethod
    def read(cls, root: str) -> Catalogue:
        """The tables below ``root``.

        Raises:
            DataError: The features are those of other tracks.
        """
        import numpy as np

        from spark_app.tables.local import read_rows

        audio = read_rows(root, "features.audio", ("track_id", "tempo", *AUDIO12_Z)).sort_by("track_id")
        tracks = read_rows(root, "curated.tracks", _COLUMNS).sort_by("track_id")
        if audio.column("track_id") != tracks.column("track_id"):
            raise DataError(
                "features.audio is not of the tracks in curated.tracks", "Run: spark-app normalise_features"
            )
        z = np.column_stack([audio.column(name).to_numpy() for name in AUDIO12_Z])
        return cls(root, audio.column("track_id").to_numpy(), z, audio.column("tempo").to_numpy(), tracks)

    def position(self, track_id: str) -> int:
        """Of a track.

        Raises:
            DataError: It lacks audio features.
        """
        import numpy as np

        at = int(np.searchsorted(self.ids, track_id))
        if at == len(self.ids) or self.ids[at] != track_id or np.isnan(self.z[at]).any():
            raise DataError(f"track {track_id} has no neighbours", "It lacks audio features.")
        return at

    def members(self, track_id: str, group: str = "") -> dict[str, np.ndarray]:
        """Group -> which tracks are in it.

        Args:
            track_id: Whose groups.
            group: This one instead, ``all`` for the whole catalogue.

        Raises:
            UsageError: There is no such group.
        """
        import numpy as np
        import pyarrow.compute as pc

        group = group.strip().lower()
        if group == ALL:
            return {ALL: np.ones(len(self.ids), dtype=bool)}
        of_track, groups = (self._pairs.column(name) for name in ("track_id", "genre_group"))
        own = groups.filter(pc.equal(of_track, track_id)).unique().to_pylist()
        names = [group] if group else sorted(own) or [UNKNOWN]
        found = {name: self._among(of_track.filter(pc.equal(groups, name))) for name in names}
        if UNKNOWN in found:  # tracks without a genre
            found[UNKNOWN] = ~self._among(of_track)
        if not any(members.any() for members in found.values()):
            known = ", ".join([*sorted(groups.unique().to_pylist()), UNKNOWN, ALL])
            raise UsageError(f"there is no genre group {group!r}", f"Groups: {known}.")
        return found

    def places(self, track_ids: pa.ChunkedArray) -> tuple[np.ndarray, pa.ChunkedArray]:
        """Positions of those ids that are in the catalogue, and which of them are."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        is_known = pc.is_in(track_ids, value_set=pa.array(self.ids))
        return np.searchsorted(self.ids, track_ids.filter(is_known).to_numpy()), is_known

    @cached_property
    def _pairs(self) -> pa.Table:
        from spark_app.tables.local import read_rows

        return read_rows(self.root, "curated.track_genres", ("track_id", "genre_group"))

    def _among(self, track_ids: pa.ChunkedArray) -> np.ndarray:
        import pyarrow as pa
        import pyarrow.compute as pc

        found: np.ndarray = pc.is_in(pa.array(self.ids), value_set=track_ids).to_numpy(zero_copy_only=False)
        return found
