"""Planted dirt: which rows carry it, of which kind, and what curation is expected to do with the row.

Exactly one row of every stretch of ``1 / share`` rows is dirty (anchors apart, which stay clean), and the kinds take
turns; so the number of rows of each kind is exact, not random.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from spark_app.sources.sample.randomness import Draws
from spark_app.sources.sample.sql import Sql, by_kind, item_at, text

Fate = Literal["kept", "rejected", "merged"]
_STEPS = 1 << 20  # shares are counted in 2^-20, so that strata are exact integers


@dataclass(frozen=True)
class Dirt:
    """One kind of dirt.

    Attributes:
        fate: What becomes of the row under the default rules: ``kept`` (with a flag or warning), ``rejected`` or
            ``merged`` (gives way to the row with the same id).
        cells: Column of the file -> the text delivered instead.
        name_bytes: Hexadecimal bytes behind the name: text that no string can hold.
        drops: Fields cut from the end of the record.
        adds: Fields too many.
    """

    fate: Fate
    cells: Mapping[str, str] = field(default_factory=dict)
    name_bytes: str = ""
    drops: int = 0
    adds: int = 0


# Rows that stand a second time under the id of their anchor.
DUPLICATE_EQUAL, DUPLICATE_CONFLICT = "duplicate_equal", "duplicate_conflict"
# Rows whose name is built from their title.
NEWLINE_IN_NAME, QUOTES_IN_NAME, LONG_NAME = "newline_in_name", "quotes_in_name", "long_name"
LONG_NAME_LENGTH = 1500
_NOBODY = {"artists": "{'Nobody Listed'}", "artist_ids": "{'0000000000000000000000'}"}

TRACK_DIRT: dict[str, Dirt] = {
    "tempo_zero": Dirt("kept", {"tempo": "0.0"}),
    "out_of_range_share": Dirt("rejected", {"energy": "7.5"}),
    DUPLICATE_CONFLICT: Dirt("merged", {"duration_ms": "61003"}),
    "ragged_short": Dirt("rejected", drops=5),
    "nan": Dirt("rejected", {"energy": "NaN"}),
    NEWLINE_IN_NAME: Dirt("kept"),
    DUPLICATE_EQUAL: Dirt("merged"),
    "not_utf8": Dirt("rejected", name_bytes="E97473E8"),
    "duration_sentinel": Dirt("kept", {"duration_ms": "-1"}),
    "infinite": Dirt("rejected", {"tempo": "inf"}),
    "minus_infinite": Dirt("rejected", {"loudness": "-Infinity"}),
    "overflow": Dirt("rejected", {"danceability": "1e999"}),
    "text_in_number": Dirt("rejected", {"valence": "quite happy"}),
    "decimal_comma": Dirt("rejected", {"liveness": "0,75"}),
    "tempo_mark": Dirt("kept", {"tempo": "?"}),
    "out_of_range_loudness": Dirt("rejected", {"loudness": "95.0"}),
    "out_of_range_duration": Dirt("rejected", {"duration_ms": "90000000"}),
    "out_of_range_key": Dirt("rejected", {"key": "12"}),
    "key_unknown": Dirt("kept", {"key": "-1"}),
    "artist_placeholder": Dirt("kept", {"artists": "{'empty_field'}", "artist_ids": ""}),
    "literal_na": Dirt("rejected", {"name": "NA", "artists": "{'NA'}", "artist_ids": "", "album": "NA"}),
    "missing_id": Dirt("rejected", {"id": ""}),
    "missing_name": Dirt("rejected", {"name": ""}),
    "blank_name": Dirt("rejected", {"name": "   "}),
    "missing_feature": Dirt("kept", {"liveness": ""}),
    "unknown_artist": Dirt("kept", _NOBODY),
    "control_character": Dirt("rejected", name_bytes="07"),
    "nul_byte": Dirt("rejected", name_bytes="00"),
    "bad_date": Dirt("kept", {"release_date": "31/12/1999"}),
    "impossible_date": Dirt("kept", {"release_date": "2021-02-30"}),
    LONG_NAME: Dirt("rejected"),
    QUOTES_IN_NAME: Dirt("kept"),
    "ragged_long": Dirt("rejected", adds=2),
    "broken_list": Dirt("kept", {"artists": "{'Somebody', 'Some", "artist_ids": ""}),
}

# Genres that are added to those of an artist, whose row stays good.
ODD_GENRES: dict[str, str] = {
    "genre_path": "../../x",
    "genre_long": "x" * 300,
    "genre_emoji": "\N{GUITAR}\N{FIRE}",
    "genre_blank": " ",
}
DUPLICATE_ARTIST = "duplicate_artist"
ARTIST_DIRT: dict[str, Dirt] = {
    **{kind: Dirt("kept") for kind in ODD_GENRES},
    "genre_none": Dirt("kept", {"genres": '{""}'}),
    DUPLICATE_ARTIST: Dirt("merged"),
    "artist_missing_id": Dirt("kept", {"id": ""}),  # gets an id from its name
    "artist_nobody": Dirt("rejected", {"id": "", "name": ""}),
    "artist_popularity_text": Dirt("rejected", {"popularity": "very"}),
    "followers_missing": Dirt("kept", {"followers": ""}),
    "artist_not_utf8": Dirt("rejected", name_bytes="E97473E8"),
    "artist_ragged": Dirt("rejected", drops=2),
}


def planted(draws: Draws, row: Sql, *, kinds: Mapping[str, Dirt], share: float, block: int) -> Sql:
    """Kind of dirt of a row, the empty string for a clean one.

    Args:
        draws: Source of random values.
        row: Row id, a column.
        kinds: Kinds in the order in which they take turns.
        share: Dirty rows among all rows, [0, 0.5]; 0 plants nothing.
        block: The first row of every ``block`` rows (at least 2) is an anchor and stays clean.
    """
    steps = round(share * block / (block - 1) * _STEPS)
    if steps <= 0:
        return text("")
    place = f"({row} - {row} div {block} - 1)"  # among the rows that are no anchors
    stratum = f"({place} * {steps} div {_STEPS})"
    first, following = _first_of(stratum, steps), _first_of(f"({stratum} + 1)", steps)
    dirty_place = f"{first} + {draws.index('dirt.place', f'({following} - {first})', stratum)}"
    kind = item_at(list(kinds), f"{stratum} % {len(kinds)}")
    return f"if({row} % {block} != 0 AND {place} = {dirty_place}, {kind}, '')"


def _first_of(stratum: Sql, steps: int) -> Sql:
    return f"(({stratum} * {_STEPS} + {steps - 1}) div {steps})"


def delivered(kinds: Mapping[str, Dirt], kind: Sql, column: str, clean: Sql) -> Sql:
    """A cell as the file delivers it: the dirty text where the row's kind names one, else the clean text."""
    texts = {name: text(dirt.cells[column]) for name, dirt in kinds.items() if column in dirt.cells}
    return by_kind(kind, texts, clean)
