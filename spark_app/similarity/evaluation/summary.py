"""From sums by artist to means with intervals: one task for each ranking."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame

from spark_app.classify.evaluation.bootstrap import interval, unit_draws
from spark_app.columns import ALL, UNKNOWN
from spark_app.similarity.evaluation.plan import FEWEST_ARTISTS, POPULARITY_ENGINE, RANDOM, Plan
from spark_app.similarity.evaluation.queries import RAW

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

MACRO = "macro"  # mean over genre groups but `unknown`, beside ALL, the mean over queries
_SCHEMA = (
    "protocol string, scaling string, metric string, engine string, genre string, k int, value double, "
    "n_queries bigint, n_excluded bigint, n_artists bigint, gave_way boolean, low double, high double"
)
_COLUMNS = [column.split(" ")[0] for column in _SCHEMA.split(", ")]


def means(sums: DataFrame, *, plan: Plan) -> DataFrame:
    """Every metric's mean over queries and its 95 % interval by bootstrap over artists.

    Each resample draws as many artists as have queries, with replacement, and takes all their queries in all groups;
    all rankings of a plan see the same draws. A task holds about ``8 * n_columns * n_protocols`` bytes for each artist
    and group, and for each resample and group.

    Args:
        sums: From ``artist_sums``.
        plan: The same.

    Returns:
        Key ``protocol, scaling, metric, engine, genre``
        ``[…, k, value [0, 1], n_queries, n_excluded, n_artists (of the queries that count), gave_way, low, high]``.
        Besides the groups, ``all`` is the mean over queries and ``macro`` the mean over groups that have queries,
        without ``unknown``, which is no genre; ``gave_way`` holds there where it holds in any of their groups.

        Null: value where no query is left; low and high there and of fewer than 5 artists. Optional protocols by
        which nothing is relevant have no row, nor have groups of which a ranking knows nothing: they count in none of
        its means.
    """

    def sum_up(rows: pd.DataFrame) -> pd.DataFrame:
        import pandas as pd

        return pd.DataFrame(_summary(rows, plan), columns=_COLUMNS)

    return sums.groupBy("scaling", "engine").applyInPandas(sum_up, _SCHEMA)


def with_lift(rows: Iterable[Mapping[str, Any]], *, plan: Plan) -> list[dict[str, Any]]:
    """The rows of ``means`` in the order of the plan, baselines last, with ``lift``: the value over that of a random
    ranking, null where the latter is 0, null, or of more queries (a ranking that knows nothing of a group).
    """
    keys = ("protocol", "metric", "genre", "n_queries")
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


@dataclass(frozen=True)
class _Cells:
    """What one ranking found in each genre of which it knows anything.

    Attributes:
        genres: Their names, sorted.
        sums: Of each genre, queries that count, then sums of the metrics ``(n_units, n_protocols, 1 + n_columns)``.
        places: Of each genre, the places of its units among those of all genres ``(n_units,)``.
        n_excluded: Queries ``(n_genres, n_protocols)``.
        gave_way: ``(n_genres,)``.
        n_units: Of all genres, known or not, so that all rankings see the same draws.
    """

    genres: list[str]
    sums: list[np.ndarray]
    places: list[np.ndarray]
    n_excluded: np.ndarray
    gave_way: np.ndarray
    n_units: int

    @classmethod
    def of(cls, rows: pd.DataFrame, plan: Plan) -> _Cells:
        import numpy as np

        units = np.unique(np.concatenate([np.asarray(unit) for unit in rows["unit"]]))
        cells = {(row.genre, row.protocol): row for row in rows[rows["is_known"]].itertuples()}
        genres = sorted({genre for genre, _ in cells})
        by_genre = [[cells[genre, protocol.name] for protocol in plan.protocols] for genre in genres]
        return cls(
            genres,
            sums=[_of_genre(of_genre, plan) for of_genre in by_genre],
            places=[np.searchsorted(units, np.asarray(first.unit)) for first, *_ in by_genre],
            n_excluded=np.array([[int(np.sum(row.n_excluded)) for row in of_genre] for of_genre in by_genre]),
            gave_way=np.array([bool(first.gave_way) for first, *_ in by_genre]),
            n_units=len(units),
        )

    @property
    def is_macro(self) -> np.ndarray:
        """Which genres the mean over genres is made of."""
        import numpy as np

        return np.array([genre != UNKNOWN for genre in self.genres])

    def counts(self) -> np.ndarray:
        """Queries that count, queries that are excluded and artists of the former, of each genre, of all and of those
        of the mean over genres: ``(n_genres + 2, n_protocols, 3)``.
        """
        import numpy as np

        is_asked = np.zeros((len(self.genres), self.n_units, self.n_excluded.shape[1]), dtype=bool)
        for of_genre, one, place in zip(is_asked, self.sums, self.places, strict=True):
            of_genre[place] = one[..., 0] > 0
        n_queries = np.array([one[..., 0].sum(axis=0) for one in self.sums]).astype(np.int64)
        everything: list[Any] = [*([i] for i in range(len(self.genres))), slice(None), self.is_macro]
        return np.stack(
            [
                [n_queries[some].sum(axis=0) for some in everything],
                [self.n_excluded[some].sum(axis=0) for some in everything],
                [is_asked[some].any(axis=0).sum(axis=0) for some in everything],
            ],
            axis=-1,
        )


def _summary(rows: pd.DataFrame, plan: Plan) -> Iterator[tuple[Any, ...]]:
    import numpy as np

    cells = _Cells.of(rows, plan)
    if not cells.n_units or not cells.genres:
        return
    values = _ratios(np.array([one.sum(axis=0) for one in cells.sums]), cells.is_macro)
    drawn = _ratios(_drawn(cells, plan), cells.is_macro)
    counts, of_genres = cells.counts(), cells.gave_way
    gave_way = [*of_genres.tolist(), bool(of_genres.any()), bool(of_genres[cells.is_macro].any())]
    scaling, engine = rows["scaling"].iloc[0], rows["engine"].iloc[0]
    for j, protocol in enumerate(plan.protocols):
        if protocol.is_optional and not counts[:, j, 0].any():
            continue
        for i, genre in enumerate([*cells.genres, ALL, MACRO]):
            of_cell = (*counts[i, j].tolist(), gave_way[i])
            for at, (name, k) in enumerate(plan.columns):
                value, *bounds = _bounds(values[i, j, at], drawn[:, i, j, at], n_artists=counts[i, j, 2])
                yield (protocol.name, scaling, name, engine, genre, k, value, *of_cell, *bounds)


def _of_genre(rows: list[Any], plan: Plan) -> np.ndarray:
    import numpy as np

    n_columns = len(plan.columns)
    parts = [np.column_stack([np.asarray(row.n_queries), np.asarray(row.sums).reshape(-1, n_columns)]) for row in rows]
    return np.stack(parts, axis=1)


def _drawn(cells: _Cells, plan: Plan) -> np.ndarray:
    """Totals of each resample ``(resamples, n_genres, n_protocols, 1 + n_columns)``: of each genre, a product of how
    often its artists were drawn with their sums.
    """
    import numpy as np

    shape = cells.sums[0].shape[1:]
    flat = [one.reshape(-1, shape[0] * shape[1]) for one in cells.sums]
    blocks = []
    for weights in unit_draws(cells.n_units, resamples=plan.resamples, seed=plan.seed):
        of_genres = [weights[:, place] @ one for one, place in zip(flat, cells.places, strict=True)]
        blocks.append(np.stack(of_genres, axis=1))
    return np.concatenate(blocks).reshape(plan.resamples, len(flat), *shape)


def _ratios(totals: np.ndarray, is_macro: np.ndarray) -> np.ndarray:
    """Means of each genre, over all queries, and over genres: ``(..., n_genres + 2, n_protocols, n_columns)``, NaN
    without queries, from totals ``(..., n_genres, n_protocols, 1 + n_columns)``.
    """
    import numpy as np

    whole = np.concatenate([totals, totals.sum(axis=-3, keepdims=True)], axis=-3)
    n, sums = whole[..., :1], whole[..., 1:]
    means = np.where(n > 0, sums / np.maximum(n, 1), np.nan)
    of_genres = means[..., :-1, :, :]
    is_part = (n[..., :-1, :, :] > 0) & is_macro[:, None, None]
    n_genres = is_part.sum(axis=-3, keepdims=True)
    total = np.where(is_part, of_genres, 0.0).sum(axis=-3, keepdims=True)
    macro = np.where(n_genres > 0, total / np.maximum(n_genres, 1), np.nan)
    return np.concatenate([means, macro], axis=-3)


def _bounds(value: float, drawn: np.ndarray, *, n_artists: int) -> tuple[float | None, float | None, float | None]:
    import numpy as np

    if np.isnan(value):
        return None, None, None
    if n_artists < FEWEST_ARTISTS:
        return float(value), None, None
    # A resample can miss every artist of a small genre.
    return float(value), *interval(drawn[~np.isnan(drawn)])
