"""Brute force, one query and one track at a time: what every number of the evaluation has to equal."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

NAMES = ("hit", "recall", "normalised_recall", "precision", "capped_r_precision", "mrr", "map", "ndcg")


@dataclass(frozen=True)
class Track:
    id: str
    group: str
    artist: str | None
    album: str | None = None
    variant: str = ""
    family: str | None = None
    popularity: float | None = None
    related: tuple[str, ...] = ()
    vectors: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def song(self) -> str:
        return self.variant or self.id


def list_scores(flags, n_relevant, k):
    """The metrics of one list, whose ranks are relevant or not, in the order of ``NAMES``."""
    hits = [rank for rank, flag in enumerate(flags[:k], start=1) if flag]
    gain = sum(1 / math.log2(rank + 1) for rank in hits)
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(k, n_relevant) + 1))
    n, most = len(hits), min(k, n_relevant)
    first = sum(rank <= most for rank in hits) / most
    precisions = [sum(other <= rank for other in hits) / rank for rank in hits]
    reciprocal = 1 / hits[0] if hits else 0.0
    return [float(n > 0), n / n_relevant, n / most, n / k, first, reciprocal, sum(precisions) / most, gain / ideal]


def is_out(protocol: str, query: Track, other: Track) -> bool:
    """Neither relevant nor candidate, from the table in the docstring of protocols.py."""
    twins = other.song == query.song
    same_album = query.album is not None and other.album == query.album
    same_artist = query.artist is not None and other.artist == query.artist
    return {
        "P0": False,
        "artist_with_twins": False,
        "artist": twins,
        "other_album_with_twins": same_album,
        "other_album": same_album or twins,
        "planted": False,
        "playlists": twins,
        "playlists_other_artist": twins or same_artist,
    }[protocol]


def is_relevant(protocol: str, query: Track, other: Track) -> bool:
    same_artist = query.artist is not None and other.artist == query.artist
    if protocol in {"P0", "artist_with_twins", "artist"}:
        return same_artist
    if protocol in {"other_album_with_twins", "other_album"}:
        return same_artist and query.album is not None and other.album is not None
    if protocol == "planted":
        return query.family is not None and other.family == query.family
    return other.id in query.related


def distance(metric: str, x: np.ndarray, y: np.ndarray) -> float:
    if metric == "inner_product":
        return -float(x @ y)
    if metric == "cosine":
        lengths = np.linalg.norm(x) * np.linalg.norm(y)
        return 1 - float(x @ y) / lengths
    return float(np.sqrt(((x - y) ** 2).sum()))


def chance_scores(n_candidates, n_relevant, k):
    """Expected hit, recall and precision of a random list, by counting."""
    length = min(k, n_candidates)
    hit = 1 - math.comb(n_candidates - n_relevant, length) / math.comb(n_candidates, length)
    return {"hit": hit, "recall": length / n_candidates, "precision": n_relevant * length / n_candidates / k}


def query_scores(protocol: str, query: Track, tracks: list[Track], *, k: int, sort: Any) -> list[float] | None:
    """The metrics of one query by a key that sorts its candidates; None where nothing is relevant to it."""
    candidates = [one for one in tracks if one.id != query.id and one.group == query.group]
    candidates = [one for one in candidates if not is_out(protocol, query, one)]
    n_relevant = sum(is_relevant(protocol, query, one) for one in candidates)
    if sort == "random":
        values = chance_scores(len(candidates), n_relevant, k) if n_relevant else None
        return None if values is None else [values.get(name, math.nan) for name in NAMES]
    ranked = sorted(candidates, key=lambda one: (sort(query, one), one.id))
    return list_scores([is_relevant(protocol, query, one) for one in ranked], n_relevant, k) if n_relevant else None


def by_vectors(scaling: str, metric: str):
    # Rounded: products that differ in the last bit are ties.
    return lambda query, other: round(distance(metric, query.vectors[scaling], other.vectors[scaling]), 9)


def by_popularity(query: Track, other: Track) -> float:
    return math.inf if other.popularity is None else -other.popularity
