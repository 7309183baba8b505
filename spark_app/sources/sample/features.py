"""Audio features of the sample catalogue: medians per genre, three latent factors, and what a copy changes."""

from __future__ import annotations

import math

from spark_app.columns import AUDIO12, DURATION_MS, KEY, MODE, TEMPO
from spark_app.sources.sample import spec
from spark_app.sources.sample.artists import ARTIST
from spark_app.sources.sample.randomness import Draws
from spark_app.sources.sample.sql import Sql, by_kind, number, number_at, within

# Columns that the features are computed from.
ROW = "row_id"
WORK = "work"  # row whose song it is: the row itself, or the original of a copy
MARK = "mark"  # kind of copy
IS_COPY = "is_copy"
GROUP = "group_at"  # position in spec.GROUPS


def latents(draws: Draws) -> dict[str, Sql]:
    """Latent factors ``_intensity``, ``_mood``, ``_groove``: mean 0, variance 1, part artist and part track."""
    artist, track = number(math.sqrt(spec.ARTIST_SHARE)), number(math.sqrt(1 - spec.ARTIST_SHARE))
    of_artist = {name: draws.normal(f"{name}.artist", ARTIST) for name in spec.LATENTS}
    of_track = {name: draws.normal(f"{name}.track", WORK) for name in spec.LATENTS}
    return {f"_{name}": f"{artist} * {of_artist[name]} + {track} * {of_track[name]}" for name in spec.LATENTS}


def audio_features(draws: Draws) -> dict[str, Sql]:
    """The twelve features of a row, doubles, none of them null, in Spotify's units and ranges.

    Reads ``row_id``, ``work``, ``mark``, ``is_copy``, ``group_at`` and the columns of ``latents``.
    """
    made = {name: _delivered(draws, name, feature) for name, feature in spec.FEATURES.items()}
    made[KEY] = f"double({_key(draws)})"
    is_major = draws.chance("mode", number_at([g.p_major for g in spec.GROUPS], GROUP), WORK)
    made[MODE] = f"if({is_major}, 1.0D, 0.0D)"
    return {name: made[name] for name in AUDIO12}


def _delivered(draws: Draws, name: str, feature: spec.Feature) -> Sql:
    """The original's value, shifted and jittered for a copy, inside the bounds and rounded."""
    shifts = {mark: m.shifts[name] for mark, m in spec.MARKS.items() if name in m.shifts}
    factor = by_kind(MARK, {mark: number(by) for mark, (by, _) in shifts.items()}, number(1))
    offset = by_kind(MARK, {mark: number(plus) for mark, (_, plus) in shifts.items()}, number(0))
    is_exact = f"NOT {IS_COPY} OR {MARK} = '' AND {draws.chance('twin.is_exact', spec.EXACT_TWIN_SHARE, ROW)}"
    jitter = f"{number(feature.jitter)} * (2.0D * {draws.uniform(f'{name}.jitter', ROW)} - 1.0D)"
    value = f"{_original(draws, name, feature)} * {factor} + {offset} + if({is_exact}, 0.0D, {jitter})"
    return f"round({within(value, *feature.bounds)}, {feature.digits})"


def _original(draws: Draws, name: str, feature: spec.Feature) -> Sql:
    z = f"{number(feature.rest)} * {draws.normal(name, WORK)}"
    z += "".join(f" + {number(weight)} * _{latent}" for latent, weight in feature.loadings.items())
    deviation = f"{number(feature.scale)} * ({z})"
    medians = planted_medians(name)
    if feature.kind == "share":
        logits = [math.log(median / (1 - median)) for median in medians]
        return f"(1.0D / (1.0D + exp(-({number_at(logits, GROUP)} + {deviation}))))"
    median = number_at(medians, GROUP)
    return f"({median} * exp({deviation}))" if feature.kind == "log" else f"({median} + {deviation})"


def planted_medians(name: str) -> list[float]:
    """Planted median of a feature for each group, in the feature's unit."""
    unit = 1000 if name == DURATION_MS else 1
    return [group.medians[spec.SHAPED.index(name)] * unit for group in spec.GROUPS]


def _key(draws: Draws) -> Sql:
    weights = {str(pitch): weight for pitch, weight in enumerate(spec.KEY_WEIGHTS)}
    # A recording that runs faster sounds higher: 1.25 times the tempo is about four semitones.
    steps = {
        m: str(round(12 * math.log2(mark.shifts[TEMPO][0]))) for m, mark in spec.MARKS.items() if TEMPO in mark.shifts
    }
    return f"(int({draws.choose('key', weights, WORK)}) + {by_kind(MARK, steps, '0')} + 12) % 12"
