"""Invented words, titles and names, in several alphabets and with awkward punctuation.

A word is a number written in open syllables, so that different numbers always give different words.
"""

from __future__ import annotations

from collections.abc import Sequence

from spark_app.sources.sample.randomness import Draws
from spark_app.sources.sample.sql import Sql, by_kind, item_at, let, text

SYLLABLES = "ka lo mi re su ta no vi ba du fe gi ho ju la me ni po ra se to va zu be do fa go hi ko li mo ne".split()
BASE = len(SYLLABLES)
WORDS = BASE**2  # two-syllable words
NAMES = BASE**5  # artist names: a word of three and one of two syllables

_KANA = (
    "カ ロ ミ レ ス タ ノ ヴ バ ド フ ギ ホ ジ ラ メ ニ ポ ラン セ ト ヴァ ズ ベ ドン ファ ゴ ヒ コ リ モ ネ".split()
)
_LATIN = "abdefghijklmnopqrstuvz"
_CYRILLIC = "абдефгхийклмнопярстувз"
# The two words of a name, which ``let`` computes before a style puts them together.
_WORDS, _FIRST, _SECOND = "words", "words.first_word", "words.second_word"
_BOTH = f"concat({_FIRST}, ' ', {_SECOND})"
_VOWELS, _ACCENTED = "aeiou", "áèîöü"
_STEP = 389  # odd, hence coprime to WORDS: rows of a cluster walk through different words
_NAME_STEP = 20_654_435  # odd, hence coprime to NAMES: neighbouring artists have unlike names

TITLE_STYLES = {
    "two": 30,
    "one": 16,
    "phrase": 16,
    "apostrophe": 8,
    "accents": 8,
    "comma": 6,
    "cyrillic": 5,
    "quotes": 4,
    "kana": 3,
    "emoji": 2,
    "formula": 2,  # begins with a character that a spreadsheet would take for a formula
}
NAME_STYLES = {
    "plain": 58,
    "article": 12,
    "apostrophe": 6,
    "ampersand": 6,
    "accents": 6,
    "cyrillic": 4,
    "lower": 3,
    "comma": 2,
    "quotes": 2,
    "kana": 1,
}


def word(number: Sql, syllables: int = 2) -> Sql:
    """Lower-case word of a number in [0, 32^syllables); one word for each number.

    >>> spark.range(33, 35).selectExpr(f"{word('id')} AS w").collect()
    [Row(w='lolo'), Row(w='milo')]
    """
    return _spell(SYLLABLES, number, syllables)


def capital_word(number: Sql) -> Sql:
    """The word of a number in [0, 1024), as a name is written.

    >>> spark.range(33, 35).selectExpr(f"{capital_word('id')} AS w").collect()
    [Row(w='Lolo'), Row(w='Milo')]
    """
    return _spell(SYLLABLES, number, 2, first=[syllable.title() for syllable in SYLLABLES])


def _spell(alphabet: Sequence[str], number: Sql, syllables: int, first: Sequence[str] = ()) -> Sql:
    digits = [f"({number}) div {BASE**i} % {BASE}" for i in range(syllables)]
    alphabets = [first or alphabet, *[alphabet] * (syllables - 1)]
    return f"concat({', '.join(item_at(own, digit) for own, digit in zip(alphabets, digits, strict=True))})"


def title(draws: Draws, cluster: Sql, place: Sql) -> Sql:
    """Title of a track.

    Within a cluster no two titles agree, not even without case, accents, punctuation, brackets and tails: the
    first word counts through ``WORDS`` and every other part of the title comes after it.

    Args:
        draws: Source of random values.
        cluster: Number of the cluster.
        place: Position inside the cluster, [0, 1024).
    """
    ids = (cluster, place)
    number = f"({draws.index('title.offset', WORDS, cluster)} + {place} * {_STEP}) % {WORDS}"
    first, second = _named(word(number), word(draws.index("title.second", WORDS, *ids)))
    middle = draws.item("title.phrase", (" in the ", " of the ", " and "), *ids)
    styles = {
        "one": _capital(_FIRST),
        "phrase": _joined(middle),
        "apostrophe": _joined('"\'s "'),
        "accents": _accented(),
        "comma": _joined("', '"),
        "cyrillic": f"initcap({_in_cyrillic(_FIRST)})",
        "quotes": _in_quotes(),
        "kana": _spell(_KANA, number, 2),
        "emoji": f"concat({_capital(_FIRST)}, ' \N{CRESCENT MOON}')",
        "formula": f"concat({draws.item('title.sign', '=+-@', *ids)}, {_capital(_FIRST)})",
    }
    named = by_kind(draws.choose("title.style", TITLE_STYLES, *ids), styles, _joined("' '"))
    return let(_WORDS, f"struct({first}, {second})", named)


def artist_name(draws: Draws, artist: Sql) -> Sql:
    """Name of an artist; no two of the first 33,554,432 artists share one."""
    number = f"({artist} * {_NAME_STEP} + {draws.index('artist.offset', NAMES)}) % {NAMES}"
    low, high = f"{number} % {BASE**3}", f"{number} div {BASE**3}"
    first, second = _named(word(low, 3), word(high))
    spaced = _joined("' '")
    styles = {
        "article": f"concat('The ', {spaced}, 's')",
        "apostrophe": f"""concat("O'", {spaced})""",
        "ampersand": _joined("' & '"),
        "accents": _accented(),
        "cyrillic": f"initcap({_in_cyrillic(_BOTH)})",
        "lower": _BOTH,
        "comma": _joined("', '"),
        "quotes": _in_quotes(),
        "kana": f"concat({_spell(_KANA, low, 3)}, '・', {_spell(_KANA, high, 2)})",
    }
    named = by_kind(draws.choose("artist.style", NAME_STYLES, artist), styles, spaced)
    return let(_WORDS, f"struct({first}, {second})", named)


def _named(first: Sql, second: Sql) -> tuple[Sql, Sql]:
    return f"{first} AS first_word", f"{second} AS second_word"


def _joined(between: Sql) -> Sql:
    return f"concat({_capital(_FIRST)}, {between}, {_capital(_SECOND)})"


def _capital(word: Sql) -> Sql:
    # initcap would look for the borders of words by the rules of Unicode, which takes longer than the words take.
    return f"concat(upper(left({word}, 1)), substring({word}, 2))"


def _in_quotes() -> Sql:
    return f"""concat({_joined(text(' "'))}, '"')"""


def _accented() -> Sql:
    return f"initcap(translate({_BOTH}, {text(_VOWELS)}, {text(_ACCENTED)}))"


def _in_cyrillic(words: Sql) -> Sql:
    return f"translate({words}, {text(_LATIN)}, {text(_CYRILLIC)})"


def album_name(draws: Draws, album: Sql) -> Sql:
    """Name of an album: two words, now and then a single arithmetic sign."""
    first, second = draws.index("album.first", WORDS, album), draws.index("album.second", WORDS, album)
    sign = draws.item("album.sign", "+=-÷", album)
    both = f"concat({capital_word(first)}, ' ', {capital_word(second)})"
    return f"if({draws.chance('album.is_sign', 0.003, album)}, {sign}, {both})"


def spotify_like_id(draws: Draws, kind: str, number: Sql) -> Sql:
    """Identifier of 22 letters and digits, as Spotify's; different numbers give different ones (126 random bits)."""
    hashed = f"md5(concat({text(f'{draws.seed}/{kind}/')}, string({number})))"
    return f"substring(translate(base64(unhex({hashed})), '+/', 'xY'), 1, 22)"
