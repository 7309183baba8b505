"""The errors a user can meet. Each carries the exit code that ``contracts.md`` gives it.

Library code raises them early, with names and values of settings, files and columns, but never with a
value out of a user's data. Only the command line catches them.
"""

from __future__ import annotations


class SparkAppError(Exception):
    """Something the user can act on.

    Args:
        what: What happened and where, in one sentence.
        remedy: What is safe and the next thing to do; shown on the line below.
    """

    exit_code = 7

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


class UsageError(SparkAppError):
    """A wrong option, setting, name, or a denied permission."""

    exit_code = 2


class DataError(SparkAppError):
    """Nothing to read, a damaged file, limits broken, or an ambiguous title."""

    exit_code = 3


class SchemaError(DataError):
    """A table or file lacks columns that it has promised."""


class DependencyError(SparkAppError):
    """Something outside is away after retries; run again."""

    exit_code = 4


class LeaseHeldError(SparkAppError):
    """Another run owns the table."""

    exit_code = 5


class ResourceError(SparkAppError):
    """Disk or memory ran out."""

    exit_code = 6


class SkipStep(Exception):  # noqa: N818 - a signal, not a failure
    """Raised by a job that has no input; the run goes on and shows the reason.

    Args:
        reason: Shown on the step's line.
        keep_tables: True where what the tables hold stays right; otherwise they are emptied, since a root
            that another source set filled must not keep rows which this one cannot write.
        keep: Tables that stay even so: what they tell of earlier runs is not undone by this one.
    """

    def __init__(self, reason: str, *, keep_tables: bool = False, keep: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.keep_tables = keep_tables
        self.keep = keep
