"""What the members of a group of near-twins are to each other: re-releases, remasters, live and sped up versions ...

Each member is compared with its group's *reference*. In this order:

1. What sounds the same is the same, whatever the titles say, since titles leave things out (``Original Mix``). Where
   titles agree, :data:`NEAR` or :data:`CLOSE` is enough; where they differ in what was performed or made of it,
   :data:`SAME_AUDIO` is asked. A voice that is missing is not heard in the features, so that instrumental and karaoke
   stay what their titles say. ``remaster`` where the title names another remaster than the reference's, else
   ``same_recording``.
2. What the title says: the first of :data:`RELATIONS_BY_TITLE` that applies. Features cannot tell a remix from another
   take, and titles are seldom wrong.
3. Without such a title: ``sped_up`` or ``slowed`` where duration, tempo and pitch all moved by one factor
   (:data:`SPEED`); ``edit`` or ``extended`` where only the length differs (:data:`CUT`, same key and mode).
4. Else ``other_version``; ``unknown`` where a duration or a feature is missing that could have told.

The thresholds were set on all near-twins of three public catalogues (28,353, 69,514 and 40,560 tracks). Of plain titles
within 3 s of each other 68 to 89 % are near; of different songs by one artist, as close in time, 2 to 3 %. All 45 pairs
of the same audio whose titles contradict each other are one recording, but for those without a voice. Of different
songs by one artist two to four in 10,000 pass for sped up or slowed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import reduce
from operator import and_

from pyspark.sql import Column
from pyspark.sql import functions as F

from spark_app.columns import (
    ACOUSTICNESS,
    DANCEABILITY,
    DURATION_MS,
    ENERGY,
    INSTRUMENTALNESS,
    KEY,
    LIVENESS,
    LOUDNESS,
    MODE,
    POPULARITY,
    SPEECHINESS,
    TEMPO,
    TRACK_ID,
    VALENCE,
)

REFERENCE, SAME_RECORDING, OTHER_VERSION, UNKNOWN_RELATION = "reference", "same_recording", "other_version", "unknown"
BY_TITLE, BY_AUDIO = "title", "audio"

# Largest differences between two releases of one recording. Loudness moves with the mastering, instrumentalness and key
# flip between releases, and are not asked here.
SHARES: Mapping[str, float] = {
    DANCEABILITY: 0.1,
    ENERGY: 0.2,
    VALENCE: 0.15,
    ACOUSTICNESS: 0.15,
    SPEECHINESS: 0.06,
    LIVENESS: 0.25,
}
_UNITS = "share_units"  # of the tolerances above
NEAR = {DURATION_MS: 3000, _UNITS: 1.0, TEMPO: 0.02}  # twice or half the tempo is the same
CLOSE = {DURATION_MS: 500, _UNITS: 0.5}  # where all else agrees, an estimate of the tempo is not trusted
SAME_AUDIO = {DURATION_MS: 500, _UNITS: 0.5, TEMPO: 0.01, INSTRUMENTALNESS: 0.1, LOUDNESS: 1.0}
CUT = {_UNITS: 1.0, TEMPO: 0.01}
SPEED = {_UNITS: 2.0, "inverse": 0.005, "least": 0.03, "most": 0.67}  # least and most: change of the tempo, a share

# What was performed, or made of the recording; the first that a title names counts. Of marks of a title, but for remix
# and alternate takes, which need a closer look at what the title says.
_PERFORMED = (
    "karaoke",
    "instrumental",
    "sped_up",
    "slowed",
    "remix",
    "live",
    "acoustic",
    "demo",
    "rerecorded",
    "alternate",
)
_CUT = ("edit", "extended", "remaster")
RELATIONS_BY_TITLE = (*_PERFORMED, *_CUT)
_NO_VOICE = ("karaoke", "instrumental")
_MARKS = {"sped_up": ("sped up",), "edit": ("edit", "radio edit")}
_RELATION = {"alternate": OTHER_VERSION}  # the others are their own
_NO_REMIX = r"\b(?:original|album|single|radio|main|mono|stereo|\d{4})\s+mix\b"
_REMIX = r"\b(?:remix|rmx|mix|rework|bootleg|vip|flip)\b"
_ALTERNATE = r"\b(?:alternate|alternative|outtake|rehearsal|rough mix|take \d+)\b"

_LATE = 9999  # a year after all others
_HEARD = (DURATION_MS, TEMPO, KEY, MODE, LOUDNESS, INSTRUMENTALNESS, *SHARES)


def described(said: Column, marks: Column) -> Column:
    """All that is compared of a track, as one struct ``(title, performed, cuts, <features>)``.

    Args:
        said: What stands in brackets and tail of the title (``variants.asides``).
        marks: What that says (``variants.marks_of``).
    """

    def has(name: str) -> Column:
        names = _MARKS.get(name, (name,))
        return F.arrays_overlap(marks, F.array(*map(F.lit, names)))

    tests = {
        **{name: has(name) for name in RELATIONS_BY_TITLE},
        "remix": F.regexp_replace(said, _NO_REMIX, " ").rlike(_REMIX),
        "alternate": said.rlike(_ALTERNATE),
    }

    def those(names: tuple[str, ...]) -> Column:
        found = F.array_compact(F.array(*[F.when(tests[name], F.lit(name)) for name in names]))
        # Most titles are plain, and patterns take their time.
        return F.when(F.length(said) > 0, found).otherwise(F.array().cast("array<string>"))

    words = F.trim(F.regexp_replace(said, r"[^\p{L}\p{N}]+", " "))
    zero = {name: F.nullif(F.col(name), F.lit(0.0)) for name in (DURATION_MS, TEMPO)}  # nothing can be divided by it
    features = [zero.get(name, F.col(name)).alias(name) for name in _HEARD]
    return F.struct(words.alias("title"), those(_PERFORMED).alias("performed"), those(_CUT).alias("cuts"), *features)


def reference_order(track: Column, marks: Column, year: Column) -> Column:
    """A struct by which the smallest member of a group is its reference, with the id of the track and ``track`` inside.

    The plainest title comes first: nothing performed, then the fewest marks; then a track with all features, the
    earliest year (none is last), the most popular, the smallest id.
    """
    return F.struct(
        F.size(track["performed"]).alias("performed"),
        F.size(marks).alias("marks"),
        (~_is_heard(track)).alias("unheard"),
        F.coalesce(year, F.lit(_LATE)).alias("year"),
        (-F.coalesce(POPULARITY, F.lit(-1))).alias("unpopularity"),
        F.col(TRACK_ID).alias(TRACK_ID),
        track.alias("track"),
    )


def compared(track: Column, reference: Column, *, is_reference: Column) -> dict[str, Column]:
    """The columns of ``curated.variants`` that follow from a member and its reference, both of :func:`described`.

    Returns:
        ``relation`` (see above); ``relation_from`` (``title`` or ``audio``, null for ``reference`` and ``unknown``);
        ``duration_ratio`` and ``tempo_ratio`` (the member's by the reference's, (0, inf), null where one is missing);
        ``feature_distance`` (the largest difference of a share in units of its tolerance in :data:`SHARES`, [0, inf);
        up to 1 is near; null where one is missing).
    """
    ratios = {name: track[name] / reference[name] for name in (DURATION_MS, TEMPO)}
    distance = _distance(track, reference)
    # A comparison with a missing feature is null, and no rule applies; only "other" takes them all.
    sounds = F.when(_sounds_same(track, reference, ratios[TEMPO], distance), _same(track, reference))
    named = F.coalesce(*[F.when(_names(track, name), F.lit(_RELATION.get(name, name))) for name in RELATIONS_BY_TITLE])
    moved = F.coalesce(_speed(track, reference, ratios, distance), _length(track, reference, ratios, distance))
    heard = F.coalesce(moved, F.when(_is_heard(track) & _is_heard(reference), F.lit(OTHER_VERSION)))
    relation = F.coalesce(sounds, named, heard, F.lit(UNKNOWN_RELATION))
    origin = F.when(sounds.isNotNull(), BY_AUDIO).when(named.isNotNull(), BY_TITLE).when(heard.isNotNull(), BY_AUDIO)
    return {
        "relation": F.when(is_reference, F.lit(REFERENCE)).otherwise(relation),
        "relation_from": F.when(~is_reference, origin),
        "duration_ratio": ratios[DURATION_MS],
        "tempo_ratio": ratios[TEMPO],
        "feature_distance": distance,
    }


def _names(track: Column, name: str) -> Column:
    return F.array_contains(track["performed" if name in _PERFORMED else "cuts"], name)


def _is_heard(track: Column) -> Column:
    return _all(track[name].isNotNull() for name in _HEARD)


def _distance(track: Column, reference: Column) -> Column:
    differences = [F.abs(track[name] - reference[name]) / F.lit(most) for name, most in SHARES.items()]
    complete = _all(one.isNotNull() for one in differences)
    return F.when(complete, F.greatest(*differences))  # greatest skips nulls


def _sounds_same(track: Column, reference: Column, tempo_ratio: Column, distance: Column) -> Column:
    apart = F.abs(track[DURATION_MS] - reference[DURATION_MS])
    octaves = F.log2(tempo_ratio)
    out_of_tune = F.abs(octaves - F.round(octaves))

    def within(limits: Mapping[str, float]) -> Column:
        tests = [apart <= limits[DURATION_MS], distance <= limits[_UNITS]]
        tests += [out_of_tune <= math.log2(1 + limits[TEMPO])] if TEMPO in limits else []
        others = [name for name in (INSTRUMENTALNESS, LOUDNESS) if name in limits]
        return _all([*tests, *[F.abs(track[name] - reference[name]) <= limits[name] for name in others]])

    same_performed = track["performed"] == reference["performed"]
    titles_agree = same_performed & ((F.size(track["performed"]) == 0) | (track["title"] == reference["title"]))
    same_voice = _all(_names(track, name) == _names(reference, name) for name in _NO_VOICE)
    return (titles_agree & (within(NEAR) | within(CLOSE))) | (same_voice & within(SAME_AUDIO))


def _same(track: Column, reference: Column) -> Column:
    is_remaster = _names(track, "remaster") & (track["title"] != reference["title"])
    return F.when(is_remaster, F.lit("remaster")).otherwise(F.lit(SAME_RECORDING))


def _speed(track: Column, reference: Column, ratios: Mapping[str, Column], distance: Column) -> Column:
    """Sped up or slowed: as on a turntable, all moves by one factor; a faster performance stays in its key."""
    tempo = ratios[TEMPO]
    steps = F.round(F.lit(12) * F.log2(tempo))
    moved = F.pmod(track[KEY] - reference[KEY] - steps, F.lit(12)) == 0
    is_inverse = F.abs(F.log2(tempo * ratios[DURATION_MS])) <= math.log2(1 + SPEED["inverse"])
    is_change = (F.greatest(tempo, F.lit(1.0) / tempo) - 1).between(SPEED["least"], SPEED["most"]) & (steps != 0)
    faster = F.when(tempo > 1, F.lit("sped_up")).otherwise(F.lit("slowed"))
    return F.when(_all([moved, is_inverse, is_change, distance <= SPEED[_UNITS]]), faster)


def _length(track: Column, reference: Column, ratios: Mapping[str, Column], distance: Column) -> Column:
    """Shorter or longer, all else the same."""
    same_tempo = F.abs(F.log2(ratios[TEMPO])) <= math.log2(1 + CUT[TEMPO])
    same_key = (track[KEY] == reference[KEY]) & (track[MODE] == reference[MODE])
    is_far = F.abs(track[DURATION_MS] - reference[DURATION_MS]) > NEAR[DURATION_MS]
    shorter = F.when(ratios[DURATION_MS] < 1, F.lit("edit")).otherwise(F.lit("extended"))
    return F.when(_all([same_tempo, same_key, is_far, distance <= CUT[_UNITS]]), shorter)


def _all(conditions: Iterable[Column]) -> Column:
    return reduce(and_, conditions)
