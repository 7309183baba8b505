"""How many clusters a group gets, how well they are parted, and how far fits with other seeds agree.

All but the number of distinct vectors comes from a hashed sample of the group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
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
        k: At least 1, below the number of distinct vectors of the group where it has two.
        score: Mean silhouette of ``k`` clusters of the sample, (-1, 1]; None of one cluster, and where the sample has
            no more distinct vectors than clusters.
    """

    k: int
    score: float | None = None


def chosen_k(sample: np.ndarray, *, n_distinct: Callable[[], int], plan: ClusterPlan, seed: int) -> Choice:
    """The number of clusters by ``plan.k``, at most one less than the group has distinct vectors, at least 1.

    As many clusters as distinct vectors would say nothing: each vector would be its own centre.

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
        scores = dict(_silhouettes(sample, range(plan.min_k, plan.max_k + 1), plan, seed))
        if scores:
            best = max(scores, key=lambda k: (scores[k], -k))
            return Choice(best, scores[best])
        k = min(plan.min_k, _most(n_distinct()))
    elif isinstance(plan.k, str):
        distinct = n_distinct()
        asked = distinct // int(plan.k.removeprefix(PER_DISTINCT))
        k = min(max(asked, plan.min_k), plan.max_k, _most(distinct))
    else:
        is_enough = at_most_distinct(plan.k + 1, sample) > plan.k
        k = plan.k if is_enough else min(plan.k, _most(n_distinct()))
    return Choice(k, dict(_silhouettes(sample, [k], plan, seed)).get(k))


def _most(n_distinct: int) -> int:
    return max(n_distinct - 1, 1)


def _silhouettes(
    sample: np.ndarray, numbers: Iterable[int], plan: ClusterPlan, seed: int
) -> Iterator[tuple[int, float]]:
    """Those numbers that can have a mean silhouette, with it: two clusters at least, and a distinct vector more than
    clusters.
    """
    from sklearn.metrics import silhouette_score
    from sklearn.metrics.pairwise import euclidean_distances

    distinct = count_distinct(sample)
    possible = [k for k in numbers if 2 <= k < distinct]
    if not possible:
        return
    distances = euclidean_distances(sample)
    for k in possible:
        labels, _ = fitted_clusters(sample, k=k, starts=plan.starts, seed=seed)
        yield k, float(silhouette_score(distances, labels, metric="precomputed"))


def stability(sample: np.ndarray, *, k: int, plan: ClusterPlan, seed: int) -> float | None:
    """Mean adjusted Rand index (Hubert and Arabie, 1985) over all pairs of fits of the sample with other seeds.

    1 where all fits give the same clusters; about 0 where they agree no more than by chance. None where seeds could
    not but agree, of one cluster and where the sample has no more distinct vectors than clusters, and where
    ``plan.stability_seeds`` is below 2.

    Args:
        sample: Shape (n_sample, n_features).
        k: Clusters of the group.
        plan: Of the clustering; each fit has ``plan.starts`` starts.
        seed: Of the group.
    """
    from sklearn.metrics import adjusted_rand_score

    if plan.stability_seeds < 2 or k == 1 or at_most_distinct(k + 1, sample) <= k:
        return None
    seeds = [(seed + number) % _SEEDS for number in range(1, plan.stability_seeds + 1)]
    fits = [fitted_clusters(sample, k=k, starts=plan.starts, seed=number)[0] for number in seeds]
    return float(mean(adjusted_rand_score(one, other) for one, other in combinations(fits, 2)))
