"""How many hash tables of how long codes find a share of the neighbours, told from a sample before any is searched.

A neighbour that shares a bucket with its query is found, whatever else is in the bucket; so codes alone tell recall and
the share of pairs that would be compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np

    from spark_app.similarity.engines import Parameters

_TABLES = (2, 4, 6, 8, 12, 16, 20, 24, 32, 40, 48, 56, 64, 72, 80, 96)  # more cost more than they save in pairs
_OTHERS = 1_000  # rows that a query's share of compared pairs is estimated from
_QUERIES = 200
_Z95 = 1.96


class Hashing(Protocol):
    """A family of hash functions: of vectors ``hash_tables.HashTables``, of sets ``minhash.MinHashTables``."""

    def parameters(self, tables: int, length: int) -> Parameters:
        """What the engine's ``build`` takes."""
        ...

    def overhead(self, tables: int, length: int) -> float:
        """Pairs whose comparison costs as much as looking a query up in so many tables."""
        ...

    def lengths(self, rows: Any, drawn: np.ndarray, *, tables: int, seed: int) -> Iterator[tuple[int, np.ndarray]]:
        """Lengths of codes, and the codes of drawn rows, of shape (n_drawn, tables).

        Rows with the same code have the same shorter codes too, and the first tables do not depend on their number.

        Args:
            rows: Of the search space.
            drawn: Positions in it.
            tables: How many.
            seed: Of the hash functions.
        """
        ...


def table_choices(
    hashing: Hashing, rows: Any, sought: np.ndarray, near: np.ndarray, counts: np.ndarray, *, target: float, seed: int
) -> Iterator[Parameters]:
    """Numbers of tables and lengths of codes that find ``target`` of the neighbours, the cheapest first.

    For each length the fewest tables whose 95 % interval of the mean recall lies above the target.

    Args:
        hashing: What makes codes of rows.
        rows: Of the search space, n of them.
        sought: Sampled rows, of shape (n_sought,).
        near: Rows of their nearest, of shape (n_sought, n_near).
        counts: Which of these have to be found, of the same shape.
        target: Recall, (0, 1].
        seed: Of the hash functions.
    """
    import numpy as np

    others = np.random.default_rng(seed).integers(0, rows.shape[0], _OTHERS)
    drawn, place = np.unique(np.concatenate([others, sought, near.ravel()]), return_inverse=True)
    of_others, of_sought, of_near = np.split(place.ravel(), [len(others), len(others) + len(sought)])
    found = []
    for length, codes in hashing.lengths(rows, drawn, tables=_TABLES[-1], seed=seed):
        first = _first_shared(codes[of_sought][:, None], codes[of_near].reshape(*near.shape, -1))
        fewest = next((tables for tables in _TABLES if _low(first < tables, counts) >= target), None)
        if fewest is None:  # longer codes tear more apart
            break
        pairs = np.stack([_first_shared(code, codes[of_others]) for code in codes[of_sought[:_QUERIES]]])
        compared = float((pairs < fewest).mean()) * rows.shape[0]
        found.append((compared + hashing.overhead(fewest, length), fewest, length))
    yield from (hashing.parameters(tables, length) for _, tables, length in sorted(found))


def _low(is_found: np.ndarray, counts: np.ndarray) -> float:
    """Lower bound of the mean share that is found of each query's neighbours; all where none has to be found."""
    import numpy as np

    n = counts.sum(axis=1)
    share = np.where(n > 0, (is_found & counts).sum(axis=1) / np.maximum(n, 1), 1.0)
    return float(share.mean()) - _Z95 * float(share.std()) / sqrt(len(share))


def _first_shared(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The first table, on the last axis, in which two rows of codes agree; beyond the last where they never do."""
    import numpy as np

    same = left == right
    return np.where(same.any(axis=-1), same.argmax(axis=-1), same.shape[-1])
