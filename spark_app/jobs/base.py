"""What a job is, what it is given, and what it reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from spark_app.errors import SkipStep, SparkAppError
from spark_app.schemas import TABLES, tables_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from spark_app.settings import Settings
    from spark_app.tables import Tables
    from spark_app.tracking import JobRun


@dataclass(frozen=True)
class Context:
    """What every job is given.

    Attributes:
        spark: The session; master, memory and jars came from the runner.
        settings: Resolved settings, frozen.
        tables: Reads and writes tables below ``settings.tables.root``.
        run: This job's MLflow run; metrics, figures and models go here.
    """

    spark: SparkSession
    settings: Settings
    tables: Tables
    run: JobRun


@dataclass(frozen=True)
class Outcome:
    """What a job did. ``read = kept + rejected + merged`` is asserted when it is built.

    Attributes:
        read: Rows looked at.
        kept: Rows that went on.
        rejected: Rows kept out, each with a reason.
        merged: Rows that gave way to another row of the same key.
        detail: A few words for the step's line, such as ``12 features, 16 groups``.
        reasons: Rejected rows by reason.
        warnings: What the user should know; any makes the step WARN.
        source_set: JSON of the source set that the tables now belong to; only ingest_catalogue gives one.
    """

    read: int = 0
    kept: int = 0
    rejected: int = 0
    merged: int = 0
    detail: str = ""
    reasons: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    source_set: str = ""

    def __post_init__(self) -> None:
        if self.read != self.kept + self.rejected + self.merged:
            raise SparkAppError(
                f"rows do not add up: {self.read} read, but {self.kept} kept + {self.rejected} rejected "
                f"+ {self.merged} merged"
            )

    @property
    def status(self) -> str:
        """``WARN`` when something was rejected or warned of, else ``OK``."""
        return "WARN" if self.rejected or self.warnings else "OK"


@dataclass(frozen=True)
class Job:
    """One entry of the registry.

    Attributes:
        name: The command.
        summary: One line for ``spark-app jobs``.
        run: Does the work; raises SkipStep where there is no input.
        reads: Tables it reads, first the one without which there is nothing to do.
        files: Rows of the files that it reads, None where that cannot be known.
    """

    name: str
    summary: str
    run: Callable[[Context], Outcome]
    reads: tuple[str, ...] = ()
    files: Callable[[Settings], int | None] | None = None

    def __post_init__(self) -> None:
        unknown = [name for name in self.reads if name not in TABLES]
        if unknown:
            raise SparkAppError(f"job {self.name} reads tables that no schema describes: {unknown}")

    def check_input(self, context: Context) -> None:
        """Where sources may be empty, a table that was never written is no error.

        Raises:
            SkipStep: ``sources.allow_empty`` is set, and the first of ``reads`` does not exist; the tables stay.
        """
        if context.settings.sources.allow_empty and self.reads and not context.tables.exists(self.reads[0]):
            writer = TABLES[self.reads[0]].job
            raise SkipStep(f"there is no table {self.reads[0]}: {writer} has had no input yet", keep_tables=True)

    @property
    def writes(self) -> tuple[str, ...]:
        """Tables that this job alone writes; taken from the schemas."""
        return tuple(table.name for table in tables_of(self.name))


def counted(n: int, noun: str) -> str:
    """A number with its noun.

    >>> counted(1, "group"), counted(1200, "group")
    ('1 group', '1,200 groups')
    """
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"
