"""The metrics of every query of a genre group, summed up by artist: one task for each group."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame

from spark_app.columns import ALBUM_ID, ARTIST_ID, GENRE_GROUP, POPULARITY, TRACK_ID
from spark_app.similarity.evaluation.plan import POPULARITY_ENGINE, RANDOM, Plan
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
    "scaling string, engine string, protocol string, genre string, is_known boolean, unit array<bigint>, "
    "n_queries array<bigint>, n_excluded array<bigint>, sums array<double>"
)


def artist_sums(members: DataFrame, *, plan: Plan, sizes: Mapping[str, int]) -> DataFrame:
    """Search every group once for each ranking, judge the lists by all protocols, sum up by artist.

    Args:
        members: One row per track, key ``track_id``: the columns of ``evaluation_queries``, the vectors of all
            scalings, and where they are asked for ``family``, ``playlists``, ``is_query`` and the columns of lists.
        plan: What is compared.
        sizes: Members per group, the biggest first.

    Returns:
        Key ``scaling, engine, protocol, genre``
        ``[…, is_known, unit, n_queries, n_excluded, sums (a row per unit, a column per plan.columns)]``. ``is_known``
        is false where a ranking knows nothing: popularity where no track of the group has one.
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
    """

    queries: np.ndarray
    units: np.ndarray
    unit: np.ndarray
    relations: Relations
    counts: dict[str, tuple[np.ndarray, np.ndarray]]

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
        return cls(queries, units, unit, relations, counts)


Scores = dict[str, "np.ndarray"]  # protocol -> (n_queries, n_columns)


def _sums_of_group(frame: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    group = _Group.of(frame, plan)
    popularity = frame[POPULARITY].to_numpy(float)
    found = [
        (RAW, RANDOM, True, _scores_by_chance(group, plan)),
        (RAW, POPULARITY_ENGINE, not np.isnan(popularity).all(), _scores(group, plan, by_popularity(popularity))),
    ]
    for ranking in plan.rankings:
        if ranking.engine in ENGINES:
            vectors = frame[vector_columns(ranking.scaling)].to_numpy(float)
            ranker = by_distance(ranking.engine, ranking.metric, vectors)
        else:
            ranker = by_lists(_positions(frame, ranking.list_column))
        found.append((ranking.label, ranking.engine, True, _scores(group, plan, ranker)))
    genre = frame[GENRE_GROUP].iloc[0]
    rows = [
        (scaling, engine, protocol.name, genre, is_known, group.units, *_by_unit(group, protocol, scores))
        for scaling, engine, is_known, scores in found
        for protocol in plan.protocols
    ]
    return pd.DataFrame(rows, columns=[column.split(" ")[0] for column in _SCHEMA.split(", ")])


def _scores_by_chance(group: _Group, plan: Plan) -> Scores:
    return {name: _every_k(plan, chance_metrics, n_candidates, n) for name, (n, n_candidates) in group.counts.items()}


def _scores(group: _Group, plan: Plan, ranker: Ranker) -> Scores:
    """Every list is searched once and judged by all protocols."""
    import numpy as np

    longest, relations = max(plan.ks), group.relations
    reasons = dict.fromkeys(name for protocol in plan.protocols for name in protocol.left_out)
    strictest = Protocol("", "", tuple(reasons))
    scores = {protocol.name: np.zeros((len(group.queries), len(plan.columns))) for protocol in plan.protocols}
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
            scores[protocol.name][places] = _every_k(plan, query_metrics, is_relevant, n_relevant)
    return scores


def _every_k(plan: Plan, measure: Callable[..., np.ndarray], *of: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.hstack([measure(*of, k=k) for k in plan.ks])


def _by_unit(group: _Group, protocol: Protocol, scores: Scores) -> tuple[Any, Any, Any]:
    """Queries that count, queries that are excluded and sums of the former's scores, a row per unit."""
    import numpy as np

    is_counted = (group.counts[protocol.name][0] > 0) | (not protocol.excludes)
    n = len(group.units)
    counted, excluded = (np.bincount(group.unit[which], minlength=n) for which in (is_counted, ~is_counted))
    columns = scores[protocol.name][is_counted].T
    sums = [np.bincount(group.unit[is_counted], weights=column, minlength=n) for column in columns]
    return counted, excluded, np.column_stack(sums).ravel()


def _pairs(frame: pd.DataFrame, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Query and track of each pair whose tracks are both in the group."""
    import numpy as np

    positions = _positions(frame, name)
    query, place = np.nonzero(positions >= 0)
    return query, positions[query, place]


def _positions(frame: pd.DataFrame, name: str) -> np.ndarray:
    """Positions of the ids in a column of arrays: ``(n, width of the longest)``, -1 where there is no such track."""
    import numpy as np
    import pandas as pd

    lists = [[] if ids is None else ids for ids in frame[name]]
    lengths = np.array([len(ids) for ids in lists], dtype=np.int64)
    found = np.full((len(lists), lengths.max(initial=0)), -1, dtype=np.int64)
    if lengths.any():
        flat = pd.Index(frame[TRACK_ID]).get_indexer(np.concatenate([ids for ids in lists if len(ids)]))
        found[np.arange(found.shape[1]) < lengths[:, None]] = flat
    return found
