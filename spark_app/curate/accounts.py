"""Row accounting: what was read, kept, rejected and merged, and whether that is acceptable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pyspark.sql import Row

from spark_app.curate import rules
from spark_app.errors import DataError

_REJECTED = (rules.REJECTED, rules.DROPPED)
_MERGED = (rules.MERGED, rules.MERGED_CONFLICT)
_UNCHANGED = "this job changed no table"  # in a pipeline ingest_catalogue has, raw tables and its own rejects


class Failure(NamedTuple):
    """Rows of one kind that break a rule whose action is ``fail``, and the first of them."""

    kind: str
    rule: str
    rows: int
    file: str
    line: int


@dataclass(frozen=True)
class Account:
    """Counted fates of rows.

    Attributes:
        fates: (kind, fate, reason) to rows; the reason is empty where there is none.
        warned: (kind, rule) to kept rows that the rule marks.
        places: (kind, fate, reason) to the first file and line.
    """

    fates: Mapping[tuple[str, str, str], int]
    warned: Mapping[tuple[str, str], int]
    places: Mapping[tuple[str, str, str], tuple[str, int]]

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Account:
        """From the rows of ``winners.counts``."""
        fates: Counter[tuple[str, str, str]] = Counter()
        warned: Counter[tuple[str, str]] = Counter()
        places = {}
        for row in rows:
            key = (row["kind"], row["fate"], row["reason"] or "")
            fates[key] += row["n"]
            places[key] = (row["first_place"]["file"], row["first_place"]["line"])
            if row["fate"] == rules.KEPT:
                marks = {name: n for name, n in row.asDict().items() if name.startswith("warn_") and n}
                warned.update({(row["kind"], name.removeprefix("warn_")): n for name, n in marks.items()})
        return cls(fates=fates, warned=warned, places=places)

    def read(self, kind: str = "") -> int:
        """Rows looked at, of one kind or of all."""
        return self._count(kind)

    def kept(self, kind: str = "") -> int:
        """Rows that went on."""
        return self._count(kind, (rules.KEPT,))

    def rejected(self, kind: str = "") -> int:
        """Rows kept out, stored or not."""
        return self._count(kind, _REJECTED)

    def merged(self, kind: str = "") -> int:
        """Rows that gave way to another row of the same id, in conflict or not."""
        return self._count(kind, _MERGED)

    def reasons(self) -> dict[str, int]:
        """Rejected rows of all kinds by reason, in rule order."""
        found: Counter[str] = Counter()
        for (_, fate, reason), n in self.fates.items():
            if fate in _REJECTED:
                found[reason] += n
        return {rule: found[rule] for rule in rules.RULES if rule in found}

    def first_rejects(self) -> list[tuple[str, str, int]]:
        """Reason, file and line of the first row that each rule keeps out, in rule order."""
        found = {reason: self.places[key] for key in self.fates if key[1] in _REJECTED for reason in [key[2]]}
        return [(rule, *found[rule]) for rule in rules.RULES if rule in found]

    def failures(self) -> list[Failure]:
        """What would stop a run, by kind and rule."""
        failed = [(key, n) for key, n in sorted(self.fates.items()) if key[1] == rules.FAILED]
        return [Failure(key[0], key[2], n, *self.places[key]) for key, n in failed]

    def detail(self) -> str:
        """Numbers of each kind in a few words, such as ``tracks 90 of 100 kept, artists 10 of 10 kept``."""
        kinds = sorted({kind for kind, _, _ in self.fates}, reverse=True)
        parts = [f"{kind} {self.kept(kind):,} of {self.read(kind):,} kept" for kind in kinds]
        conflicts = self._count("", (rules.MERGED_CONFLICT,))
        return ", ".join(parts) + (f", {conflicts:,} merged in conflict" if conflicts else "")

    def warnings(self) -> tuple[str, ...]:
        """One line per kind and rule that marks kept rows."""
        return tuple(f"{rule}: {n:,} {kind} kept and flagged" for (kind, rule), n in sorted(self.warned.items()))

    def check(self, max_rejected_share: float) -> None:
        """Refuse rows that break a rule whose action is ``fail``, and too many rejects.

        Raises:
            DataError: Names rule, file and line, or the share and its limit.
        """
        if failures := self.failures():
            kind, rule, n, file, line = failures[0]
            raise DataError(
                f"{n:,} rows of the {kind} break the rule {rule}, the first in {file}, line {line:,}; {_UNCHANGED}",
                f"Mend the file, or choose another action: --set curate.rules.{rule}=quarantine",
            )
        for kind in sorted({kind for kind, _, _ in self.fates}):
            self._check_share(kind, max_rejected_share)

    def _check_share(self, kind: str, limit: float) -> None:
        read, rejected = self.read(kind), self.rejected(kind)
        if rejected <= limit * read:
            return
        reasons = Counter(
            {reason: n for (of, fate, reason), n in self.fates.items() if of == kind and fate in _REJECTED}
        )
        (first, _), *_ = reasons.most_common(1)
        file, line = next(self.places[kind, fate, first] for fate in _REJECTED if (kind, fate, first) in self.places)
        found = ", ".join(f"{reason} {n:,}" for reason, n in reasons.most_common())
        raise DataError(
            f"{rejected:,} of {read:,} rows of the {kind} would be rejected "
            f"({rejected / read:.1%}, limit {limit:.1%}): {found}; "
            f"the first in {file}, line {line:,}; {_UNCHANGED}",
            "See: spark-app inspect FILE; or allow more: --set curate.max_rejected_share=0.2",
        )

    def _count(self, kind: str, fates: tuple[str, ...] = ()) -> int:
        return sum(n for (of, fate, _), n in self.fates.items() if kind in ("", of) and (not fates or fate in fates))
