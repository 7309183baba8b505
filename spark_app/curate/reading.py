"""How delivered text is read: what the settings say about values, of tracks and of artists alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    """The values of ``curate.*`` that reading needs; ``conf/base.yaml`` describes them.

    Attributes:
        dialects: Layout to way of writing lists.
        limits: Column to smallest and largest value, inclusive; ``release_year`` bounds dates.
        sentinels: Column to texts that stand for "no value".
        placeholders: Artist names that stand for "no artist".
        max_text_length: Characters of a name.
        max_genre_length: Characters of a genre; a longer one is dropped.
    """

    dialects: Mapping[str, str]
    limits: Mapping[str, tuple[float, float]]
    sentinels: Mapping[str, Sequence[str]]
    placeholders: Sequence[str]
    max_text_length: int
    max_genre_length: int
