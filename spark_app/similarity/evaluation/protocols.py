"""Protocols: which tracks of its group are relevant to a query, and which are no candidates.

================================  ==================================================  ==================================
protocol                          relevant                                            no candidates
================================  ==================================================  ==================================
``P0``                            same first artist; no query is excluded, so one
                                  without any relevant track scores 0: the protocol
                                  of the project's published figures
``artist_with_twins``             same first artist
``artist``                        same first artist                                   near-twins of the query
``other_album_with_twins``        same first artist on another album                  tracks of the query's album
``other_album``                   same first artist on another album                  its album, its near-twins
``planted``                       same song of the sample catalogue
``playlists``                     given as pairs                                      near-twins of the query
``playlists_other_artist``        given as pairs                                      near-twins and first artist
================================  ==================================================  ==================================

What is no candidate is taken out of a list before it is cut at K. But for ``P0``, queries without a relevant track are
excluded and counted. A track without artist has nothing in common with others; one without album is on no other album
than anybody's: it is relevant to nobody there, and as a query it is excluded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from spark_app.columns import ALBUM_ID, ARTIST_ID

if TYPE_CHECKING:
    import numpy as np

VARIANT_GROUP = "variant_group"
FAMILY = "family"
PLAYLISTS = "playlists"
_KNOWN_ALBUM = "artist_of_known_album"
_ITSELF = "itself"


@dataclass(frozen=True)
class Protocol:
    """One meaning of relevant.

    Attributes:
        name: In the results.
        relevant: Tracks that share a code of this name are relevant to each other, or pairs of this name say what is.
        left_out: Tracks that share a code of one of these names with the query are neither relevant nor candidates.
        excludes: Queries without a relevant track do not count; otherwise they score 0.
        is_optional: No results where nothing is relevant to any query.
    """

    name: str
    relevant: str
    left_out: tuple[str, ...] = ()
    excludes: bool = True
    is_optional: bool = False


BY_ARTIST = (
    Protocol("P0", ARTIST_ID, excludes=False),
    Protocol("artist_with_twins", ARTIST_ID),
    Protocol("artist", ARTIST_ID, (VARIANT_GROUP,)),
    Protocol("other_album_with_twins", _KNOWN_ALBUM, (ALBUM_ID,)),
    Protocol("other_album", _KNOWN_ALBUM, (ALBUM_ID, VARIANT_GROUP)),
)
BY_FAMILY = (Protocol("planted", FAMILY, is_optional=True),)
BY_PLAYLIST = (
    Protocol("playlists", PLAYLISTS, (VARIANT_GROUP,), is_optional=True),
    Protocol("playlists_other_artist", PLAYLISTS, (VARIANT_GROUP, ARTIST_ID), is_optional=True),
)
PROTOCOLS = {protocol.name: protocol for protocol in (*BY_ARTIST, *BY_FAMILY, *BY_PLAYLIST)}


@dataclass(frozen=True)
class Relations:
    """What the tracks of one group have in common.

    Attributes:
        n: Tracks of the group; they are known by position.
        codes: Name -> a number per track ``(n,)``; equal numbers mean the same, -1 means unknown.
        pairs: Name -> query and track of each pair ``(n_pairs,)`` both, sorted, none twice, none of a track with
            itself.
    """

    n: int
    codes: Mapping[str, np.ndarray]
    pairs: Mapping[str, tuple[np.ndarray, np.ndarray]]

    @classmethod
    def of(
        cls, codes: Mapping[str, np.ndarray], pairs: Mapping[str, tuple[np.ndarray, np.ndarray]], *, n: int
    ) -> Relations:
        """The relations of a group, with those that follow from others.

        Args:
            codes: ``artist_id``, ``album_id`` and ``variant_group`` at least.
            pairs: Query and track of each pair, in any order.
            n: Tracks of the group.
        """
        import numpy as np

        known_album = np.where(codes[ALBUM_ID] >= 0, codes[ARTIST_ID], -1)
        followed = {**codes, _KNOWN_ALBUM: known_album, _ITSELF: np.arange(n)}
        return cls(n, followed, {name: _tidy(*found, n) for name, found in pairs.items()})

    def is_relevant(self, protocol: Protocol, queries: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Whether ``others`` are relevant to ``queries``, positions of shapes that broadcast; what is left out may
        be among them.
        """
        import numpy as np

        if protocol.relevant not in self.pairs:
            return self._share(protocol.relevant, queries, others)
        query, other = self.pairs[protocol.relevant]
        keys, sought = query * self.n + other, queries * self.n + others
        place = np.searchsorted(keys, sought)
        found: np.ndarray = np.append(keys, -1)[place] == sought
        return found

    def is_left_out(self, protocol: Protocol, queries: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Whether ``others`` are no candidates of ``queries``, other than the query itself."""
        import numpy as np

        found = np.zeros(np.broadcast_shapes(queries.shape, others.shape), dtype=bool)
        for name in protocol.left_out:
            found |= self._share(name, queries, others)
        return found

    def _share(self, name: str, queries: np.ndarray, others: np.ndarray) -> np.ndarray:
        code = self.codes[name]
        shared: np.ndarray = (code[queries] == code[others]) & (code[queries] >= 0)
        return shared

    def counts(self, protocol: Protocol, queries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Relevant tracks and candidates of each query: two arrays ``(n_queries,)``."""
        import numpy as np

        n_candidates = self.n - self._left_out_of(None, protocol)
        if protocol.relevant in self.pairs:
            query, other = self.pairs[protocol.relevant]
            kept = query[~self.is_left_out(protocol, query, other)]
            n_relevant = np.bincount(kept, minlength=self.n)
        else:
            n_relevant = self._alike([protocol.relevant]) - self._left_out_of(protocol.relevant, protocol)
        return n_relevant[queries], n_candidates[queries]

    def _left_out_of(self, name: str | None, protocol: Protocol) -> np.ndarray:
        """Tracks that are left out or the query itself, of all or of those that share the code ``name``: by
        inclusion and exclusion, since a track can be left out for several reasons.
        """
        import numpy as np

        total = np.zeros(self.n, dtype=np.int64)
        within = [name] if name else []
        for reasons in _subsets((_ITSELF, *protocol.left_out)):
            total += (1 if len(reasons) % 2 else -1) * self._alike([*within, *reasons])
        return total

    def _alike(self, names: Sequence[str]) -> np.ndarray:
        """Tracks, itself among them, that share all of these codes with each track; 0 where it lacks one of them."""
        import numpy as np

        first, *others = (self.codes[name] for name in names)
        together, known = first, first >= 0
        for code in others:
            together, known = _numbered(together * (code.max(initial=0) + 1) + code), known & (code >= 0)
        sizes = np.bincount(together[known], minlength=self.n)
        return np.where(known, sizes[np.where(known, together, 0)], 0)


def _numbered(values: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.unique(values, return_inverse=True)[1].ravel()


def _subsets(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """All but the empty one."""
    return (subset for size in range(1, len(names) + 1) for subset in combinations(names, size))


def _tidy(query: np.ndarray, other: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    keys = np.unique((query * n + other)[query != other])
    return keys // max(n, 1), keys % max(n, 1)
