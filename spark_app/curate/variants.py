"""Near-twins: tracks of one first artist under one title, what marks each of them, and how it relates to the others."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_app.columns import ARTIST_IDS, AUDIO12, POPULARITY, RELEASE_YEAR, TRACK_ID, TRACK_NAME
from spark_app.curate.recordings import compared, described, reference_order

_BRACKETED = r"[\(\[\{]([^\(\)\[\]\{\}]*)[\)\]\}]"
_TAIL = r" - (.*)$"
# A mark left over by NFC belongs to its letter; without it, different words of Indic scripts would be one.
_NOT_WORD = r"[^\p{L}\p{M}\p{N}]+"

# What a bracket or tail says about the recording; several may apply.
MARKS: dict[str, str] = {
    "acoustic": r"\b(acoustic|acústico|acustico|unplugged|stripped)\b",
    "deluxe": r"\b(deluxe|expanded|anniversary|special|bonus|collector'?s?)\b",
    "demo": r"\bdemos?\b",
    "edit": r"\bedit\b",
    "extended": r"\b(extended|12\"|12''|12 inch)",
    "instrumental": r"\binstrumental\b",
    "karaoke": r"\b(karaoke|backing track|originally performed)\b",
    "live": r"\b(live|en vivo|ao vivo|en directo|unplugged|session|sessions|concert)\b",
    "mono": r"\bmono\b",
    "radio edit": r"\bradio\b.*\b(edit|mix|version)\b",
    "remaster": r"\bremaster(ed|izado)?\b|\bdigitally remastered\b",
    "remix": r"\b(remix|rmx|mix|rework|bootleg|vip|flip)\b",
    "rerecorded": r"\b(re-?recorded|rerecording|taylor's version)\b",
    "slowed": r"\b(slowed|slow version|reverb|screwed)\b",
    "sped up": r"\b(sped[ -]up|speed[ -]up|nightcore|fast version)\b",
    "stereo": r"\bstereo\b",
    "version": r"\bversion\b",
}


def title_key(title: Column) -> Column:
    """The title that near-twins share: brackets and a `` - …`` tail removed, letters and digits, one space between.

    A title of nothing but brackets or a tail keeps them; one without any letter or digit has no key. ``title`` is in
    NFC already.

    >>> spark.createDataFrame([("Hey! (Live) - 2011 Mix",), ("(Interlude)",), ("???",)], "t string").select(
    ...     title_key(F.col("t")).alias("key")).collect()
    [Row(key='hey'), Row(key='interlude'), Row(key=None)]
    """
    whole = F.lower(title)
    # Twice: brackets stand inside brackets, "(feat. X [Live])".
    bare = F.regexp_replace(F.regexp_replace(whole, _BRACKETED, " "), _BRACKETED, " ")
    return F.coalesce(_words(F.regexp_replace(bare, _TAIL, " ")), _words(whole))


def asides(title: Column) -> Column:
    """What stands in the brackets and the tail of a title, in lower case; blank for a plain title."""
    whole = F.lower(title)
    brackets = F.array_join(F.regexp_extract_all(whole, F.lit(_BRACKETED), F.lit(1)), " | ")
    return F.trim(F.concat_ws(" | ", F.nullif(brackets, F.lit("")), F.regexp_extract(whole, _TAIL, 1)))


def marks_of(said: Column) -> Column:
    """What the asides of a title say about a recording: a sorted array out of ``MARKS``, empty for a plain title.

    >>> titles = spark.createDataFrame([("Hey (Live) - 2011 Remaster",), ("Live and Let Die",)], "t string")
    >>> titles.select(asides(F.col("t")).alias("said")).select(marks_of(F.col("said")).alias("marks")).collect()
    [Row(marks=['live', 'remaster']), Row(marks=[])]
    """
    found = [F.when(said.rlike(pattern), F.lit(mark)) for mark, pattern in MARKS.items()]
    # Most titles are plain, and seventeen patterns take their time.
    return F.when(F.length(said) > 0, F.array_compact(F.array(*found))).otherwise(F.array().cast("array<string>"))


def variants(tracks: DataFrame) -> DataFrame:
    """Groups of near-twins.

    Args:
        tracks: ``curated.tracks``, names in NFC; ids, names, features, ``release_year`` and ``popularity`` are read.

    Returns:
        One row per track with a first artist and a title key, key ``track_id``, the columns of ``curated.variants``.
        ``variant_group`` is the smallest ``track_id`` of the group; a track without twins is a group of one.
        ``reference_id`` is the member that the others are compared with (:func:`recordings.reference_order`).
    """
    keyed = tracks.select(
        TRACK_ID,
        F.get(ARTIST_IDS, F.lit(0)).alias("_artist"),
        title_key(F.col(TRACK_NAME)).alias("_title"),
        asides(F.col(TRACK_NAME)).alias("_said"),
        RELEASE_YEAR,
        POPULARITY,
        *AUDIO12,
    ).dropna(subset=["_artist", "_title"])
    marked = keyed.withColumn("marks", marks_of(F.col("_said")))
    heard = marked.withColumn("_track", described(F.col("_said"), F.col("marks")))
    group = Window.partitionBy("_artist", "_title")
    order = reference_order(F.col("_track"), F.col("marks"), F.col(RELEASE_YEAR))
    grouped = heard.select(
        TRACK_ID,
        F.min(TRACK_ID).over(group).alias("variant_group"),
        F.count(F.lit(1)).over(group).cast("int").alias("n_members"),
        "marks",
        "_track",
        F.min(order).over(group).alias("_reference"),
    )
    reference = F.col(f"_reference.{TRACK_ID}")
    relations = compared(F.col("_track"), F.col("_reference.track"), is_reference=F.col(TRACK_ID) == reference)
    return grouped.select(
        TRACK_ID,
        "variant_group",
        "n_members",
        "marks",
        reference.alias("reference_id"),
        *[column.alias(name) for name, column in relations.items()],
    )


def _words(text: Column) -> Column:
    return F.nullif(F.trim(F.regexp_replace(text, _NOT_WORD, " ")), F.lit(""))
