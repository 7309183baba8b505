"""Locality-sensitive hashing by signs of random projections: several tables, AND within and OR across.

A row's code in a table is the signs of ``bits`` Gaussian projections of the centred row; rows with the same code share
a bucket (Charikar 2002, "Similarity estimation techniques from rounding algorithms"). A query looks into its own bucket
and those whose codes differ in one of its ``flips`` least certain bits (Lv et al. 2007, "Multi-probe LSH"). All queries
of a bucket are compared with all of its rows by one matrix product.

Signs split the space by angle around the centre. For unit vectors that is the angle of the cosine; for z-scores, whose
mass lies around the centre, hyperplanes are shifted by a random part of each projection's spread, as in bucketed random
projection (Datar et al. 2004), so that rows of one direction but different lengths fall apart as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from spark_app.similarity.engines import Parameters

MOST_BITS = 24
_SHIFT = 0.7  # of a projection's standard deviation: about the middle half of the rows
_BUCKET = 4_096  # rows; a larger bucket is cut into salted parts, each compared within itself
_BITS = (4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14)  # lengths of codes that tuning tries
_DRAWN = 1_000  # rows hashed at once by tuning: 5 MB


def projections(rows: np.ndarray, *, tables: int, bits: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Directions of shape (n_dimensions, tables * bits), and the thresholds of their signs, of shape (tables * bits,).

    The first tables are the same whatever their number, as are the first bits of each.
    """
    import numpy as np

    n = rows.shape[1]
    normal = np.random.default_rng(seed).normal(size=(tables, MOST_BITS, n + 1))[:, :bits].reshape(-1, n + 1)
    directions = normal[:, :n].T.astype(np.float32)
    projected = rows[:: max(1, len(rows) // 10_000)] @ directions
    shifts = _SHIFT * np.tanh(normal[:, n]) * projected.std(axis=0)
    return directions, (projected.mean(axis=0) + shifts).astype(np.float32)


class HashTables:
    """The hash tables of a search space's rows."""

    def __init__(
        self, rows: np.ndarray, directions: np.ndarray, thresholds: np.ndarray, parameters: Parameters
    ) -> None:
        import numpy as np

        self.rows, self.directions, self.thresholds = rows, directions, thresholds
        self.tables, self.bits, self.flips = (parameters[name] for name in ("tables", "bits", "flips"))
        self.norms = (rows**2).sum(axis=1)
        codes = self.codes(rows)[0]
        self.order = np.argsort(codes, axis=0, kind="stable").astype(np.int32)
        self.sorted = np.take_along_axis(codes, self.order, axis=0)

    @classmethod
    def build(cls, rows: np.ndarray, parameters: Parameters, seed: int) -> HashTables:
        """From float32 rows of shape (n, n_dimensions)."""
        directions, thresholds = projections(rows, tables=parameters["tables"], bits=parameters["bits"], seed=seed)
        return cls(rows, directions, thresholds, parameters)

    @staticmethod
    def parameters(tables: int, length: int) -> Parameters:
        """So many tables of codes of so many bits."""
        return {"tables": tables, "bits": length, "flips": 0}

    @staticmethod
    def overhead(tables: int, length: int) -> float:
        """None: projections are cheap, and there are never more tables than save more than they cost."""
        return 0.0

    @classmethod
    def lengths(
        cls, rows: np.ndarray, drawn: np.ndarray, *, tables: int, seed: int
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Lengths of codes, and the codes of drawn rows, of shape (n_drawn, tables), by ever longer ones."""
        import numpy as np

        parts = np.array_split(drawn, -(-len(drawn) // _DRAWN))
        for bits in _BITS:
            directions, thresholds = projections(rows, tables=tables, bits=bits, seed=seed)
            hashed = cls(rows[:1], directions, thresholds, cls.parameters(tables, bits))
            yield bits, np.concatenate([hashed.codes(rows[part])[0] for part in parts])

    def codes(self, queries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Codes of shape (n_queries, tables), and the signed margins of their bits (n_queries, tables, bits)."""
        import numpy as np

        margins = (queries @ self.directions - self.thresholds).reshape(len(queries), self.tables, self.bits)
        weights = (1 << np.arange(self.bits)).astype(np.float32)  # exact up to 24 bits
        return ((margins > 0).astype(np.float32) @ weights).astype(np.int32), margins

    def dump(self) -> bytes:
        """Empty: rows and seed tell everything."""
        return b""

    def search(self, queries: np.ndarray, n: int) -> tuple[np.ndarray, int]:
        """See ``engines.Searcher``. A pair that meets in two buckets is compared, and counted, twice."""
        import numpy as np

        codes, margins = self.codes(queries)
        certain = np.argsort(np.abs(margins), axis=2, kind="stable")[:, :, : self.flips]
        found = np.full((len(queries), n), -1, dtype=np.int64)
        best = np.full((len(queries), n), np.inf, dtype=np.float32)
        compared = 0
        for table in range(self.tables):
            for flip in range(self.flips + 1):
                asked = codes[:, table]
                if flip:
                    asked = asked ^ (1 << certain[:, table, flip - 1]).astype(np.int32)
                rows, squared, pairs = self._in_buckets(queries, asked, table, n)
                found, best = _merged(found, best, rows, squared)
                compared += pairs
        return found, compared

    def _in_buckets(
        self, queries: np.ndarray, asked: np.ndarray, table: int, n: int
    ) -> tuple[np.ndarray, np.ndarray, int]:
        """The best of each query's bucket in one table: positions, squared distances, pairs compared."""
        import numpy as np

        found = np.full((len(queries), n), -1, dtype=np.int64)
        squared = np.full((len(queries), n), np.inf, dtype=np.float32)
        compared = 0
        for askers, members in self._pairs_of_blocks(asked, table):
            left, right = queries[askers], self.rows[members]
            block = self.norms[members] - 2 * (left @ right.T)
            compared += block.size
            most = min(n, len(members))
            if most < len(members):
                near = np.argpartition(block, most - 1, axis=1)[:, :most]
            else:
                near = np.broadcast_to(np.arange(most), block.shape)
            found[askers, :most] = members[near]
            squared[askers, :most] = np.take_along_axis(block, near, axis=1)
        return found, squared, compared

    def _pairs_of_blocks(self, asked: np.ndarray, table: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Queries and the rows of their bucket; parts of both where the bucket is large."""
        import numpy as np

        by_code = np.argsort(asked, kind="stable")
        codes, start = np.unique(asked[by_code], return_index=True)
        end = np.append(start[1:], len(asked))
        low = np.searchsorted(self.sorted[:, table], codes, side="left")
        high = np.searchsorted(self.sorted[:, table], codes, side="right")
        for place in np.flatnonzero(high > low):
            askers = by_code[start[place] : end[place]]
            members = self.order[low[place] : high[place], table]
            parts = -(-len(members) // _BUCKET)
            for part in range(parts):
                yield askers[part::parts], members[part::parts]


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
