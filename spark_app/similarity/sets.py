"""Sets, how far two of them are apart, and the space in which engines look for candidates.

The distance is Jaccard's, ``1 - |A ∩ B| / |A ∪ B|``, in [0, 1] (Jaccard 1912, "The distribution of the flora in the
alpine zone"): 0 for equal sets, 1 for sets that share nothing. It is 1 as well where one of them is empty, even where
both are: sets of nothing have nothing in common, just as the cosine has it for vectors of length zero.

Sets are rows of a sparse matrix with a column for each element, and numbers of shared elements are its products. All
are integers, so that a distance does not depend on the block that it is computed in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from spark_app.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from scipy.sparse import csr_array

JACCARD = "jaccard"
ELEMENTS = 1_000_000  # of sets handled at once: 40 MB with what is computed of them


@dataclass(frozen=True)
class Sets:
    """Sets over a vocabulary (``spaces.Rows``).

    Attributes:
        matrix: Of shape (n, n_elements + 1): 1 where a set has an element, the elements of a set ascending. The last
            column counts the elements of a set that the vocabulary lacks.
        vocabulary: The elements, each once: strings or int64.
    """

    matrix: csr_array
    vocabulary: pa.Array

    @classmethod
    def of(cls, lists: pa.ListArray) -> Sets:
        """From lists of strings or int64, none of them or of their elements null; an element counts once in a list."""
        import numpy as np
        import pyarrow.compute as pc

        encoded = lists.flatten().dictionary_encode()
        sizes = pc.list_value_length(lists).to_numpy(zero_copy_only=False)
        ends = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
        columns = encoded.indices.to_numpy(zero_copy_only=False)
        matrix = _matrix(np.ones(len(columns), dtype=np.int32), columns, ends, len(encoded.dictionary))
        matrix.data[:] = 1
        return cls(matrix, encoded.dictionary)

    def __len__(self) -> int:
        return int(self.matrix.shape[0])

    def __getitem__(self, picked: Any, /) -> Sets:
        return Sets(self.matrix[picked], self.vocabulary)

    def over(self, vocabulary: pa.Array) -> Sets:
        """The same sets over another vocabulary; elements that it lacks are counted in the last column.

        Raises:
            UsageError: One vocabulary holds strings and the other integers.
        """
        import numpy as np

        if vocabulary is self.vocabulary:
            return self
        columns = np.append(_places(self.vocabulary, vocabulary), len(vocabulary))
        old = self.matrix
        return Sets(_matrix(old.data, columns[old.indices], old.indptr, len(vocabulary)), vocabulary)

    def collapsed(self) -> tuple[np.ndarray, np.ndarray]:
        """Position of the first row of each distinct set, ascending, and the distinct set of each row."""
        import numpy as np

        seed = 0
        while True:
            _, first, which = np.unique(content(self.matrix, seed), return_index=True, return_inverse=True)
            if self._are(self.matrix[first[which]]):
                order = np.argsort(first)
                return first[order], np.argsort(order)[which]
            seed += 1  # two sets with one number: as good as never

    def _are(self, other: csr_array) -> bool:
        import numpy as np

        same_sizes = np.array_equal(self.matrix.indptr, other.indptr)
        return same_sizes and np.array_equal(self.matrix.indices, other.indices)


class SetSpace:
    """Distinct sets that queries are compared with (``spaces.Space``)."""

    farthest = 1.0

    def __init__(self, sets: Sets) -> None:
        self.rows = sets.matrix
        self._vocabulary = sets.vocabulary
        self._by_element = self.rows.T.tocsr()
        self._sizes = _sizes(self.rows)

    def adopted(self, sought: Sets) -> Sets:
        """Over the vocabulary of this space: elements that none of its sets has only enlarge unions."""
        return sought.over(self._vocabulary)

    def queries(self, sought: Sets) -> csr_array:
        """The matrix of adopted sets."""
        return sought.matrix

    def distances(self, sought: Sets, candidates: np.ndarray) -> np.ndarray:
        """See ``spaces.Space``."""
        import numpy as np

        queries = np.repeat(np.arange(len(sought)), candidates.shape[1])
        return paired(sought.matrix, queries, self.rows, candidates.ravel()).reshape(candidates.shape)

    def to_all(self, sought: Sets) -> np.ndarray:
        """See ``spaces.Space``."""
        shared = (sought.matrix @ self._by_element).toarray()
        return _distance(shared, _sizes(sought.matrix)[:, None], self._sizes)


def paired(left: csr_array, queries: np.ndarray, right: csr_array, rows: np.ndarray) -> np.ndarray:
    """Distances between the sets ``left[queries[i]]`` and ``right[rows[i]]``, of shape (n_pairs,).

    Args:
        left: Matrix of sets; elements that the vocabulary lacks may be counted in its last column.
        queries: Positions in it.
        right: Matrix of sets over the same vocabulary, which lacks none of their elements.
        rows: Positions in it.
    """
    import numpy as np

    sizes = np.diff(left.indptr)[queries] + np.diff(right.indptr)[rows]
    shared = np.empty(len(queries), dtype=np.int64)
    for block in cut(sizes, ELEMENTS):
        both = left[queries[block]].multiply(right[rows[block]])
        shared[block] = np.diff(both.indptr)
    return _distance(shared, _sizes(left)[queries], _sizes(right)[rows])


def content(matrix: csr_array, seed: int) -> np.ndarray:
    """A 64-bit number for each set, told by its elements alone: the sum of a random number for each of them.

    (Zobrist 1970, "A new hashing method with application for game playing".) Two sets that differ have the same number
    in one of 2^64 cases.
    """
    import numpy as np

    most = np.iinfo(np.uint64).max
    random = np.random.default_rng(seed).integers(0, most, size=matrix.shape[1], dtype=np.uint64, endpoint=True)
    return by_set(np.add, random[matrix.indices], matrix, empty=0)


def by_set(function: np.ufunc, values: np.ndarray, matrix: csr_array, *, empty: int) -> np.ndarray:
    """A function of two, over the values of each set's elements: (n,).

    Args:
        function: Such as ``numpy.add``.
        values: In the order of ``matrix.indices``.
        matrix: Of sets.
        empty: What an empty set gives.
    """
    import numpy as np

    is_filled = np.diff(matrix.indptr) > 0
    found = np.full(matrix.shape[0], empty, dtype=values.dtype)
    found[is_filled] = function.reduceat(values, matrix.indptr[:-1][is_filled])
    return found


def cut(weights: np.ndarray, most: int) -> Iterator[slice]:
    """Slices of rows that weigh about ``most`` together; none is empty."""
    import numpy as np

    part = np.cumsum(weights, dtype=np.int64) // most
    edges = [0, *(np.flatnonzero(np.diff(part)) + 1).tolist(), len(part)]
    return (slice(start, stop) for start, stop in pairwise(edges) if start < stop)


def _matrix(data: np.ndarray, columns: np.ndarray, ends: np.ndarray, n_elements: int) -> csr_array:
    """The values of a column that stands several times in a row are added up; columns are ascending."""
    from scipy.sparse import csr_array

    matrix = csr_array((data, columns, ends), shape=(len(ends) - 1, n_elements + 1), copy=True)
    matrix.sum_duplicates()
    return matrix


def _places(elements: pa.Array, vocabulary: pa.Array) -> np.ndarray:
    """Position of each element in a vocabulary, its length where it is not there."""
    import numpy as np
    import pyarrow.compute as pc

    if not len(elements) or not len(vocabulary):
        return np.full(len(elements), len(vocabulary))
    if elements.type != vocabulary.type:
        raise UsageError(
            f"sets of {elements.type} cannot be compared with an index of {vocabulary.type}",
            "Cast the column to the type that the index was fitted with.",
        )
    found: np.ndarray = pc.index_in(elements, value_set=vocabulary).fill_null(len(vocabulary)).to_numpy()
    return found


def _sizes(matrix: csr_array) -> np.ndarray:
    sizes: np.ndarray = matrix.sum(axis=1)
    return sizes


def _distance(shared: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Distances of pairs by the numbers of elements that they share, and that each has."""
    import numpy as np

    distance: np.ndarray = 1.0 - shared / np.maximum(left + right - shared, 1)
    return distance
