"""How rows, albums, artists and clusters lie in a sample catalogue: arithmetic on row ids.

Rows 0 .. tracks - 1 stand in clusters of ``rows_per_cluster``; artists of one cluster work with each other and with
nobody else. A cluster is cut into blocks of ``rows_per_block`` rows, a block into two albums of varying length. The
first row of a block is its *anchor*: never dirty, and the original of every copy in the block.
"""

from __future__ import annotations

from dataclasses import dataclass

from spark_app.errors import UsageError
from spark_app.sources.sample.randomness import Draws
from spark_app.sources.sample.sql import Sql

MIN_TRACKS, MAX_TRACKS = 100, 100_000_000
ROWS_PER_CLUSTER = 120  # and ten artists, about twelve rows each
ROWS_PER_BLOCK = 20
ROWS_PER_ARTIST = 12
# No cluster may exceed this share of a small catalogue, else a connected component could fill a fold.
MAX_CLUSTER_SHARE = 1 / 33
FIXED_SHAPE_FROM = int(ROWS_PER_CLUSTER / MAX_CLUSTER_SHARE)  # from 3,960 rows on the shape is the same

SUPERBLOCK = 200  # artists that share out the genre groups in exact proportion
_STRIDE = 77  # coprime to SUPERBLOCK: neighbouring artists land in different groups
_STRIDE_BACK = pow(_STRIDE, -1, SUPERBLOCK)


@dataclass(frozen=True)
class Shape:
    """Sizes of a catalogue of ``tracks`` rows.

    Raises:
        UsageError: ``tracks`` lies outside [100, 100,000,000].
    """

    tracks: int

    def __post_init__(self) -> None:
        if not MIN_TRACKS <= self.tracks <= MAX_TRACKS:
            raise UsageError(
                f"a sample catalogue of {self.tracks} tracks is not possible",
                f"Set sample.tracks between {MIN_TRACKS} and {MAX_TRACKS:,}.",
            )

    @property
    def rows_per_cluster(self) -> int:
        """Rows of a cluster: 120 from 3,960 tracks on, fewer (at least 4) below."""
        wanted = min(ROWS_PER_CLUSTER, int(self.tracks * MAX_CLUSTER_SHARE))
        step = ROWS_PER_BLOCK if wanted >= ROWS_PER_BLOCK else 2
        return max(4, wanted - wanted % step)

    @property
    def rows_per_block(self) -> int:
        """Rows of a block; divides ``rows_per_cluster``."""
        return min(ROWS_PER_BLOCK, self.rows_per_cluster)

    @property
    def artists_per_cluster(self) -> int:
        """Artists of a cluster, 2 to 10."""
        return max(2, self.rows_per_cluster // ROWS_PER_ARTIST)

    @property
    def albums_per_cluster(self) -> int:
        """Albums of a cluster, at least one for each artist."""
        return 2 * self.rows_per_cluster // self.rows_per_block

    @property
    def artists(self) -> int:
        """Rows of the artists file; those of the last cluster may have no track."""
        return -(-self.tracks // self.rows_per_cluster) * self.artists_per_cluster

    def cluster(self, row: Sql) -> Sql:
        """Number of the cluster of a row."""
        return f"({row} div {self.rows_per_cluster})"

    def anchor(self, row: Sql) -> Sql:
        """The first row of the block of a row."""
        return f"({row} - {row} % {self.rows_per_block})"

    def cut(self, draws: Draws, block: Sql) -> Sql:
        """Rows of the first of the two albums of a block; the other one has the rest."""
        least = max(1, self.rows_per_block // 5)
        return f"({least} + {draws.index('album.cut', self.rows_per_block - 2 * least + 1, block)})"

    def album(self, draws: Draws, row: Sql) -> Sql:
        """Number of the album of a row."""
        block = f"({row} div {self.rows_per_block})"
        return f"(2 * {block} + if({row} % {self.rows_per_block} >= {self.cut(draws, block)}, 1, 0))"

    def track_number(self, draws: Draws, row: Sql) -> Sql:
        """1-based position of a row on its album."""
        place, cut = f"{row} % {self.rows_per_block}", self.cut(draws, f"{row} div {self.rows_per_block}")
        return f"(1 + {place} - if({place} >= {cut}, {cut}, 0))"

    def artist_of_album(self, draws: Draws, album: Sql) -> Sql:
        """Number of the artist of an album: the n-th album of a cluster is its n-th artist's, the rest go by chance."""
        n, place = self.artists_per_cluster, f"{album} % {self.albums_per_cluster}"
        drawn = draws.uniform("album.artist", album)
        by_chance = f"floor({drawn} * {drawn} * {n})"  # squared: the first artists of a cluster are prolific
        return f"({album} div {self.albums_per_cluster} * {n} + if({place} < {n}, {place}, {by_chance}))"

    def first_row_of_artist(self, draws: Draws, artist: Sql) -> Sql:
        """First row of the album that every artist has; the inverse of ``artist_of_album``.

        The rows may lie beyond ``tracks`` in the last cluster.
        """
        album, cut = self._first_album(artist), self._cut_of(draws, artist)
        return f"({album} div 2 * {self.rows_per_block} + if({album} % 2 = 1, {cut}, 0))"

    def rows_of_artist(self, draws: Draws, artist: Sql) -> Sql:
        """Number of rows of that album."""
        cut = self._cut_of(draws, artist)
        return f"if({self._first_album(artist)} % 2 = 1, {self.rows_per_block} - {cut}, {cut})"

    def _first_album(self, artist: Sql) -> Sql:
        n = self.artists_per_cluster
        return f"({artist} div {n} * {self.albums_per_cluster} + {artist} % {n})"

    def _cut_of(self, draws: Draws, artist: Sql) -> Sql:
        return self.cut(draws, f"{self._first_album(artist)} div 2")


def slot_of_artist(draws: Draws, artist: Sql) -> Sql:
    """Slot in [0, SUPERBLOCK) of an artist; the artists of a superblock fill every slot once."""
    offset = draws.index("artist.slots", SUPERBLOCK, f"{artist} div {SUPERBLOCK}")
    return f"(({artist} % {SUPERBLOCK} * {_STRIDE} + {offset}) % {SUPERBLOCK})"


def artist_in_slot(draws: Draws, superblock: Sql, slot: Sql) -> Sql:
    """The artist of a superblock who has a slot; the inverse of ``slot_of_artist``."""
    offset = draws.index("artist.slots", SUPERBLOCK, superblock)
    return f"({superblock} * {SUPERBLOCK} + ({slot} - {offset} + {SUPERBLOCK}) * {_STRIDE_BACK} % {SUPERBLOCK})"
