"""How many hash tables of how many bits find a share of the neighbours, told from a sample before any is searched.

A neighbour that shares a bucket with its query is found, whatever else is in the bucket; so codes alone tell recall and
the share of pairs that would be compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from typing import TYPE_CHECKING

from spark_app.similarity.hash_tables import HashTables, projections

if TYPE_CHECKING:
    import numpy as np

    from spark_app.similarity.engines import Parameters

_BITS = (4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14)
_TABLES = (2, 4, 6, 8, 12, 16, 20, 24, 32, 40, 48, 56, 64, 72, 80, 96)  # more cost more than they save in pairs
_OTHERS = 1_000  # rows that a query's share of compared pairs is estimated from
_QUERIES = 200
_Z95 = 1.96


def table_choices(
    rows: np.ndarray, sought: np.ndarray, near: np.ndarray, *, target: float, seed: int
) -> Iterator[Parameters]:
    """Numbers of tables and bits that find ``target`` of the neighbours, the fewest compared pairs first.

    For each number of bits the fewest tables whose 95 % interval of the mean recall lies above the target.

    Args:
        rows: Of the search space, of shape (n, n_dimensions).
        sought: Sampled rows, of shape (n_sought,).
        near: Rows of their nearest, themselves among them, of shape (n_sought, k + 1).
        target: Recall, (0, 1].
        seed: Of the projections.
    """
    import numpy as np

    others = np.random.default_rng(seed).integers(0, len(rows), _OTHERS)
    is_other = near != sought[:, None]
    found = []
    for bits in _BITS:
        directions, thresholds = projections(rows, tables=_TABLES[-1], bits=bits, seed=seed)
        parameters = {"tables": _TABLES[-1], "bits": bits, "flips": 0}
        hashed = HashTables(rows[others], directions, thresholds, parameters)
        asked = hashed.codes(rows[sought])[0]
        first = np.stack([_first_shared(asked, hashed.codes(rows[near[:, at]])[0]) for at in range(near.shape[1])])
        of_others = hashed.codes(rows[others])[0]
        pairs = np.stack([_first_shared(code[None], of_others) for code in asked[:_QUERIES]])
        for tables in _TABLES:
            if _low((first.T < tables), is_other) >= target:
                found.append(((pairs < tables).mean(), tables, bits))
                break
    yield from ({"tables": tables, "bits": bits, "flips": 0} for _, tables, bits in sorted(found))


def _low(is_found: np.ndarray, is_other: np.ndarray) -> float:
    """Lower bound of the mean share that is found of each query's neighbours."""
    share = (is_found & is_other).sum(axis=1) / is_other.sum(axis=1)
    return float(share.mean()) - _Z95 * float(share.std()) / sqrt(len(share))


def _first_shared(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The first table in which two rows of codes agree; beyond the last where they never do."""
    import numpy as np

    same = left == right
    return np.where(same.any(axis=1), same.argmax(axis=1), same.shape[1])
