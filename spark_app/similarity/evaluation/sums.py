"""The metrics of every query of a genre group, summed up by artist: one task for each group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame

from spark_app.columns import ALBUM_ID, ARTIST_ID, GENRE_GROUP, POPULARITY, TRACK_ID
from spark_app.similarity.evaluation.plan import POPULARITY_ENGINE, RANDOM, Plan, Ranking
from spark_app.similarity.evaluation.protocols import FAMILY, PLAYLISTS, VARIANT_GROUP, Protocol, Relations
from spark_app.similarity.evaluation.queries import IS_QUERY, RAW, UNIT, vector_columns
from spark_app.similarity.evaluation.searchers import ENGINES, Ranker, by_distance, by_lists, by_popularity, ranked
from spark_app.similarity.groups import one_task_a_group
from spark_app.similarity.ranking_metrics import chance_metrics, closed_up, query_metrics

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_CODES = (ARTIST_ID, ALBUM_ID, VARIANT_GROUP, FAMILY)
_SCHEMA = (
    "scaling string, engine string, protocol string, genre string, is_known boolean, gave_way boolean, "
    "unit array<bigint>, n_queries array<bigint>, n_excluded array<bigint>, sums array<double>"
)

Scored = tuple[str, "np.ndarray", "np.ndarray"]  # protocol, places of queries (n,), their metrics (n, n_columns)
Sums = dict[str, "np.ndarray"]  # protocol -> (n_units, n_columns)


def artist_sums(members: DataFrame, *, plan: Plan, sizes: Mapping[str, int]) -> DataFrame:
    """Search every group once for each ranking, judge the lists by all protocols, sum up by artist.

    A task holds its group's vectors, one ranking's lists of a block of queries, and the sums by artist.

    Args:
        members: One row per track, key ``track_id``: the columns of ``evaluation_queries``, the vectors of all
            scalings, and where they are asked for ``family``, ``playlists``, ``is_query`` and the columns of lists.
        plan: What is compared.
        sizes: Members per group, the biggest first.

    Returns:
        Key ``scaling, engine, protocol, genre``
        ``[…, is_known, gave_way, unit, n_queries, n_excluded, sums (a row per unit, a column per plan.columns)]``.
        ``is_known`` is false where a ranking knows nothing: popularity where no track of the group has one.
        ``gave_way`` is true where the exact search stood in for an engine that did not reach its recall.
    """

    def sum_up(group: pd.DataFrame) -> pd.DataFrame:
        return _sums_of_group(group.sort_values(TRACK_ID, ignore_index=True), plan)

    laid_out = one_task_a_group(members, sizes=sizes)
    return laid_out.groupBy("slot", GENRE_GROUP).applyInPandas(sum_up, _SCHEMA)


@dataclass(frozen=True)
class _Group:
    """The queries of a group, positions in the order of the ids, and what is known of them.

    Attributes:
        queries: Positions ``(n_queries,)``.
        units: What the bootstrap draws, ascending ``(n_units,)``.
        unit: Of each query, its place in ``units``.
        relations: Of all tracks.
        counts: Protocol -> relevant tracks and candidates of each query.
        is_counted: Protocol -> which queries count ``(n_queries,)``.
    """

    queries: np.ndarray
    units: np.ndarray
    unit: np.ndarray
    relations: Relations
    counts: dict[str, tuple[np.ndarray, np.ndarray]]
    is_counted: dict[str, np.ndarray]

    @classmethod
    def of(cls, frame: pd.DataFrame, plan: Plan) -> _Group:
        import numpy as np
        import pandas as pd

        codes = {name: pd.factorize(frame[name])[0] for name in _CODES if name in frame}  # -1 for null
        pairs = {PLAYLISTS: _pairs(frame, PLAYLISTS)} if PLAYLISTS in frame else {}
        relations = Relations.of(codes, pairs, n=len(frame))
        queries = np.flatnonzero(frame[IS_QUERY]) if IS_QUERY in frame else np.arange(len(frame))
        units, unit = np.unique(frame[UNIT].to_numpy()[queries], return_inverse=True)
        counts = {protocol.name: relations.counts(protocol, queries) for protocol in plan.protocols}
        is_counted = {p.name: (counts[p.name][0] > 0) | (not p.excludes) for p in plan.protocols}
        return cls(queries, units, unit, relations, counts, is_counted)

    def by_unit(self, protocol: str) -> tuple[np.ndarray, np.ndarray]:
        """Queries of each unit that count, and those that are excluded: ``(n_units,)`` both."""
        import numpy as np

        is_counted, n = self.is_counted[protocol], len(self.units)
        counted, excluded = (np.bincount(self.unit[which], minlength=n) for which in (is_counted, ~is_counted))
        return counted, excluded


def _sums_of_group(frame: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    import pandas as pd

    group, genre = _Group.of(frame, plan), frame[GENRE_GROUP].iloc[0]
    counts = {protocol.name: group.by_unit(protocol.name) for protocol in plan.protocols}
    rows = [
        (scaling, engine, name, genre, is_known, gave_way, group.units, *counts[name], sums[name].ravel())
        for scaling, engine, is_known, gave_way, sums in _of_rankings(frame, group, plan)
        for name in counts
    ]
    return pd.DataFrame(rows, columns=[column.split(" ")[0] for column in _SCHEMA.split(", ")])


def _of_rankings(frame: pd.DataFrame, group: _Group, plan: Plan) -> Iterator[tuple[str, str, bool, bool, Sums]]:
    """Scaling and engine of each ranking, whether it knows anything and gave way, and its sums."""
    import numpy as np

    popularity = frame[POPULARITY].to_numpy(float)
    yield RAW, RANDOM, True, False, _summed(group, plan, _by_chance(group, plan))
    by_rank = _summed(group, plan, _judged(group, plan, by_popularity(popularity)))
    yield RAW, POPULARITY_ENGINE, not np.isnan(popularity).all(), False, by_rank
    for ranking in plan.rankings:
        ranker = _ranker(frame, ranking, seed=plan.seed)
        sums = _summed(group, plan, _judged(group, plan, ranker))
        yield ranking.label, ranking.engine, True, ranker.gave_way(), sums


def _ranker(frame: pd.DataFrame, ranking: Ranking, *, seed: int) -> Ranker:
    if ranking.engine not in ENGINES:
        return by_lists(_positions(frame, ranking.list_column))
    vectors = frame[vector_columns(ranking.scaling)].to_numpy(float)
    return by_distance(ranking.engine, ranking.metric, vectors, seed=seed)


def _by_chance(group: _Group, plan: Plan) -> Iterator[Scored]:
    import numpy as np

    everyone = np.arange(len(group.queries))
    for name, (n_relevant, n_candidates) in group.counts.items():
        yield name, everyone, _every_k(plan, chance_metrics, n_candidates, n_relevant)


def _judged(group: _Group, plan: Plan, ranker: Ranker) -> Iterator[Scored]:
    """Every list is searched once and judged by all protocols."""
    longest, relations = max(plan.ks), group.relations
    reasons = dict.fromkeys(name for protocol in plan.protocols for name in protocol.left_out)
    strictest = Protocol("", "", tuple(reasons))
    for places, found in ranked(
        ranker,
        group.queries,
        k=longest,
        is_left_out=lambda asked, others: relations.is_left_out(strictest, asked, others),
    ):
        asked = group.queries[places][:, None]
        for protocol in plan.protocols:
            is_out = relations.is_left_out(protocol, asked, found) | (found < 0)
            is_relevant = closed_up(relations.is_relevant(protocol, asked, found), is_out, longest)
            n_relevant = group.counts[protocol.name][0][places]
            yield protocol.name, places, _every_k(plan, query_metrics, is_relevant, n_relevant)


def _summed(group: _Group, plan: Plan, scored: Iterable[Scored]) -> Sums:
    """Sums over the queries that count."""
    import numpy as np

    n_units = len(group.units)
    sums = {protocol.name: np.zeros((n_units, len(plan.columns))) for protocol in plan.protocols}
    for name, places, scores in scored:
        is_counted = group.is_counted[name][places]
        unit = group.unit[places[is_counted]]
        for at, column in enumerate(scores[is_counted].T):
            sums[name][:, at] += np.bincount(unit, weights=column, minlength=n_units)
    return sums


def _every_k(plan: Plan, measure: Callable[..., np.ndarray], *of: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.hstack([measure(*of, k=k) for k in plan.ks])


def _pairs(frame: pd.DataFrame, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Query and track of each pair whose tracks are both in the group, from a column of arrays of ids."""
    query, other = _flat(frame, name)
    is_here = other >= 0
    return query[is_here], other[is_here]


def _positions(frame: pd.DataFrame, name: str) -> np.ndarray:
    """Positions of the ids in a column of arrays: ``(n, width of the longest)``, -1 where there is no such track."""
    import numpy as np

    row, position = _flat(frame, name)
    lengths = np.bincount(row, minlength=len(frame))
    found = np.full((len(frame), lengths.max(initial=0)), -1, dtype=np.int64)
    found[np.arange(found.shape[1]) < lengths[:, None]] = position
    return found


def _flat(frame: pd.DataFrame, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Row and position of each id in a column of arrays, in their order; -1 where there is no such track."""
    import numpy as np
    import pandas as pd

    lists = frame[name].dropna()
    row = np.repeat(lists.index.to_numpy(), lists.map(len).to_numpy(dtype=np.int64))
    ids = [one for some in lists for one in some]
    return row, pd.Index(frame[TRACK_ID]).get_indexer(ids)
