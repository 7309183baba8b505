"""How many hash tables of how long codes find a share of the neighbours, told from a sample before any is searched.

A neighbour that shares a bucket with its query is found, whatever else is in the bucket; so codes alone tell recall and
the share of pairs that would be compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np

    from spark_app.similarity.engines import Parameters, Searcher

_TABLES = (2, 4, 6, 8, 12, 16, 20, 24, 32, 40, 48, 56, 64, 72, 80, 96)  # more cost more than they save in pairs
_OTHERS = 1_000  # rows that a query's share of compared pairs is estimated from
_QUERIES = 200
_CHOICES = 12  # offered; where these fail, which a sample of codes cannot tell, others seldom help
_Z95 = 1.96


class Hashing(Protocol):
    """A family of hash functions: of vectors those in ``hash_tables``, of sets ``minhash.MinHashTables``."""

    @property
    def names(self) -> frozenset[str]:
        """Of the engine's parameters: ``tables``, and those of a code."""
        ...

    def build(self, rows: Any, parameters: Parameters, seed: int) -> Searcher:
        """The hash tables of the rows of a search space."""
        ...

    def overhead(self, parameters: Parameters) -> float:
        """Pairs whose comparison costs as much as looking a query up in all tables."""
        ...

    def compared(self, is_shared: np.ndarray) -> np.ndarray:
        """Comparisons of pairs, (n_pairs,), from the tables in which they share a bucket, (n_pairs, tables)."""
        ...

    def ladders(
        self, rows: Any, drawn: np.ndarray, *, tables: int, scale: float, seed: int
    ) -> Iterator[Iterator[tuple[Parameters, np.ndarray]]]:
        """Parameters but for ``tables``, and the codes of drawn rows that they make, of shape (n_drawn, tables).

        Codes grow along a ladder: rows with the same code have the same shorter codes too. The first tables do not
        depend on their number.

        Args:
            rows: Of the search space.
            drawn: Positions in it.
            tables: How many.
            scale: Distance of a k-th neighbour, above 0, where a family measures by it.
            seed: Of the hash functions.
        """
        ...


def table_choices(
    hashing: Hashing,
    rows: Any,
    sought: np.ndarray,
    near: np.ndarray,
    counts: np.ndarray,
    *,
    target: float,
    scale: float,
    seed: int,
) -> Iterator[Parameters]:
    """Numbers of tables, and what makes their codes, that find ``target`` of the neighbours, the cheapest first.

    For each code the fewest tables whose 95 % interval of the mean recall lies above the target.

    Args:
        hashing: What makes codes of rows.
        rows: Of the search space, n of them.
        sought: Sampled rows, of shape (n_sought,).
        near: Rows of their nearest, of shape (n_sought, n_near).
        counts: Which of these have to be found, of the same shape.
        target: Recall, (0, 1].
        scale: Distance of a k-th neighbour, above 0.
        seed: Of the hash functions.
    """
    import numpy as np

    others = np.random.default_rng(seed).integers(0, rows.shape[0], _OTHERS)
    drawn, place = np.unique(np.concatenate([others, sought, near.ravel()]), return_inverse=True)
    of_others, of_sought, of_near = np.split(place.ravel(), [len(others), len(others) + len(sought)])
    found: list[tuple[float, Parameters]] = []
    for ladder in hashing.ladders(rows, drawn, tables=_TABLES[-1], scale=scale, seed=seed):
        for code, codes in ladder:
            first = _first_shared(codes[of_sought][:, None] == codes[of_near].reshape(*near.shape, -1))
            fewest = next((tables for tables in _TABLES if _low(first < tables, counts) >= target), None)
            if fewest is None:  # longer codes tear more apart
                break
            parameters = {"tables": fewest, **code}
            few = codes[:, :fewest]
            pairs = [hashing.compared(one == few[of_others]).mean() for one in few[of_sought[:_QUERIES]]]
            found.append((float(np.mean(pairs)) * rows.shape[0] + hashing.overhead(parameters), parameters))
    yield from (parameters for _, parameters in sorted(found, key=itemgetter(0))[:_CHOICES])


def _low(is_found: np.ndarray, counts: np.ndarray) -> float:
    """Lower bound of the mean share that is found of each query's neighbours; all where none has to be found."""
    import numpy as np

    n = counts.sum(axis=1)
    share = np.where(n > 0, (is_found & counts).sum(axis=1) / np.maximum(n, 1), 1.0)
    return float(share.mean()) - _Z95 * float(share.std()) / sqrt(len(share))


def _first_shared(is_shared: np.ndarray) -> np.ndarray:
    """The first table, on the last axis, in which two rows share a bucket; beyond the last where they never do."""
    import numpy as np

    return np.where(is_shared.any(axis=-1), is_shared.argmax(axis=-1), is_shared.shape[-1])
