"""From sums by artist to means with intervals: one task for each ranking."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame

from spark_app.classify.evaluation.bootstrap import interval, unit_draws
from spark_app.columns import ALL
from spark_app.similarity.evaluation.plan import POPULARITY_ENGINE, RANDOM, Plan
from spark_app.similarity.evaluation.queries import RAW

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

MACRO = "macro"  # mean over genre groups, beside ALL, the mean over queries
_SCHEMA = (
    "protocol string, scaling string, metric string, engine string, genre string, k int, value double, "
    "n_queries bigint, n_excluded bigint, low double, high double"
)
_COLUMNS = [column.split(" ")[0] for column in _SCHEMA.split(", ")]


def means(sums: DataFrame, *, plan: Plan) -> DataFrame:
    """Every metric's mean over queries and its 95 % interval by bootstrap over artists.

    Each resample draws as many artists as have queries, with replacement, and takes all their queries in all groups;
    all rankings of a plan see the same draws. A task holds about ``8 * n_columns * n_protocols`` bytes for each artist
    and group.

    Args:
        sums: From ``artist_sums``.
        plan: The same.

    Returns:
        Key ``protocol, scaling, metric, engine, genre``
        ``[…, k, value [0, 1], n_queries, n_excluded, low, high]``. Besides the groups, ``all`` is the mean over
        queries and ``macro`` the mean over groups that have queries. No query left: value, low and high are null.
        Optional protocols by which nothing is relevant, and rankings that know nothing, have no row.
    """

    def sum_up(rows: pd.DataFrame) -> pd.DataFrame:
        import pandas as pd

        return pd.DataFrame(_summary(rows, plan), columns=_COLUMNS)

    return sums.groupBy("scaling", "engine").applyInPandas(sum_up, _SCHEMA)


def with_lift(rows: Iterable[Mapping[str, Any]], *, plan: Plan) -> list[dict[str, Any]]:
    """The rows of ``means`` in the order of the plan, baselines last, with ``lift``: the value over that of a random
    ranking, null where the latter is 0 or null.
    """
    keys = ("protocol", "metric", "genre")
    found = [dict(row) for row in rows]
    chance = {tuple(row[key] for key in keys): row["value"] for row in found if row["engine"] == RANDOM}
    for row in found:
        by_chance = chance.get(tuple(row[key] for key in keys))
        row["lift"] = row["value"] / by_chance if by_chance and row["value"] is not None else None
    protocols = [protocol.name for protocol in plan.protocols]
    rankings = [(ranking.label, ranking.engine) for ranking in plan.rankings]
    rankings += [(RAW, POPULARITY_ENGINE), (RAW, RANDOM)]

    def place(row: dict[str, Any]) -> tuple[Any, ...]:
        return protocols.index(row["protocol"]), rankings.index((row["scaling"], row["engine"])), row["genre"], row["k"]

    return sorted(found, key=place)


def _summary(rows: pd.DataFrame, plan: Plan) -> Iterator[tuple[Any, ...]]:
    import numpy as np

    genres = sorted(set(rows["genre"]))
    units = np.unique(np.concatenate([np.asarray(unit) for unit in rows["unit"]]))
    if not len(units) or not rows["is_known"].any():
        return
    cells = {(row.genre, row.protocol): row for row in rows.itertuples()}
    sums = [_of_genre([cells[genre, protocol.name] for protocol in plan.protocols], plan) for genre in genres]
    totals = np.array([one.sum(axis=0) for one in sums])
    excluded = [[int(np.sum(cells[genre, p.name].n_excluded)) for p in plan.protocols] for genre in genres]
    counts = _with_both(np.stack([totals[..., 0].astype(int), np.array(excluded)], axis=-1))
    places = [np.searchsorted(units, np.asarray(cells[genre, plan.protocols[0].name].unit)) for genre in genres]
    drawn = _ratios(_drawn(sums, places, plan, n_units=len(units)))
    values = _ratios(totals)
    scaling, engine = rows["scaling"].iloc[0], rows["engine"].iloc[0]
    for j, protocol in enumerate(plan.protocols):
        if protocol.is_optional and not totals[:, j, 0].any():
            continue
        for i, genre in enumerate([*genres, ALL, MACRO]):
            n_queries, n_excluded = counts[i, j].tolist()
            for at, (name, k) in enumerate(plan.columns):
                bounds = _bounds(values[i, j, at], drawn[:, i, j, at])
                yield (protocol.name, scaling, name, engine, genre, k, bounds[0], n_queries, n_excluded, *bounds[1:])


def _of_genre(rows: list[Any], plan: Plan) -> np.ndarray:
    """Queries that count, then sums of the metrics: ``(n_units, n_protocols, 1 + n_columns)``."""
    import numpy as np

    n_columns = len(plan.columns)
    parts = [np.column_stack([np.asarray(row.n_queries), np.asarray(row.sums).reshape(-1, n_columns)]) for row in rows]
    return np.stack(parts, axis=1)


def _drawn(sums: list[np.ndarray], places: list[np.ndarray], plan: Plan, *, n_units: int) -> np.ndarray:
    """Totals of each resample ``(resamples, n_genres, n_protocols, 1 + n_columns)``: of each genre, a product of how
    often its artists were drawn with their sums.
    """
    import numpy as np

    shape = sums[0].shape[1:]
    flat = [one.reshape(-1, shape[0] * shape[1]) for one in sums]
    blocks = []
    for weights in unit_draws(n_units, resamples=plan.resamples, seed=plan.seed):
        of_genres = [weights[:, place] @ one for one, place in zip(flat, places, strict=True)]
        blocks.append(np.stack(of_genres, axis=1))
    return np.concatenate(blocks).reshape(plan.resamples, len(sums), *shape)


def _ratios(totals: np.ndarray) -> np.ndarray:
    """Means of each genre, over all queries, and over genres: ``(..., n_genres + 2, n_protocols, n_columns)``, NaN
    without queries, from totals ``(..., n_genres, n_protocols, 1 + n_columns)``.
    """
    import numpy as np

    whole = np.concatenate([totals, totals.sum(axis=-3, keepdims=True)], axis=-3)
    n, sums = whole[..., :1], whole[..., 1:]
    means = np.where(n > 0, sums / np.maximum(n, 1), np.nan)
    of_genres, has_queries = means[..., :-1, :, :], n[..., :-1, :, :] > 0
    n_genres = has_queries.sum(axis=-3, keepdims=True)
    total = np.where(has_queries, of_genres, 0.0).sum(axis=-3, keepdims=True)
    macro = np.where(n_genres > 0, total / np.maximum(n_genres, 1), np.nan)
    return np.concatenate([means, macro], axis=-3)


def _with_both(counts: np.ndarray) -> np.ndarray:
    import numpy as np

    total = counts.sum(axis=0, keepdims=True)
    return np.concatenate([counts, total, total])


def _bounds(value: float, drawn: np.ndarray) -> tuple[float | None, float | None, float | None]:
    import numpy as np

    if np.isnan(value):
        return None, None, None
    # A resample can miss every artist of a small genre.
    return float(value), *interval(drawn[~np.isnan(drawn)])
