"""Locality-sensitive hashing of vectors: several tables, AND within and OR across.

A row's code in a table mixes ``bits`` signs or ``length`` bucket numbers of random projections (``projections.py``);
rows with the same code share a bucket. Bucketed random projection serves Euclidean distances; sign random projection
serves the cosine, and inner products, which the search space has made angles of. All queries of a bucket are compared
with all of its rows by one matrix product.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, ClassVar

from spark_app.similarity.exact import blocks
from spark_app.similarity.members import content
from spark_app.similarity.projections import Projections, buckets, signs

if TYPE_CHECKING:
    import numpy as np

    from spark_app.similarity.engines import Parameters

_BUCKET = 4_096  # rows; a larger bucket is cut into salted parts, each compared within itself
_LONGEST = 18  # codes that tuning tries
_WIDTHS = (3, 4, 5, 6)  # of buckets, in distances of a k-th neighbour; others compare more, or need longer codes
_FINEST = 1e-6  # of the rows' length: float32 does not tell nearer ones apart


class HashTables:
    """The hash tables of a search space's rows (``engines.Searcher``).

    Args:
        rows: Float32 of shape (n, n_dimensions), n at least 1.
        projections: The hash functions.
        length: Numbers in a code.
    """

    def __init__(self, rows: np.ndarray, projections: Projections, length: int) -> None:
        import numpy as np

        self.rows, self.projections, self.length = rows, projections, length
        self.norms, self.content = (rows**2).sum(axis=1), content(rows)
        # Rows of a bucket lie in the order of their content, by which a large one is cut.
        by_content = np.argsort(self.content, kind="stable").astype(np.int32)
        self.sorted = np.ascontiguousarray(self.codes(rows[by_content]).T)
        self.order = np.empty(self.sorted.shape, dtype=np.int32)
        for table, codes in enumerate(self.sorted):
            by_code = np.argsort(codes, kind="stable")
            self.sorted[table], self.order[table] = codes[by_code], by_content[by_code]

    def codes(self, queries: np.ndarray) -> np.ndarray:
        """Codes of shape (n_queries, tables)."""
        return self.projections.codes(queries, self.length)

    def dump(self) -> bytes:
        """Empty: rows, parameters and seed tell everything."""
        return b""

    def search(self, queries: np.ndarray, n: int) -> tuple[np.ndarray, int]:
        """See ``engines.Searcher``. A pair that meets in two buckets is compared, and counted, twice."""
        import numpy as np

        codes, salt = self.codes(queries), content(queries)
        found = np.full((len(queries), n), -1, dtype=np.int64)
        best = np.full((len(queries), n), np.inf, dtype=np.float32)
        compared = 0
        for table in range(len(self.order)):
            rows, squared, pairs = self._in_buckets(queries, codes[:, table], salt, table, n)
            found, best = _merged(found, best, rows, squared)
            compared += pairs
        return found, compared

    def _in_buckets(
        self, queries: np.ndarray, asked: np.ndarray, salt: np.ndarray, table: int, n: int
    ) -> tuple[np.ndarray, np.ndarray, int]:
        """The best of each query's bucket in one table: positions, squared distances, pairs compared."""
        import numpy as np

        codes, bucket = np.unique(asked, return_inverse=True)
        low, high = (np.searchsorted(self.sorted[table], codes, side=side) for side in ("left", "right"))
        found = np.full((len(queries), n), -1, dtype=np.int64)
        squared = np.full((len(queries), n), np.inf, dtype=np.float32)
        few = np.flatnonzero((high - low)[bucket] <= n)
        for block in blocks(len(few), n * queries.shape[1]):
            at = few[block]
            found[at], squared[at] = self._all_of(queries[at], table, low[bucket[at]], high[bucket[at]], n)
        compared = int((high - low)[bucket[few]].sum())
        for askers, members in self._large(bucket, salt, table, low, high, n):
            for block in blocks(len(askers), len(members)):
                at = askers[block]
                found[at], squared[at] = self._best_of(queries[at], members, n)
            compared += len(askers) * len(members)
        return found, squared, compared

    def _all_of(
        self, queries: np.ndarray, table: int, low: np.ndarray, high: np.ndarray, n: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Buckets of at most n rows, of which there may be as many as rows: all at once, nothing to choose."""
        import numpy as np

        place = low[:, None] + np.arange(n)
        is_member = place < high[:, None]
        members = self.order[table][np.where(is_member, place, 0)]
        squared = self.norms[members] - 2 * np.einsum("qd,qnd->qn", queries, self.rows[members])
        return np.where(is_member, members, -1), np.where(is_member, squared, np.inf)

    def _best_of(self, queries: np.ndarray, members: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Of more than n rows the nearest n."""
        import numpy as np

        squared = self.norms[members] - 2 * (queries @ self.rows[members].T)
        near = np.argpartition(squared, n - 1, axis=1)[:, :n]
        return members[near], np.take_along_axis(squared, near, axis=1)

    def _large(
        self, bucket: np.ndarray, salt: np.ndarray, table: int, low: np.ndarray, high: np.ndarray, n: int
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Queries and the rows of their bucket, of more than n rows.

        Of a bucket above ``_BUCKET`` rows a query meets the part into which its content falls, as it would fall were it
        a row: it does not matter what else is asked for.
        """
        import numpy as np

        most = max(_BUCKET, 2 * n)  # so that no part has fewer than n rows
        by_bucket = np.argsort(bucket, kind="stable")
        ends = np.searchsorted(bucket[by_bucket], np.arange(len(low) + 1))
        for place in np.flatnonzero(high - low > n):
            askers = by_bucket[ends[place] : ends[place + 1]]
            members = self.order[table, low[place] : high[place]]
            if len(members) <= most:
                yield askers, members
                continue
            parts = np.array_split(members, -(-len(members) // most))
            part = np.searchsorted(self.content[[one[0] for one in parts[1:]]], salt[askers], side="right")
            yield from ((askers[part == number], parts[number]) for number in np.unique(part))


class _RandomProjection:
    """What the families of vectors share (``hash_tuning.Hashing``)."""

    @staticmethod
    def overhead(parameters: Parameters) -> float:
        """None: projections are cheap, and there are never more tables than save more than they cost."""
        return 0.0

    @staticmethod
    def compared(is_shared: np.ndarray) -> np.ndarray:
        """See ``hash_tuning.Hashing``: as often as two rows share a bucket."""
        import numpy as np

        return np.asarray(is_shared.sum(axis=-1))


class SignRandomProjection(_RandomProjection):
    """Hash tables by signs (``hash_tuning.Hashing``)."""

    names: ClassVar[frozenset[str]] = frozenset({"tables", "bits"})

    @staticmethod
    def build(rows: np.ndarray, parameters: Parameters, seed: int) -> HashTables:
        """From float32 rows of shape (n, n_dimensions)."""
        return HashTables(rows, signs(rows, tables=int(parameters["tables"]), seed=seed), int(parameters["bits"]))

    @staticmethod
    def ladders(
        rows: np.ndarray, drawn: np.ndarray, *, tables: int, scale: float, seed: int
    ) -> Iterator[Iterator[tuple[Parameters, np.ndarray]]]:
        """See ``hash_tuning.Hashing``: one, of ever more bits."""
        yield _ladder({}, "bits", signs(rows, tables=tables, seed=seed), rows[drawn])


class BucketedRandomProjection(_RandomProjection):
    """Hash tables by buckets of a width (``hash_tuning.Hashing``)."""

    names: ClassVar[frozenset[str]] = frozenset({"tables", "length", "width"})

    @staticmethod
    def build(rows: np.ndarray, parameters: Parameters, seed: int) -> HashTables:
        """From float32 rows of shape (n, n_dimensions)."""
        tables, width = int(parameters["tables"]), parameters["width"]
        projections = buckets(rows.shape[1], tables=tables, width=width, seed=seed)
        return HashTables(rows, projections, int(parameters["length"]))

    @staticmethod
    def ladders(
        rows: np.ndarray, drawn: np.ndarray, *, tables: int, scale: float, seed: int
    ) -> Iterator[Iterator[tuple[Parameters, np.ndarray]]]:
        """See ``hash_tuning.Hashing``: one for each width, of ever longer codes."""
        import numpy as np

        sample = rows[drawn]
        finest = _FINEST * float(np.sqrt((sample.astype(float) ** 2).sum(axis=1).mean()))
        for factor in _WIDTHS:
            width = float(f"{factor * max(scale, finest):.4g}")  # short in JSON, and the same when it is read
            projections = buckets(rows.shape[1], tables=tables, width=width, seed=seed)
            yield _ladder({"width": width}, "length", projections, sample)


def _ladder(
    parameters: Parameters, name: str, projections: Projections, rows: np.ndarray
) -> Iterator[tuple[Parameters, np.ndarray]]:
    codes = islice(projections.growing(rows), _LONGEST)
    yield from (({**parameters, name: length}, each) for length, each in enumerate(codes, start=1))


def _merged(
    found: np.ndarray, best: np.ndarray, rows: np.ndarray, squared: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The best n of two lists per query, a row that stands in both once."""
    import numpy as np

    n = found.shape[1]
    positions, distance = np.concatenate([found, rows], axis=1), np.concatenate([best, squared], axis=1)
    by_row = np.argsort(positions, axis=1, kind="stable")
    positions, distance = (np.take_along_axis(each, by_row, axis=1) for each in (positions, distance))
    distance[:, 1:][positions[:, 1:] == positions[:, :-1]] = np.inf
    nearest = np.argpartition(distance, n - 1, axis=1)[:, :n]
    positions, distance = (np.take_along_axis(each, nearest, axis=1) for each in (positions, distance))
    positions[np.isinf(distance)] = -1
    return positions, distance
