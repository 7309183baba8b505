"""How many clusters a group gets, and how far fits with other seeds agree; both on a hashed sample of the group."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from statistics import mean
from typing import TYPE_CHECKING

from spark_app.cluster.kmeans import at_most_distinct, count_distinct, fitted_clusters
from spark_app.cluster.plan import AUTO, PER_DISTINCT, ClusterPlan

if TYPE_CHECKING:
    import numpy as np

_SEEDS = 2**32  # that scikit-learn takes


@dataclass(frozen=True)
class Choice:
    """The number of clusters of a group.

    Attributes:
        k: At least 1, at most the distinct vectors of the group.
        score: Silhouette of ``k`` on the sample, (-1, 1]; None where it did not decide.
    """

    k: int
    score: float | None = None


def chosen_k(sample: np.ndarray, *, n_distinct: Callable[[], int], plan: ClusterPlan, seed: int) -> Choice:
    """The number of clusters by ``plan.k``.

    ``auto`` takes the number with the largest mean silhouette (Rousseeuw, 1987), the smallest among equals. Among the
    30 indices of Arbelaitz et al. (2013) it came out best; Calinski and Harabasz's falls from two or three clusters on
    in every genre of a real catalogue, so that it would always take the smallest number allowed. The silhouette's
    cost, the square of the rows, is bounded by the sample.

    Args:
        sample: Shape (n_sample, n_features), in the order of the ids.
        n_distinct: Counts the distinct vectors of the whole group; called only where the sample does not tell enough.
        plan: Of the clustering.
        seed: Of the group.
    """
    if plan.k == AUTO:
        scores = dict(_silhouettes(sample, plan, seed))
        if scores:
            best = max(scores, key=lambda k: (scores[k], -k))
            return Choice(best, scores[best])
        return Choice(min(plan.min_k, n_distinct()))
    if isinstance(plan.k, str):
        distinct = n_distinct()
        asked = distinct // int(plan.k.removeprefix(PER_DISTINCT))
        return Choice(min(max(asked, plan.min_k), plan.max_k, distinct))
    is_enough = at_most_distinct(plan.k, sample) == plan.k
    return Choice(plan.k if is_enough else min(plan.k, n_distinct()))


def _silhouettes(sample: np.ndarray, plan: ClusterPlan, seed: int) -> Iterator[tuple[int, float]]:
    """Every allowed number with its mean silhouette, which takes at least two clusters and one distinct vector more."""
    from sklearn.metrics import silhouette_score
    from sklearn.metrics.pairwise import euclidean_distances

    numbers = range(max(plan.min_k, 2), min(plan.max_k, count_distinct(sample) - 1) + 1)
    if not numbers:
        return
    distances = euclidean_distances(sample)
    for k in numbers:
        labels, _ = fitted_clusters(sample, k=k, starts=plan.starts, seed=seed)
        yield k, float(silhouette_score(distances, labels, metric="precomputed"))


def stability(sample: np.ndarray, *, k: int, plan: ClusterPlan, seed: int) -> float | None:
    """Mean adjusted Rand index (Hubert and Arabie, 1985) over all pairs of fits of the sample with other seeds.

    1 where all fits give the same clusters, as one cluster always does; about 0 where they agree no more than by
    chance. None where ``plan.stability_seeds`` is below 2.

    Args:
        sample: Shape (n_sample, n_features).
        k: Clusters of the group.
        plan: Of the clustering; each fit has ``plan.starts`` starts.
        seed: Of the group.
    """
    from sklearn.metrics import adjusted_rand_score

    if plan.stability_seeds < 2:
        return None
    seeds = [(seed + number) % _SEEDS for number in range(1, plan.stability_seeds + 1)]
    fits = [fitted_clusters(sample, k=k, starts=plan.starts, seed=number)[0] for number in seeds]
    return float(mean(adjusted_rand_score(one, other) for one, other in combinations(fits, 2)))
