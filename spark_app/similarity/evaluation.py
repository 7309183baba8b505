"""Does audio similarity find tracks of the same first artist? A sanity check called artist retrieval.

Each track is a query once, in its first genre group (``curated.tracks.genre_group``), against all other usable tracks
of that group. Three protocols:

* ``P0``: relevant are the other tracks of the same first artist, near-twins among them; no query is excluded, so one
  without any relevant track scores 0. This is the protocol of the project's published figures.
* ``artist_with_twins``: the same, but queries without a relevant track are excluded and counted.
* ``artist``: as ``evaluation.md`` defines it. Near-twins of the query are neither relevant nor candidates: they are
  taken out of the ranking before it is cut at K. Queries that this leaves without a relevant track are excluded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_app.columns import ALL, ARTIST_ID, ARTIST_IDS, AUDIO12_Z, GENRE_GROUP, TRACK_ID, UNKNOWN
from spark_app.similarity.groups import one_task_a_group
from spark_app.similarity.ranking_metrics import METRICS, RELEVANT_RANKS, chance_metrics, query_metrics

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

MACRO = "macro"  # mean over genre groups, beside ALL, the mean over queries
VARIANT_GROUP = "variant_group"
# protocol -> (near-twins count, queries without a relevant track are excluded)
PROTOCOLS = {"P0": (True, False), "artist_with_twins": (True, True), "artist": (False, True)}

_TWINS = "twins_count"
_KEYS = ("protocol", "scaling", "engine")
_COUNTS = ("n_queries", "n_excluded")
_SCHEMA = (
    f"{TRACK_ID} string, {GENRE_GROUP} string, {_TWINS} boolean, {RELEVANT_RANKS} array<int>, "
    "n_relevant bigint, n_candidates bigint"
)


def evaluation_queries(tracks: DataFrame, variants: DataFrame) -> DataFrame:
    """One row per track, key ``track_id`` ``[track_id, genre_group, artist_id, variant_group]``.

    Args:
        tracks: ``[track_id, genre_group, artist_ids]``; without a group, ``unknown``.
        variants: Near-twins, key ``track_id`` ``[track_id, variant_group]``; a track without a row has none.

    Returns:
        ``artist_id`` is the first artist, null where there is none; ``variant_group`` is never null.
    """
    return tracks.join(variants.select(TRACK_ID, VARIANT_GROUP), on=TRACK_ID, how="left").select(
        TRACK_ID,
        F.coalesce(GENRE_GROUP, F.lit(UNKNOWN)).alias(GENRE_GROUP),
        F.get(ARTIST_IDS, F.lit(0)).alias(ARTIST_ID),
        F.coalesce(VARIANT_GROUP, TRACK_ID).alias(VARIANT_GROUP),
    )


def ranked_by_artist(members: DataFrame, *, k: int, sizes: Mapping[str, int]) -> DataFrame:
    """Where, among each query's first k exact neighbours, tracks of the same first artist stand.

    Args:
        members: One row per track with its vector ``[track_id, genre_group, artist_id, variant_group, *AUDIO12_Z]``.
        k: Length of a list; shorter where the group ends.
        sizes: Members per group, the biggest first.

    Returns:
        Two rows per query, key ``track_id, twins_count``: with the query's near-twins in the list, and with them
        taken out of it ``[track_id, genre_group, twins_count, relevant_ranks (ascending), n_relevant, n_candidates]``.
        Both lists are exact: a query with t near-twins is searched for k + t neighbours. ``n_candidates`` counts
        the other members of the group, ``n_relevant`` those by the same artist; near-twins are left out of both
        where they do not count. A query without artist has 0 relevant.
    """

    def rank(group: pd.DataFrame) -> pd.DataFrame:
        return _ranked_group(group.sort_values(TRACK_ID, ignore_index=True), k)

    columns = [TRACK_ID, GENRE_GROUP, ARTIST_ID, VARIANT_GROUP, *AUDIO12_Z]
    laid_out = one_task_a_group(members.select(*columns), sizes=sizes)
    return laid_out.groupBy("slot", GENRE_GROUP).applyInPandas(rank, _SCHEMA)


def _ranked_group(group: pd.DataFrame, k: int) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    from spark_app.similarity.exact import nearest

    vectors = group[list(AUDIO12_Z)].to_numpy(float)
    artist = pd.factorize(group[ARTIST_ID])[0]  # -1 for null
    variant = pd.factorize(group[VARIANT_GROUP])[0]
    twins = np.bincount(variant)[variant] - 1
    parts = []
    # Few queries have twins; searching deeper for all of them would cost more.
    for queries in (np.flatnonzero(twins == 0), np.flatnonzero(twins > 0)):
        deepest = int(twins[queries].max(initial=0))
        found, _ = nearest(vectors, k=k + deepest, queries=queries)
        same = (artist[found] == artist[queries][:, None]) & (artist[queries] >= 0)[:, None]
        is_twin = variant[found] == variant[queries][:, None]
        for twins_count in (True, False):
            ranks = _relevant_ranks(same, np.zeros_like(is_twin) if twins_count else is_twin, k)
            parts.append(pd.DataFrame({"query": queries, _TWINS: twins_count, RELEVANT_RANKS: ranks}))
    return _with_counts(group, pd.concat(parts, ignore_index=True), artist, variant)


def _relevant_ranks(is_relevant: np.ndarray, is_left_out: np.ndarray, k: int) -> list[np.ndarray]:
    """Per row the ranks, up to k, of what is relevant, after what is left out has been taken out."""
    import numpy as np

    if not len(is_relevant):
        return []
    rank = np.cumsum(~is_left_out, axis=1, dtype=np.int32)
    row, column = np.nonzero(is_relevant & ~is_left_out & (rank <= k))
    ends = np.cumsum(np.bincount(row, minlength=len(rank)))
    return np.split(rank[row, column], ends[:-1])


def _with_counts(group: pd.DataFrame, ranked: pd.DataFrame, artist: np.ndarray, variant: np.ndarray) -> pd.DataFrame:
    """Adds ids and counts to ``[query, twins_count, relevant_ranks]``."""
    import numpy as np
    import pandas as pd

    both = pd.factorize(pd.Series(list(zip(artist, variant, strict=True))))[0]
    sizes = {name: np.bincount(codes)[codes] for name, codes in (("variant", variant), ("both", both))}
    same_artist = np.where(artist >= 0, np.bincount(artist + 1)[artist + 1], 0)
    query = ranked["query"].to_numpy()
    # The query itself is left out, and where near-twins do not count, all of them with it.
    out = {name: np.where(ranked[_TWINS], 1, size[query]) for name, size in sizes.items()}
    return ranked.assign(
        **{TRACK_ID: group[TRACK_ID].to_numpy()[query], GENRE_GROUP: group[GENRE_GROUP].iloc[0]},
        n_relevant=np.maximum(same_artist[query] - out["both"], 0),
        n_candidates=len(group) - out["variant"],
    ).drop(columns="query")[[TRACK_ID, GENRE_GROUP, _TWINS, RELEVANT_RANKS, "n_relevant", "n_candidates"]]


def evaluation_rows(ranked: DataFrame, *, k: int) -> DataFrame:
    """Every protocol's metrics: of the exact search, and expected of a random ranking beside it.

    Args:
        ranked: From ``ranked_by_artist``; read twice.
        k: Length of a list.

    Returns:
        Key ``protocol, scaling, metric, engine, genre`` ``[..., k, value [0, 1], n_queries, n_excluded]``. Engine
        ``exact`` has scaling ``z``; engine ``random`` has none. Besides the groups, ``all`` is the mean over queries
        and ``macro`` the mean over groups that have queries. No query left: value null.
    """
    measured = query_metrics(ranked, k=k).withColumns({"engine": F.lit("exact"), "scaling": F.lit("z")})
    chance = chance_metrics(ranked, k=k).withColumns({"engine": F.lit("random"), "scaling": F.lit("none")})
    groups = _summed_by_group(measured.unionByName(chance))
    means = groups.select(
        *_KEYS, "genre", *_COUNTS, *[_mean(F.col(name), F.col("n_queries"), name) for name in METRICS]
    )
    of_all = _summary(groups, ALL, [_mean(F.sum(name), F.sum("n_queries"), name) for name in METRICS])
    macro = _summary(means, MACRO, [F.avg(name).alias(name) for name in METRICS])
    wide = means.unionByName(of_all).unionByName(macro)
    long = wide.unpivot([*_KEYS, "genre", *_COUNTS], list(METRICS), "metric", "value")
    return long.withColumns({"metric": F.concat("metric", F.lit(f"@{k}")), "k": F.lit(k)})


def _summed_by_group(per_query: DataFrame) -> DataFrame:
    """Sums of the metrics over the queries that count ``[protocol, scaling, engine, genre, n_queries, n_excluded]``."""
    cases = [
        F.struct(F.lit(name).alias("protocol"), F.lit(twins).alias("twins"), F.lit(excludes).alias("excludes"))
        for name, (twins, excludes) in PROTOCOLS.items()
    ]
    asked = per_query.select("*", F.explode(F.array(*cases)).alias("case")).where(F.col(_TWINS) == F.col("case.twins"))
    is_counted = ~F.col("case.excludes") | (F.col("n_relevant") > 0)
    return asked.groupBy(F.col("case.protocol"), "scaling", "engine", F.col(GENRE_GROUP).alias("genre")).agg(
        F.count_if(is_counted).alias("n_queries"),
        F.count_if(~is_counted).alias("n_excluded"),
        *[F.coalesce(F.sum(F.when(is_counted, F.col(name))), F.lit(0.0)).alias(name) for name in METRICS],
    )


def _mean(total: Column, n: Column, name: str) -> Column:
    return F.when(n > 0, total / n).alias(name)


def _summary(frame: DataFrame, genre: str, values: list[Column]) -> DataFrame:
    summed = frame.groupBy(*_KEYS).agg(*[F.sum(name).alias(name) for name in _COUNTS], *values)
    return summed.withColumn("genre", F.lit(genre))
