"""What a clustering is made with, and the seed of each group."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

AUTO = "auto"
PER_DISTINCT = "distinct/"  # followed by the distinct vectors that one cluster stands for


@dataclass(frozen=True)
class ClusterPlan:
    """Numbers of a clustering; sent to the tasks.

    Attributes:
        k: Clusters per group: a number; ``auto``, the one with the best silhouette; ``distinct/N``, one for every N
            distinct vectors. Never as many as there are distinct vectors, but for the one cluster of a single one.
        min_k: Fewest clusters of ``auto`` (never below 2 there) and ``distinct/N``.
        max_k: Most clusters of both.
        starts: Starts with other seeds; the one with the smallest inertia stays.
        init_steps: Of k-means||, which starts groups above ``task_rows``.
        task_rows: Members up to which one task fits a group.
        sample_rows: Hashed members of a group that silhouette and stability look at; of them the silhouette holds all
            distances between two.
        stability_seeds: Fits of the sample that are compared; below 2 stability is not measured.
        exemplars: Tracks that stand for a cluster, at most.
        seed: Of the run.
    """

    k: int | str
    min_k: int
    max_k: int
    starts: int
    init_steps: int
    task_rows: int
    sample_rows: int
    stability_seeds: int
    exemplars: int
    seed: int


def seed_of(name: str, seed: int) -> int:
    """A seed in [0, 2^32) from a group's name and the run's seed, the same on every machine.

    >>> seed_of("rock", 42) == seed_of("rock", 42), seed_of("rock", 42) == seed_of("pop", 42)
    (True, False)
    """
    return int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:4], "big")
