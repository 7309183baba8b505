"""What became of the clusters since the version before.

Each cluster is matched to at most one of the clusters that the same group had before, so that as many tracks as
possible stay where they were (the assignment problem, Kuhn 1955; clusters matched by their members as MONIC does,
Spiliopoulou et al. 2006). Where versions share no track of the group, centres that lie near each other are matched.
Centres are compared in the features' own units, since z units move with the catalogue.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_app.cluster.cards import CENTRE_RAW, VERSION, Card
from spark_app.columns import CLUSTER, GENRE_GROUP, TRACK_ID

if TYPE_CHECKING:
    import numpy as np

FIRST, MATCHED, NEW, GONE = "first", "matched", "new", "gone"
BEFORE = "previous_cluster"
_TOLERANCE = 1e-9
Shared = Mapping[tuple[str, int, int], int]
Counts = Mapping[tuple[int, int], int]  # (cluster before, cluster now) -> tracks in both, of one group
Numbered = dict[int, Mapping[str, Any]]  # cluster -> card, of one group


def shared_tracks(before: DataFrame, now: DataFrame, *, version: int) -> DataFrame:
    """Tracks by group, cluster before and cluster now ``[genre_group, previous_cluster, cluster, n]``.

    Args:
        before: ``models.genre_clusters`` as it stands.
        now: ``[track_id, genre_group, cluster]``.
        version: Of the cards before; rows of another version (a run was stopped between the two tables) do not count.
    """
    stood = before.where(F.col(VERSION) == version).select(TRACK_ID, GENRE_GROUP, F.col(CLUSTER).alias(BEFORE))
    pairs = stood.join(now.select(TRACK_ID, GENRE_GROUP, CLUSTER), on=[TRACK_ID, GENRE_GROUP], how="inner")
    return pairs.groupBy(GENRE_GROUP, BEFORE, CLUSTER).agg(F.count("*").alias("n"))


def version_of(rows: Iterable[Mapping[str, Any]]) -> int:
    """The newest version of stored rows; 0 where there are none, or none with a version."""
    return max((row[VERSION] or 0 for row in rows), default=0)


def is_unchanged(before: Sequence[Mapping[str, Any]], now: Sequence[Card]) -> bool:
    """True where the clusters are those of before: same sizes and exemplars, same centres within 1e-9.

    Args:
        before: Stored cards.
        now: From ``cluster_cards``.
    """
    old, new = ({(card[GENRE_GROUP], card[CLUSTER]): card for card in cards} for cards in (before, now))
    return old.keys() == new.keys() and all(_same(old[place], new[place]) for place in new)


def _same(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return (
        old["n_tracks"] == new["n_tracks"]
        and old["exemplar_id"] == new["exemplar_id"]
        and old[CENTRE_RAW] is not None
        and all(
            abs(a - b) <= _TOLERANCE * max(1.0, abs(a), abs(b))
            for a, b in zip(old[CENTRE_RAW], new[CENTRE_RAW], strict=True)
        )
    )


def drift_rows(
    before: Sequence[Mapping[str, Any]],
    now: Sequence[Card],
    *,
    shared: Shared,
    deviations: Sequence[float | None],
    version: int,
) -> list[dict[str, Any]]:
    """Rows of ``results.cluster_drift`` of one version, one per cluster and one per cluster that is gone.

    Args:
        before: Cards of the version before; empty where no clusters stood before.
        now: From ``cluster_cards``.
        shared: (group, cluster before, cluster now) -> tracks in both.
        deviations: Of each feature over all tracks as of now, in its unit; they make one distance of twelve shifts.
            A feature without any (null or 0) does not count there.
        version: Of ``now``.

    Returns:
        ``change`` is ``first`` where no clusters stood before, ``new`` where no cluster of before was matched (or its
        group was not there), else ``matched``. Only the latter has ``previous_cluster, previous_n_tracks``;
        ``size_change``, n_tracks / previous_n_tracks - 1; ``n_kept``, tracks of the cluster before that its group still
        has; ``n_stayed``, those of them that are in this cluster, and ``share_stayed``, null where none was kept;
        ``centre_shift`` in standard deviations, ``centre_shift_raw`` per feature in its unit.

        ``gone`` is a cluster of before that none of now was matched to. It has no number any more: its ``cluster`` is
        -1 - ``previous_cluster`` and its ``n_tracks`` 0. It has ``previous_n_tracks`` and ``n_kept`` as well.
    """
    counts: dict[str, dict[tuple[int, int], int]] = defaultdict(dict)
    for (group, one, other), n in shared.items():
        counts[group][one, other] = n
    old_cards, new_cards = _by_group(before), _by_group(now)
    found = []
    for group in sorted({*old_cards, *new_cards}):
        old, new = old_cards.get(group, {}), new_cards.get(group, {})
        rows = _rows_of_group(old, new, counts[group], deviations, otherwise=NEW if before else FIRST)
        found += [{GENRE_GROUP: group, VERSION: version, **row} for row in rows]
    return found


def _rows_of_group(
    old: Numbered, new: Numbered, counts: Counts, deviations: Sequence[float | None], *, otherwise: str
) -> Iterator[dict[str, Any]]:
    matches = _matches(old, new, counts, deviations)
    for number, card in new.items():
        change: dict[str, Any] = {"change": otherwise}
        if number in matches:
            change = _change(old[matches[number]], card, counts, deviations)
        yield {CLUSTER: number, "n_tracks": card["n_tracks"], **change}
    for number in sorted(old.keys() - matches.values()):
        yield _gone(old[number], counts)


def _by_group(cards: Iterable[Mapping[str, Any]]) -> dict[str, Numbered]:
    found: dict[str, dict[int, Mapping[str, Any]]] = {}
    for card in sorted(cards, key=lambda card: (card[GENRE_GROUP], card[CLUSTER])):
        found.setdefault(card[GENRE_GROUP], {})[card[CLUSTER]] = card
    return found


def _matches(old: Numbered, new: Numbered, counts: Counts, deviations: Sequence[float | None]) -> dict[int, int]:
    """Cluster now -> cluster before: most shared tracks in all, then the smallest sum of centre shifts."""
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    if not old or not new:
        return {}
    shifts = np.array([[_distance(_shift(a, b), deviations) for b in new.values()] for a in old.values()])
    tracks = np.array([[counts.get((a, b), 0) for b in new] for a in old])
    # All shifts together count for less than one track.
    rows, columns = linear_sum_assignment(shifts / (1 + shifts.sum()) - tracks)
    befores, nows = list(old), list(new)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return {nows[j]: befores[i] for i, j in pairs if tracks[i, j] or not tracks.any()}


def _change(
    old: Mapping[str, Any], new: Mapping[str, Any], counts: Counts, deviations: Sequence[Any]
) -> dict[str, Any]:
    kept = _kept(old, counts)
    stayed = counts.get((old[CLUSTER], new[CLUSTER]), 0)
    shift = _shift(old, new)
    return {
        "change": MATCHED,
        BEFORE: old[CLUSTER],
        "previous_n_tracks": old["n_tracks"],
        "size_change": new["n_tracks"] / old["n_tracks"] - 1,
        "n_kept": kept,
        "n_stayed": stayed,
        "share_stayed": stayed / kept if kept else None,
        "centre_shift": _distance(shift, deviations),
        "centre_shift_raw": shift.tolist(),
    }


def _gone(old: Mapping[str, Any], counts: Counts) -> dict[str, Any]:
    return {
        CLUSTER: -1 - old[CLUSTER],  # below 0: the number may be that of another cluster now
        "n_tracks": 0,
        "change": GONE,
        BEFORE: old[CLUSTER],
        "previous_n_tracks": old["n_tracks"],
        "n_kept": _kept(old, counts),
    }


def _kept(old: Mapping[str, Any], counts: Counts) -> int:
    """Tracks of a cluster before that its group still has."""
    return sum(n for (before, _), n in counts.items() if before == old[CLUSTER])


def _shift(old: Mapping[str, Any], new: Mapping[str, Any]) -> np.ndarray:
    import numpy as np

    shift: np.ndarray = np.array(new[CENTRE_RAW], dtype=float) - np.array(old[CENTRE_RAW], dtype=float)
    return shift


def _distance(shift: np.ndarray, deviations: Sequence[float | None]) -> float:
    return float(sum((value / std) ** 2 for value, std in zip(shift.tolist(), deviations, strict=True) if std) ** 0.5)
