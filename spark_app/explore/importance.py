"""How far each genre stands from the rest in each feature (the predictors of document 000), out of moments alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from spark_app.columns import ALL, UNKNOWN
from spark_app.features.moments import GroupMoments, Moments


@dataclass(frozen=True)
class Importance:
    """One genre and feature. Null where the genre or the rest holds no value, or the feature is constant.

    Attributes:
        genre: Genre group.
        feature: Audio feature.
        importance_raw: Mean z of the genre less mean z of the rest, in standard deviations of the catalogue.
        importance_abs: Its size.
        importance_norm: Share of ``importance_abs`` in the genre's sum; the shares of a genre sum to 1.
        cohens_d: Difference of the means in pooled standard deviations; null where these are 0.
        n_genre: Values in the genre.
        n_rest: Values in the rest.
    """

    genre: str
    feature: str
    importance_raw: float | None
    importance_abs: float | None
    importance_norm: float | None
    cohens_d: float | None
    n_genre: int
    n_rest: int


def importances(moments: GroupMoments, *, features: Sequence[str]) -> list[Importance]:
    """Every genre group against the rest, key ``genre, feature``, in the order of groups and features.

    The rest of a genre are the tracks of known genre that do not belong to it: tracks without any genre are left out
    on both sides. Their moments follow from those of the whole by subtraction, so no pass over the tracks is needed.
    Cohen's d divides by ``sqrt((m2_genre + m2_rest) / (n_genre + n_rest - 2))``.

    Args:
        moments: Of ``all`` and of each genre group, one per feature, in the features' own units.
        features: Their names.
    """
    found = []
    for genre in sorted(set(moments) - {ALL, UNKNOWN}):
        row = [
            _contrast(genre, name, moments[ALL][i], _known(moments, i), moments[genre][i])
            for i, name in enumerate(features)
        ]
        found += _with_shares(row)
    return found


@dataclass(frozen=True)
class _Spread:
    """Count, mean and sum of squared deviations."""

    n: int
    mean: float
    m2: float

    @classmethod
    def of(cls, m: Moments) -> _Spread:
        return cls(m.n, m.mean, m.m2)

    def without(self, part: _Spread) -> _Spread:
        """What is left of these values without some of them: Chan's merge, solved for the other side."""
        n = self.n - part.n
        if not n:
            return _Spread(0, 0.0, 0.0)
        mean = self.mean + (self.mean - part.mean) * (part.n / n)
        between = (part.mean - mean) ** 2 * (part.n * (n / self.n))
        return _Spread(n, mean, max(0.0, self.m2 - part.m2 - between))


def _known(moments: GroupMoments, position: int) -> _Spread:
    whole = _Spread.of(moments[ALL][position])
    return whole.without(_Spread.of(moments[UNKNOWN][position])) if UNKNOWN in moments else whole


def _contrast(genre: str, feature: str, catalogue: Moments, known: _Spread, own: Moments) -> Importance:
    part = _Spread.of(own)
    rest = known.without(part)
    if not part.n or not rest.n or catalogue.is_constant:
        return Importance(genre, feature, None, None, None, None, part.n, rest.n)
    difference = part.mean - rest.mean
    raw = difference / catalogue.std
    freedom = part.n + rest.n - 2
    pooled = math.sqrt((part.m2 + rest.m2) / freedom) if freedom > 0 else 0.0
    return Importance(genre, feature, raw, abs(raw), None, difference / pooled if pooled else None, part.n, rest.n)


def _with_shares(row: Sequence[Importance]) -> list[Importance]:
    total = sum(found.importance_abs or 0.0 for found in row)
    if not total:
        return list(row)
    return [
        found if found.importance_abs is None else replace(found, importance_norm=found.importance_abs / total)
        for found in row
    ]
