"""Moments as rows of ``features.audio_stats``, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from spark_app.columns import GENRE_GROUP
from spark_app.features.moments import GroupMoments, Moments

FEATURE = "feature"


def stats_rows(moments: GroupMoments, *, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Rows of ``features.audio_stats``, one per feature and group.

    A feature without any value in a group has null everywhere but in the counts.
    """
    return [
        _stats_row(feature, group, m)
        for group, found in moments.items()
        for feature, m in zip(columns, found, strict=True)
    ]


def moments_of(rows: Iterable[Mapping[str, Any]], *, columns: Sequence[str]) -> GroupMoments:
    """The moments that ``stats_rows`` wrote: group -> one per column, groups sorted."""
    found = {(row[GENRE_GROUP], row[FEATURE]): _moments(row) for row in rows}
    return {group: tuple(found[group, name] for name in columns) for group in sorted({group for group, _ in found})}


def _stats_row(feature: str, group: str, m: Moments) -> dict[str, Any]:
    row: dict[str, Any] = {FEATURE: feature, GENRE_GROUP: group, "n": m.n, "n_null": m.n_null}
    values = {
        "mean": m.mean,
        "m2": m.m2,
        "std": m.std,
        "min": m.minimum,
        "max": m.maximum,
        "max_abs_z": m.max_abs_z,
        "is_constant": m.is_constant,
    }
    return {**row, **(values if m.n else dict.fromkeys(values))}


def _moments(row: Mapping[str, Any]) -> Moments:
    if not row["n"]:
        return Moments(n_null=row["n_null"])
    return Moments(row["n"], row["n_null"], row["mean"], row["m2"], row["min"], row["max"])
