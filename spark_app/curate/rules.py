"""Which rules a row can break, in which order they count, and what becomes of a row that breaks them.

A problem is written ``rule:column``. A row with several problems is rejected once, under the first of its rules.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F

from spark_app.errors import UsageError

NO_TRACK_ID = "no_track_id"
NO_TRACK_NAME = "no_track_name"
NO_ARTIST_ID = "no_artist_id"
NO_PLAYLIST_ID = "no_playlist_id"
NO_POSITION = "no_position"
NO_TRACK = "no_track"
CONTROL_CHARACTER = "control_character"
TEXT_TOO_LONG = "text_too_long"
NOT_A_NUMBER = "not_a_number"
NOT_FINITE = "not_finite"
OUT_OF_RANGE = "out_of_range"
BAD_LIST = "bad_list"
BAD_DATE = "bad_date"
UNKNOWN_ARTIST = "unknown_artist"

RULES = (
    NO_TRACK_ID,
    NO_TRACK_NAME,
    NO_ARTIST_ID,
    NO_PLAYLIST_ID,
    NO_POSITION,
    NO_TRACK,
    CONTROL_CHARACTER,
    TEXT_TOO_LONG,
    NOT_A_NUMBER,
    NOT_FINITE,
    OUT_OF_RANGE,
    BAD_LIST,
    BAD_DATE,
    UNKNOWN_ARTIST,
)
_KEYS = (NO_TRACK_ID, NO_ARTIST_ID, NO_PLAYLIST_ID, NO_POSITION)

WARN = "warn"
QUARANTINE = "quarantine"
DROP = "drop"
FAIL = "fail"

KEPT = "kept"
MERGED = "merged"
MERGED_CONFLICT = "merged_conflict"
REJECTED = "rejected"
DROPPED = "dropped"
FAILED = "failed"
_FATES = {QUARANTINE: REJECTED, DROP: DROPPED, FAIL: FAILED}


def check_rules(actions: Mapping[str, str]) -> None:
    """Refuse settings that name another rule, leave one out, or would keep a row without its key.

    Raises:
        UsageError: Names the setting.
    """
    for rule in actions:
        if rule not in RULES:
            near = difflib.get_close_matches(rule, RULES, n=3)
            known = f"Did you mean {', '.join(near)}?" if near else f"Rules: {', '.join(RULES)}."
            raise UsageError(f"setting curate.rules.{rule}: there is no such rule", known)
    missing = [rule for rule in RULES if rule not in actions]
    if missing:
        raise UsageError(f"setting curate.rules lacks {', '.join(missing)}", "conf/base.yaml lists every rule.")
    for rule in _KEYS:
        if actions[rule] == WARN:
            raise UsageError(
                f"setting curate.rules.{rule}: a row without its key cannot be kept, so 'warn' is not possible",
                "Use quarantine, drop or fail.",
            )


def problem(rule: str, column: str, broken: Column) -> Column:
    """``rule:column`` where ``broken`` is true, else null."""
    return F.when(broken, F.lit(f"{rule}:{column}"))


def broken_rules(problems: Column) -> Column:
    """Array of the rules behind an array of problems, each once, in the order of appearance; empty for none."""
    return F.array_distinct(F.transform(problems, lambda text: F.substring_index(text, ":", 1)))


def warned_rules(broken: Column, actions: Mapping[str, str]) -> Column:
    """Those of an array of broken rules whose action is ``warn``, in rule order: they become flags of the kept row."""
    return _those(broken, actions, (WARN,))


def deciding_rule(broken: Column, actions: Mapping[str, str]) -> Column:
    """The rule that decides about the row: the first that fails the run, else the first that rejects; null if none."""
    failing = _first(broken, actions, (FAIL,))
    return F.coalesce(failing, _first(broken, actions, (QUARANTINE, DROP)))


def fate_of(reason: Column, actions: Mapping[str, str]) -> Column:
    """``kept`` for a null reason, else ``rejected``, ``dropped`` or ``failed`` by the action of the rule."""
    fate = F.when(reason.isNull(), F.lit(KEPT))
    for rule in RULES:
        if actions[rule] in _FATES:
            fate = fate.when(reason == rule, F.lit(_FATES[actions[rule]]))
    return fate


def _those(broken: Column, actions: Mapping[str, str], wanted: tuple[str, ...]) -> Column:
    rules = [rule for rule in RULES if actions[rule] in wanted]
    return F.array_compact(F.array(*[F.when(F.array_contains(broken, rule), F.lit(rule)) for rule in rules]))


def _first(broken: Column, actions: Mapping[str, str], wanted: tuple[str, ...]) -> Column:
    rules = [rule for rule in RULES if actions[rule] in wanted]
    return F.coalesce(*[F.when(F.array_contains(broken, rule), F.lit(rule)) for rule in rules], F.lit(None))
