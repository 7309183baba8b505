"""Why a track is as it is, in sentences; plain Python over the few rows of one id."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from spark_app.columns import FILE, GENRE, GENRE_GROUP, LINE, REASON, RECORD, UNKNOWN
from spark_app.curate.genres import FROM_TRACK, ORIGIN
from spark_app.curate.recordings import REFERENCE
from spark_app.curate.rules import MERGED_CONFLICT
from spark_app.curate.text import bare_text_id

_Row = Mapping[str, Any]
_PROBLEM = re.compile(
    r'^\{"problem":("(?:[^"\\]|\\.)*")'
)  # a record can be cut off, so JSON itself cannot be relied on


def raw_spellings(track_id: str) -> tuple[str, ...]:
    """How raw rows may write an id that curation has reduced, for looking them up.

    >>> raw_spellings("32894"), raw_spellings("4GiX")
    (('32894', 'spotify:track:32894', '32894.0'), ('4GiX', 'spotify:track:4GiX'))
    """
    candidates = (track_id, f"spotify:track:{track_id}", f"{track_id}.0")
    return tuple(text for text in candidates if bare_text_id(text) == track_id)


def explain(
    track_id: str,
    *,
    raw: Sequence[_Row],
    rejects: Sequence[_Row],
    curated: _Row | None,
    genres: Sequence[_Row],
    variant: _Row | None,
) -> list[str]:
    """Say what became of the rows of one id.

    Args:
        track_id: The id.
        raw: Its rows of ``raw.tracks``.
        rejects: Its rows of ``curated.rejects``.
        curated: Its row of ``curated.tracks``, None where there is none.
        genres: Its rows of ``curated.track_genres``.
        variant: Its row of ``curated.variants``, None where there is none.

    Returns:
        Sentences: where it was kept from, what was merged, what was rejected and why, flags, genres, near-twins. The
        values of the rows are not repeated, but for genres and the names of files.
    """
    if not raw and not rejects and curated is None:
        return [f"No row of the catalogue has the id {track_id}."]
    said = [_kept(curated)] if curated else ["It is not among the curated tracks."]
    said += [_rejected(row) for row in sorted(rejects, key=_place)]
    said += _others(raw, rejects, curated)
    if curated:
        said += [*_flags(curated), _genres(curated, genres), _twins(variant)]
    return said


def _place(row: _Row) -> tuple[str, int]:
    return (str(row[FILE]), int(row[LINE]))


def _at(row: _Row) -> str:
    return f"{row[FILE]}, line {int(row[LINE]):,}"


def _kept(curated: _Row) -> str:
    return f"Kept from {_at(curated)} (source {curated['source']})."


def _rejected(row: _Row) -> str:
    problem = _problem(row)
    if row[REASON] == MERGED_CONFLICT:
        columns = problem.removeprefix("differs:").replace(",", ", ")
        return f"{_at(row)} was merged into it; it differs in {columns or 'some columns'} and is stored as a reject."
    return f"{_at(row)} was rejected by {row.get('job') or 'a job'}: {row[REASON]}{f' ({problem})' if problem else ''}."


def _problem(row: _Row) -> str:
    match = _PROBLEM.match(row[RECORD] or "")
    return str(json.loads(match[1])) if match else ""


def _others(raw: Sequence[_Row], rejects: Sequence[_Row], curated: _Row | None) -> list[str]:
    told = {_place(row) for row in rejects} | ({_place(curated)} if curated else set())
    rest = [row for row in sorted(raw, key=_place) if _place(row) not in told]
    if curated:
        return [
            f"{_at(row)} repeats the id: merged into it, or left out by a rule whose action is drop." for row in rest
        ]
    return [f"{_at(row)} was left out by a rule whose action is drop, or has not been curated yet." for row in rest]


def _flags(curated: _Row) -> list[str]:
    flags = list(curated.get("flags") or ())
    return [f"Flags: {', '.join(flags)}."] if flags else []


def _genres(curated: _Row, genres: Sequence[_Row]) -> str:
    if not genres:
        return f"It has no genre, so its group is {UNKNOWN}."
    ordered = sorted(genres, key=lambda row: row["position"])
    whose = "its own" if ordered[0][ORIGIN] == FROM_TRACK else "of its artists"
    listed = ", ".join(f"{row[GENRE]} ({row[GENRE_GROUP]})" for row in ordered)
    return f"Genres, {whose}: {listed}. Main group: {curated[GENRE_GROUP]}."


def _twins(variant: _Row | None) -> str:
    if variant is None:
        return "It has no artist or no title to compare by, so it stands in no group of near-twins."
    marks = ", ".join(variant["marks"] or ())
    marked = f" Marks in the title: {marks}." if marks else ""
    if variant["n_members"] == 1:
        return f"It has no near-twins.{marked}"
    return (
        f"It is one of {variant['n_members']} near-twins, group {variant['variant_group']}.{marked}{_relation(variant)}"
    )


def _relation(variant: _Row) -> str:
    relation = variant.get("relation")  # tables of an earlier version do not tell
    if not relation:
        return ""
    if relation == REFERENCE:
        return " The others are compared with it."
    origin = f", by {variant['relation_from']}" if variant["relation_from"] else ""
    return f" Beside {variant['reference_id']} it is: {relation}{origin}."
