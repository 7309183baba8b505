"""Entry for AWS Glue, whose arguments are a map of options: translated to the shared command line.

Glue adds options of its own (``--JOB_NAME``, ``--TempDir``, ``--conf`` …), which are ignored. A script that ends in
``sys.exit`` is not a failed run there, so a failure is raised.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from spark_app.cli import main as run_command_line
from spark_app.errors import (
    DataError,
    DependencyError,
    LeaseHeldError,
    ResourceError,
    SparkAppError,
    UsageError,
)
from spark_app.jobs import JOBS, PIPELINES

_FAILURES = {kind.exit_code: kind for kind in (UsageError, DataError, DependencyError, LeaseHeldError, ResourceError)}


class _Options(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Raise: argparse would leave the process, which Glue takes for a success."""
        raise UsageError(message, "Options on Glue: --job, --settings, --overrides 'a.b=c;d=e', --run-date.")


def main(argv: Sequence[str] | None = None) -> None:
    """Run the job that Glue's arguments name.

    Args:
        argv: The arguments with the script's name first; default: those of the process.

    Raises:
        SparkAppError: The run ended with another exit code than 0; its class carries the code.
    """
    command = own_arguments(sys.argv if argv is None else argv)
    code = run_command_line(command)
    if code != 0:
        raise _FAILURES.get(code, SparkAppError)(
            f"spark-app {command[0]} ended with exit code {code}", "The job's output log says why."
        )


def own_arguments(argv: Sequence[str]) -> list[str]:
    """The shared command line, out of Glue's map of options; unknown options are ignored.

    Args:
        argv: The script's name, then options with one value each. ``--run_date`` is ``--run-date``; of an option
            that stands twice the last one holds; an empty value is no value.

    Raises:
        UsageError: No job is named, or an option of ours has no value.

    >>> own_arguments(["s.py", "--JOB_NAME", "job_curate_tracks", "--settings", "conf/glue.yaml"])
    ['curate_tracks', '--conf', 'conf/glue.yaml']
    >>> own_arguments(["s.py", "--job", "pipeline", "--overrides", "similar.k=5;run.seed=7", "--TempDir", "x"])
    ['pipeline', '--set', 'similar.k=5', '--set', 'run.seed=7']
    """
    known, _ = _parser().parse_known_args(list(argv[1:]))
    command = [known.job.removeprefix("job_") if known.job else _job_in(known.JOB_NAME)]
    if known.settings:
        command += ["--conf", known.settings]
    for override in known.overrides.split(";"):
        if override.strip():
            command += ["--set", override.strip()]
    if known.run_date:
        command += ["--run-date", known.run_date]
    return command


def _parser() -> argparse.ArgumentParser:
    # Without abbreviations: a foreign --run or --set must not be read as --run-date or --settings.
    parser = _Options(allow_abbrev=False, add_help=False)
    for names in (("--job",), ("--JOB_NAME",), ("--settings",), ("--overrides",), ("--run-date", "--run_date")):
        parser.add_argument(*names, default="")
    return parser


def _job_in(glue_name: str) -> str:
    """The longest job whose name ends the Glue job's name, such as ``curate_tracks`` in ``music-job_curate_tracks``."""
    found = [name for name in (*JOBS, *PIPELINES) if glue_name.endswith(name)]
    if not found:
        raise UsageError(
            f"no job is named: there is no --job, and --JOB_NAME {glue_name!r} does not end in the name of one",
            f"Give --job NAME. Jobs: {', '.join((*JOBS, *PIPELINES))}",
        )
    return max(found, key=len)


if __name__ == "__main__":
    main()
