"""Rules for one text value: trimming, normalised names, ids from names, normalised genres."""

from __future__ import annotations

import re

from pyspark.sql import Column
from pyspark.sql import functions as F

# Java's \s leaves out no-break and other Unicode spaces.
_SPACE = r"[\s\p{Z}]"
# The same for trimming, which a list of characters does several times faster than a pattern.
_BLANKS = " \t\n\v\f\r\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
# Tab and line ends are legal inside a name; the rest of C0 and DEL never are.
CONTROL = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F]"
# What ``bare_id`` takes away, for Python, which has no look-behind of several lengths.
_AROUND_ID = re.compile(r"\A(?:spotify:(?:track|artist|album):(.*)|([0-9]{1,18})\.0)\Z", re.DOTALL)
NAME_ID_PREFIX = "n:"
NAME_ID_DIGITS = 22


def tidy(text: Column) -> Column:
    """Text without blanks around it; blank and null become null.

    >>> spark.createDataFrame([(" Sade ",), ("  ",)], "t string").select(tidy(F.col("t")).alias("t")).collect()
    [Row(t='Sade'), Row(t=None)]
    """
    return F.nullif(F.btrim(text, F.lit(_BLANKS)), F.lit(""))


def is_blank(text: Column) -> Column:
    """True for null and for text of nothing but blanks; never null.

    >>> spark.createDataFrame([(None,), (" ",), ("x",)], "t string").select(is_blank(F.col("t")).alias("b")).collect()
    [Row(b=True), Row(b=True), Row(b=False)]
    """
    return tidy(text).isNull()


def bare_id(text: Column) -> Column:
    """An id without Spotify's URI prefix and without the ``.0`` that a float column leaves behind.

    >>> spark.createDataFrame([("spotify:track:4GiX",), ("32894.0",), ("4GiX",)], "t string").select(
    ...     bare_id(F.col("t")).alias("id")).collect()
    [Row(id='4GiX'), Row(id='32894'), Row(id='4GiX')]
    """
    return F.nullif(F.regexp_replace(tidy(text), r"^spotify:(?:track|artist|album):|(?<=^\d{1,18})\.0$", ""), F.lit(""))


def bare_text_id(text: str) -> str:
    """What :func:`bare_id` makes of one value, without Spark.

    >>> [bare_text_id(text) for text in ("spotify:track:4GiX", "32894.0", " 4GiX.0 ")]
    ['4GiX', '32894', '4GiX.0']
    """
    return _AROUND_ID.sub(r"\1\2", text.strip(_BLANKS))


def normal_name(name: Column) -> Column:
    """The form in which two names are the same: lower case, runs of blanks as one space. ``name`` is in NFC already.

    >>> spark.createDataFrame([(" The  BEATLES",)], "t string").select(normal_name(F.col("t")).alias("n")).collect()
    [Row(n='the beatles')]
    """
    return tidy(F.lower(F.regexp_replace(name, rf"{_SPACE}+", " ")))


def name_id(name: Column) -> Column:
    """Id of an artist or album that the source names without an id: ``n:`` + 22 hex digits of SHA-256; null for blank.

    >>> spark.createDataFrame([("The Beatles",), ("",)], "t string").select(name_id(F.col("t")).alias("id")).collect()
    [Row(id='n:6e75bf0511e179710a98bb'), Row(id=None)]
    """
    return F.concat(F.lit(NAME_ID_PREFIX), F.substring(F.sha2(normal_name(name), 256), 1, NAME_ID_DIGITS))


def normal_genre(genre: Column) -> Column:
    """Genre in lower case with hyphen, slash, underscore, blanks and control characters as one space; ``&`` stays.

    Null, blank and nothing but separators become null. ``genre`` is in NFC already.

    >>> spark.createDataFrame([("Hip-Hop",), ("R&B / Soul",), ("--",)], "g string").select(
    ...     normal_genre(F.col("g")).alias("g")).collect()
    [Row(g='hip hop'), Row(g='r&b soul'), Row(g=None)]
    """
    return tidy(F.lower(F.regexp_replace(genre, r"[\s\p{Z}\p{Cc}\-‐‑–—/\\_]+", " ")))
