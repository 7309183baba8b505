"""Random values that are pure functions of a seed, a name and the ids of a row.

Nothing here depends on partitions, on the order of rows or on how often a value is computed: the same seed, name and
ids give the same number on every cluster. The idea is dbldatagen's: hash (seed, column, row id), then transform.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from spark_app.sources.sample.sql import Sql, item_at, number, text

_BITS = 53  # a float64 holds every integer below 2^53 exactly
_CHUNK = 1 << 16
_NORMAL_STD = math.sqrt(4 / 12)  # of a sum of four uniforms


@dataclass(frozen=True)
class Draws:
    """Source of random values. Every draw has a name; two names give independent numbers for the same ids.

    Ids are SQL expressions of type bigint. All of them count; a null one leaves the others to decide.

    Attributes:
        seed: Any integer.
    """

    seed: int

    def hash64(self, name: str, *ids: Sql) -> Sql:
        """Bigint of 64 random bits."""
        digest = hashlib.sha256(f"{self.seed}/{name}".encode()).digest()
        key = int.from_bytes(digest[:8], "big") >> 1  # a negative literal would be an expression
        return f"xxhash64({', '.join([f'{key}L', *ids])})"

    def uniform(self, name: str, *ids: Sql) -> Sql:
        """Uniform double in [0, 1), a multiple of 2^-53."""
        return f"(shiftrightunsigned({self.hash64(name, *ids)}, {64 - _BITS}) / {number(1 << _BITS)})"

    def index(self, name: str, n: int | Sql, *ids: Sql) -> Sql:
        """Uniform bigint in [0, n); ``n`` must be positive."""
        return f"floor({self.uniform(name, *ids)} * {n})"

    def chance(self, name: str, p: float | Sql, *ids: Sql) -> Sql:
        """True with probability ``p`` in [0, 1]; never at 0, always at 1."""
        return f"({self.uniform(name, *ids)} < {p if isinstance(p, str) else number(p)})"

    def normal(self, name: str, *ids: Sql) -> Sql:
        """Bell-shaped double of mean 0, median 0 and standard deviation 1, within [-3.47, 3.47].

        The sum of four 16-bit uniforms out of one hash (Irwin-Hall): it needs no logarithm, whose last bit differs
        from machine to machine, and no value is ever wild.
        """
        hashed = self.hash64(name, *ids)
        chunks = [f"(shiftrightunsigned({hashed}, {16 * i}) & {_CHUNK - 1}L)" for i in range(4)]
        # Each chunk stands for the middle of its cell, so that the mean of the sum is 2 exactly.
        return f"((({' + '.join(chunks)} + 2) / {number(_CHUNK)} - 2.0D) / {number(_NORMAL_STD)})"

    def choose(self, name: str, weights: Mapping[str, int], *ids: Sql) -> Sql:
        """One of the names (without a vertical bar), as often as its whole weight among all weights says."""
        # Looked up in a list that holds every name once for each unit of weight: one hash, no comparison.
        return self.item(name, [option for option, weight in weights.items() for _ in range(weight)], *ids)

    def item(self, name: str, values: Sequence[str], *ids: Sql) -> Sql:
        """One of ``values`` (without a vertical bar), all equally likely."""
        return item_at(values, self.index(name, len(values), *ids)) if len(values) > 1 else text(values[0])
