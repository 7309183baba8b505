"""From judged lists to figures with intervals, and what separates each method from a random member of the cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spark_app.classify.evaluation.bootstrap import interval, resampled_sums, unit_sums
from spark_app.recommend.evaluation.judged import ARTIST, PLAYLISTS_OTHER_ARTIST, Asked, Lists
from spark_app.similarity.ranking_metrics import METRICS, chance_metrics, closed_up, query_metrics

if TYPE_CHECKING:
    import numpy as np

RECOMMENDED, NEAREST, CLUSTER, POPULAR, RANDOM = "recommended", "nearest", "cluster_member", "popularity", "random"
BESIDE = "beside"  # protocol of measures that need no truth
VARIETY = ("same_artist_share", "mean_popularity", "list_distance")


@dataclass(frozen=True)
class Draws:
    """How the bootstrap draws."""

    resamples: int
    seed: int


@dataclass(frozen=True)
class Measure:
    """One figure of one method.

    Attributes:
        method: Who made the lists.
        protocol: Meaning of relevant, or ``beside`` for what needs none.
        name: Such as ``hit``.
        value: Mean over the seeds that count.
        low: Of the 95 % interval by bootstrap over artists.
        high: Likewise.
        n_queries: Seeds that count: those with a relevant track, or with a list that has what is measured.
        difference: Value less that of a random member of the cluster, on the same seeds.
        difference_low: Of its 95 % interval, by the same draws.
        difference_high: Likewise.
    """

    method: str
    protocol: str
    name: str
    value: float | None
    low: float | None
    high: float | None
    n_queries: int
    difference: float | None
    difference_low: float | None
    difference_high: float | None


def measures(asked: Asked, lists: Mapping[str, Lists], *, k: int, draws: Draws) -> list[Measure]:
    """Ranking metrics of each method by each protocol, and how varied its lists are.

    Args:
        asked: The seeds.
        lists: Method -> lists, ``cluster_member`` among them, in which k candidates remain where so many could be had.
        k: Where lists are cut.
        draws: Of the bootstrap, the same for all methods, so that differences are paired.

    Returns:
        By protocol, method, metric; none by a protocol that no seed has a relevant track by. ``random`` is the
        expectation in closed form.
    """
    found: list[Measure] = []
    for protocol, n_relevant in asked.relevant.items():
        counts = n_relevant > 0
        values = {name: _ranked(one, protocol, n_relevant, k)[counts] for name, one in lists.items()}
        values[RANDOM] = chance_metrics(asked.candidates[protocol], n_relevant, k=k)[counts]
        found += _compared(protocol, METRICS, values, asked.unit[counts], draws)
    found += _compared(BESIDE, VARIETY, {name: _variety(one, k) for name, one in lists.items()}, asked.unit, draws)
    return found


def coverage(lists: Lists, *, k: int, n_tracks: int) -> float:
    """The share of all tracks that stand among the first k of any list, [0, 1]."""
    import numpy as np

    return len(np.unique(lists.track[:, :k][lists.is_there[:, :k]])) / n_tracks


def _ranked(lists: Lists, protocol: str, n_relevant: np.ndarray, k: int) -> np.ndarray:
    is_out = lists.is_twin | ~lists.is_there
    if protocol == PLAYLISTS_OTHER_ARTIST:
        is_out = is_out | lists.same_artist
    is_relevant = lists.same_artist if protocol == ARTIST else lists.together
    return query_metrics(closed_up(is_relevant, is_out, k), n_relevant, k=k)


def _variety(lists: Lists, k: int) -> np.ndarray:
    """Per list the share by the seed's artist, the mean popularity, and the mean distance between its tracks:
    ``(n, 3)``, NaN where a list is too short for it.
    """
    import numpy as np

    there = lists.is_there[:, :k]
    known = there & ~np.isnan(lists.popularity[:, :k])
    pairs, far = np.zeros(len(there)), np.zeros(len(there))
    for one in range(1, there.shape[1]):
        for other in range(one):
            both = there[:, one] & there[:, other]
            step = np.where(both[:, None], lists.z[:, one] - lists.z[:, other], 0.0)
            far, pairs = far + np.sqrt((step**2).sum(axis=1)), pairs + both
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.column_stack(
            [
                (lists.same_artist[:, :k] & there).sum(axis=1) / there.sum(axis=1),
                np.where(known, lists.popularity[:, :k], 0.0).sum(axis=1) / known.sum(axis=1),
                far / pairs,
            ]
        )


def _compared(
    protocol: str, names: Sequence[str], values: Mapping[str, np.ndarray], unit: np.ndarray, draws: Draws
) -> Iterator[Measure]:
    """Means over the rows that are not NaN; every method by the same draws."""
    import numpy as np

    n, whole = len(unit), np.stack([*values.values()])  # (n_methods, n, n_metrics)
    if not n:
        return
    is_known = ~np.isnan(whole)
    columns = np.concatenate([np.where(is_known, whole, 0.0), is_known.astype(float)])  # (2 n_methods, n, n_metrics)
    flat = np.moveaxis(columns, 1, 0).reshape(n, -1)
    cells = [(np.full(n, column), flat[:, column]) for column in range(flat.shape[1])]
    sums = unit_sums(unit, cells, width=flat.shape[1])
    drawn = resampled_sums(sums, resamples=draws.resamples, seed=draws.seed)
    means, resampled = (_ratios(totals, len(values), len(names)) for totals in (flat.sum(axis=0)[None], drawn))
    n_known = is_known.sum(axis=1)
    base = list(values).index(CLUSTER)
    for i, method in enumerate(values):
        for j, name in enumerate(names):
            yield Measure(
                method,
                protocol,
                name,
                *_figure(means[0, i, j], resampled[:, i, j]),
                int(n_known[i, j]),
                *_figure(means[0, i, j] - means[0, base, j], resampled[:, i, j] - resampled[:, base, j]),
            )


def _ratios(totals: np.ndarray, n_methods: int, n_metrics: int) -> np.ndarray:
    """Sums over counts: ``(n_draws, n_methods, n_metrics)``, NaN where nothing counts."""
    import numpy as np

    both = totals.reshape(len(totals), 2, n_methods, n_metrics)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios: np.ndarray = both[:, 0] / both[:, 1]
    return ratios


def _figure(value: float, drawn: np.ndarray) -> tuple[float | None, float | None, float | None]:
    import numpy as np

    known = drawn[~np.isnan(drawn)]
    return (None, None, None) if np.isnan(value) or not len(known) else (float(value), *interval(known))
