"""One list for one or several seeds, out of arrays: what the command line answers with, without Spark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spark_app.recommend.agreement import agreement
from spark_app.recommend.choose import Choice, Pools, chosen, distance, scores
from spark_app.recommend.reasons import Heard, reasons

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Group:
    """A genre group.

    Attributes:
        is_member: Which tracks are in it ``(n,)``.
        cluster: Number of each track's cluster, -1 where it has none ``(n,)``.
    """

    is_member: np.ndarray
    cluster: np.ndarray


@dataclass(frozen=True)
class Known:
    """Tracks in the order of their ids.

    Attributes:
        z: z-scores ``(n, 12)``; NaN where a track cannot be recommended.
        tempo: Beats per minute ``(n,)``.
        artist: Equal numbers are one first artist ``(n,)``.
        recording: Equal numbers are near-twins ``(n,)``.
        groups: Name -> genre group.
    """

    z: np.ndarray
    tempo: np.ndarray
    artist: np.ndarray
    recording: np.ndarray
    groups: Mapping[str, Group]


@dataclass(frozen=True)
class Pick:
    """A recommended track.

    Attributes:
        at: Its position.
        score: Relevance: to the one seed (0, 1.05], or how far several agree (0, 1].
        group: Genre group that it shares with the seed.
        seed: Place among the seeds of the one that it is most relevant to, which the reason compares it with.
        n_near: Seeds among whose nearest tracks it is.
        reason: In words.
    """

    at: int
    score: float
    group: str
    seed: int
    n_near: int
    reason: str


def recommended(
    known: Known,
    seeds: Sequence[int],
    passing: np.ndarray,
    *,
    groups: Mapping[int, Sequence[str]],
    pool: int,
    choice: Choice,
) -> list[Pick]:
    """The list for all seeds together.

    Each seed has a pool: its nearest tracks in each of its groups. One seed orders its pool by ``choose.scores``;
    several by ``agreement`` of the orders of their pools. ``choose.chosen`` takes the list from there.

    Args:
        known: All tracks.
        seeds: Positions, without NaN in their z-scores.
        passing: Which tracks may be recommended ``(n,)``.
        groups: Names of the groups of each seed, by its position.
        pool: Tracks a seed and group.
        choice: What the list has to be.

    Returns:
        Best first. No seed and none of their near-twins.
    """
    import numpy as np

    is_new = ~np.isin(known.recording, known.recording[list(seeds)])
    allowed = np.flatnonzero(passing & is_new & ~np.isnan(known.z).any(axis=1))
    found = [_pool(known, seed, allowed, groups[seed], pool) for seed in seeds]
    at = np.unique(np.concatenate([positions for positions, *_ in found]))
    if not len(at):
        return []
    score = np.full((len(seeds), len(at)), np.nan)
    group = np.full((len(seeds), len(at)), "", dtype=object)
    together = np.zeros((len(seeds), len(at)), dtype=bool)
    for row, (positions, of_pool, names, shared) in enumerate(found):
        place = np.searchsorted(at, positions)
        score[row, place], group[row, place], together[row, place] = of_pool, names, shared
    total = score[0] if len(seeds) == 1 else agreement(score)
    pools = Pools(total[None], known.artist[at][None], known.recording[at][None], known.z[at][None])
    taken = chosen(pools, choice)[0]
    taken = taken[taken >= 0]
    nearest = np.nanargmax(score[:, taken], axis=0)
    told = _told(known, np.array(seeds)[nearest], at[taken], together[nearest, taken])
    near = (~np.isnan(score[:, taken])).sum(axis=0)
    return [
        Pick(int(at[place]), float(total[place]), group[seed, place], int(seed), int(n), text)
        for place, seed, n, text in zip(taken, nearest, near, told, strict=True)
    ]


def _pool(
    known: Known, seed: int, allowed: np.ndarray, names: Sequence[str], size: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Of the seed's candidates: positions, scores, the shared group, and whether they share its cluster."""
    import numpy as np

    far = distance(known.z[allowed], known.z[seed])
    order = np.lexsort((allowed, far))
    positions, is_close, group = [], [], []
    for name in sorted(names):
        of_group = known.groups[name]
        members = allowed[order[of_group.is_member[allowed[order]]]][:size]
        same = (of_group.cluster[members] == of_group.cluster[seed]) & (of_group.cluster[seed] >= 0)
        positions.append(members)
        is_close.append(same)
        group.append(np.full(len(members), name, dtype=object))
    at, close, shared = np.concatenate(positions), np.concatenate(is_close), np.concatenate(group)
    # Of the groups that two tracks share, one where they are in the same cluster, else the first by name.
    best = np.lexsort((np.arange(len(at)), ~close, at))
    first = best[np.unique(at[best], return_index=True)[1]]
    return at[first], scores(known.z[seed], known.z[at[first]], close[first]), shared[first], close[first]


def _told(known: Known, seeds: np.ndarray, at: np.ndarray, together: np.ndarray) -> np.ndarray:
    return reasons(
        Heard(known.tempo[seeds], known.z[seeds]),
        Heard(known.tempo[at], known.z[at]),
        same_artist=known.artist[seeds] == known.artist[at],
        same_cluster=together,
    )
