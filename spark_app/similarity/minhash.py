"""Locality-sensitive hashing of sets by MinHash: several tables, AND within and OR across.

A hash function puts all elements into an order; the element of a set that comes first is its min-hash. Two sets have
the same one with the probability of their similarity, ``|A ∩ B| / |A ∪ B|`` (Broder 1997, "On the resemblance and
containment of documents"). A set's code in a table is a mixture of ``hashes`` of them, and sets with the same code
share a bucket: two sets of similarity s meet in one of ``tables`` tables with probability
``1 - (1 - s^hashes)^tables``.

The hash functions are ``(a x + b) mod (2^31 - 1)``, x being the number of an element (Carter and Wegman 1979,
"Universal classes of hash functions"). Elements that follow each other in the vocabulary often stand in the same sets,
which such a function does not tear apart well; so they are numbered at random first. Factors and numbers stay below
2^31, so that int64 holds their products.

Most buckets of MinHash hold a few sets, and there are about as many as sets. Looking into one after the other would be
a loop over rows; instead one product of sparse matrices, queries by buckets and buckets by sets, gives all pairs that
meet, each once, and their shared elements are counted in blocks of pairs.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, ClassVar

from spark_app.similarity.members import stirred
from spark_app.similarity.sets import ELEMENTS, by_set, content, cut, paired

if TYPE_CHECKING:
    import numpy as np
    from scipy.sparse import csr_array

    from spark_app.similarity.engines import Parameters

MOST_HASHES = 8  # in one code; sets that still meet are nearly equal
_PRIME = 2**31 - 1
_BUCKET = 4_096  # sets; a larger bucket is cut into salted parts, each compared within itself
_PAIRS = 1_000_000  # held at once


class MinHashTables:
    """The hash tables of sets (``engines.Searcher``).

    Args:
        rows: Matrix of distinct sets, at least one.
        parameters: ``tables`` and ``hashes``.
        seed: Of the hash functions.
    """

    names: ClassVar[frozenset[str]] = frozenset({"tables", "hashes"})

    def __init__(self, rows: csr_array, parameters: Parameters, seed: int) -> None:
        import numpy as np

        self.rows, self.seed = rows, seed
        self.tables, self.hashes = int(parameters["tables"]), int(parameters["hashes"])
        codes = self.codes(rows)
        self.known, sizes = np.unique(codes, return_counts=True)
        self.parts = -(-sizes // _BUCKET)
        self.first_part = np.cumsum(self.parts) - self.parts
        self.members = self._buckets(rows, codes).T.tocsr()
        self.sizes = np.diff(self.members.indptr)

    @classmethod
    def build(cls, rows: csr_array, parameters: Parameters, seed: int) -> MinHashTables:
        """As the class."""
        return cls(rows, parameters, seed)

    @staticmethod
    def overhead(parameters: Parameters) -> float:
        """Measured on sets of twenty elements."""
        return parameters["tables"] * (0.7 + 0.1 * parameters["hashes"])

    @staticmethod
    def compared(is_shared: np.ndarray) -> np.ndarray:
        """See ``hash_tuning.Hashing``: once, however many buckets two sets share."""
        import numpy as np

        return np.asarray(is_shared.any(axis=-1))

    @staticmethod
    def ladders(
        rows: csr_array, drawn: np.ndarray, *, tables: int, scale: float, seed: int
    ) -> Iterator[Iterator[tuple[Parameters, np.ndarray]]]:
        """See ``hash_tuning.Hashing``: one, of ever more min-hashes."""
        yield (({"hashes": hashes}, codes) for hashes, codes in enumerate(_codes(rows[drawn], tables, seed), start=1))

    def codes(self, queries: csr_array) -> np.ndarray:
        """Codes of shape (n_queries, tables); those of two tables are different."""
        return next(islice(_codes(queries, self.tables, self.seed), self.hashes - 1, None))

    def dump(self) -> bytes:
        """Empty: rows and seed tell everything."""
        return b""

    def search(self, queries: csr_array, n: int) -> tuple[np.ndarray, int]:
        """See ``engines.Searcher``: of the sets that a query meets the first by (distance, position). A pair that meets
        in several tables is compared once.
        """
        import numpy as np

        asked = self._buckets(queries, self.codes(queries))
        found = np.full((queries.shape[0], n), -1, dtype=np.int64)
        compared = 0
        for block in cut(asked @ self.sizes, _PAIRS):
            met = asked[block] @ self.members
            found[block] = self._first(queries[block], met, n)
            compared += int(met.nnz)
        return found, compared

    def _buckets(self, queries: csr_array, codes: np.ndarray) -> csr_array:
        """Queries by the parts of buckets that they look into: 1 where they do.

        A set's own content deals it to a part, so that it does not matter what else is asked for.
        """
        import numpy as np
        from scipy.sparse import csr_array

        bucket = np.minimum(np.searchsorted(self.known, codes), len(self.known) - 1)
        is_known = self.known[bucket] == codes
        salt = content(queries, self.seed)[:, None] % self.parts[bucket].astype(np.uint64)
        part = (self.first_part[bucket] + salt.astype(np.int64))[is_known]
        ends = np.concatenate([[0], np.cumsum(is_known.sum(axis=1))])
        return csr_array((np.ones(len(part), dtype=np.int16), part, ends), shape=(len(codes), int(self.parts.sum())))

    def _first(self, queries: csr_array, met: csr_array, n: int) -> np.ndarray:
        """The first n of the sets that each query has met, by (distance, position); -1 where it has met fewer."""
        import numpy as np

        each = np.diff(met.indptr)
        query = np.repeat(np.arange(len(each)), each)
        distance = paired(queries, query, self.rows, met.indices)
        order = np.lexsort((met.indices, distance, query))
        rank = np.arange(len(order)) - np.repeat(met.indptr[:-1], each)
        found = np.full((len(each), n), -1, dtype=np.int64)
        is_kept = rank < n
        found[query[is_kept], rank[is_kept]] = met.indices[order[is_kept]]
        return found


def _codes(rows: csr_array, tables: int, seed: int) -> Iterator[np.ndarray]:
    """Codes of one min-hash, of two and so on up to ``MOST_HASHES``, uint64 of shape (n, tables).

    The first tables are the same whatever their number. Empty sets have a code of their own.
    """
    import numpy as np

    n, width = rows.shape
    functions = np.random.default_rng(seed).integers(1, _PRIME, size=(tables, MOST_HASHES, 2))
    numbers = np.random.default_rng([seed, 1]).permutation(width)
    codes = np.tile(np.arange(1, tables + 1, dtype=np.uint64), (n, 1))
    for at in range(MOST_HASHES):
        smallest = np.empty((n, tables), dtype=np.uint64)
        for block in cut(np.diff(rows.indptr), ELEMENTS):
            smallest[block] = _minima(rows[block], numbers, functions[:, at])
        codes = stirred(codes, smallest)
        yield codes


def _minima(rows: csr_array, numbers: np.ndarray, functions: np.ndarray) -> np.ndarray:
    """Smallest hash of each set's elements by each function: (n, n_functions)."""
    import numpy as np

    x = numbers[rows.indices]
    hashed = [by_set(np.minimum, (a * x + b) % _PRIME, rows, empty=_PRIME) for a, b in functions]
    return np.stack(hashed, axis=1)
