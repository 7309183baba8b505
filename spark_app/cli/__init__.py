"""The command line: ``main(argv)`` returns the exit code. Glue, ``spark-submit`` and the shell all end here."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import importlib
import logging
import os
import re
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

from spark_app import __version__
from spark_app.cli import output
from spark_app.cli.failures import explain_failure
from spark_app.errors import UsageError
from spark_app.settings import load_settings

# Commands that run no job, and the module that adds each. They are known here by name, so that looking a track up
# does not wait for the import of Spark.
_READERS = {
    "similar": "similar",
    "recommend": "recommend",
    "tables": "show",
    "show": "show",
    "explain-row": "explain",
    "export": "export",
    "diff": "diff",
    "inspect": "inspect",
    "runs": "runs",
    "jobs": "listing",
    "config": "listing",
    "doctor": "doctor",
}

_INTRODUCTION = """\
Music-catalogue machine learning on Spark: a catalogue goes in;
Delta tables, models, neighbours and MLflow runs come out.

examples:
  spark-app pipeline                                   # the main job, on the built-in sample catalogue
  spark-app pipeline --set sources.tracks=data/tracks.csv --set sources.artists=data/artists.csv
  spark-app similar "a title"                          # look a track up
  spark-app recommend "a title" "another"              # what to play after them
  spark-app jobs                                       # every job, what it reads and writes
"""


class _Parser(argparse.ArgumentParser):
    """Raises UsageError with the nearest names, instead of leaving the process."""

    def error(self, message: str) -> NoReturn:
        """Explain a wrong command line."""
        wrong = re.search(r"argument COMMAND: invalid choice: '(.*?)'", message)
        if wrong is None:
            raise UsageError(message, f"See: {self.prog} --help")
        raise UsageError(f"there is no command {wrong[1]}", _nearest(wrong[1], message))


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: The command line without the program's name; default: that of the process.

    Returns:
        The exit code of ``contracts.md``: 0 done, 2 usage, 3 data, 4 dependency, 5 lease, 6 resources, 7 bug,
        130 or 143 interrupted.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in arguments
    _configure_logging(debug=debug)
    try:
        args = build_parser(arguments[0] if arguments else "").parse_args(arguments)
        settings = load_settings(args.conf, args.set)
        return int(args.command(args, settings))
    except KeyboardInterrupt:
        output.error_line("Stopped.")
        return 130
    except BrokenPipeError:  # the reader of a pipe, such as head, has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if debug:
            output.error_line(traceback.format_exc())
        shown = explain_failure(error)
        output.show_error(shown, arguments[0] if arguments else "spark-app")
        return shown.exit_code


def main_exit() -> None:
    """Leave the process with main's exit code."""
    code = main()
    if "pyarrow" in sys.modules and not _has_spark():
        # Arrow's threads may still read ahead, and Python's own way out would abort the process under them.
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _has_spark() -> bool:
    pyspark = sys.modules.get("pyspark")
    return pyspark is not None and pyspark.SparkContext._active_spark_context is not None


def build_parser(command: str = "") -> argparse.ArgumentParser:
    """The parser with all commands, or with the one module that adds ``command`` where that runs no job."""
    parser = _Parser(prog="spark-app", description=_INTRODUCTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", action="version", version=f"spark-app {__version__}")
    subparsers = parser.add_subparsers(dest="name", metavar="COMMAND", required=True, parser_class=_Parser)
    only = _READERS.get(command)
    for module in ("run", *dict.fromkeys(_READERS.values())) if only is None else (only,):
        importlib.import_module(f"spark_app.cli.{module}").add_parser(subparsers, _common_options())
    return parser


def _common_options() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--conf", action="append", default=[], metavar="F", help="YAML file with differences")
    common.add_argument("--set", action="append", default=[], metavar="a.b=c", help="change one setting")
    common.add_argument("--json", action="store_true", help="print JSON and nothing else")
    common.add_argument("--debug", action="store_true", help="show tracebacks")
    return common


def _configure_logging(*, debug: bool) -> None:
    # Libraries log whole Java exceptions, with values of the data; only our own loggers are heard without --debug.
    shown = logging.StreamHandler(sys.stderr)
    shown.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger().handlers = [shown if debug else logging.NullHandler()]
    own = logging.getLogger("spark_app")
    own.setLevel(logging.DEBUG if debug else logging.WARNING)
    own.handlers = [] if debug else [shown]
    own.propagate = debug
    logging.getLogger("py4j").setLevel(logging.CRITICAL)


def _nearest(wrong: str, message: str) -> str:
    names = re.findall(r"[\w-]+", message.split("choose from", 1)[-1])
    near = difflib.get_close_matches(wrong.removeprefix("job_"), names, n=3)
    return f"Did you mean {', '.join(near)}?" if near else "See: spark-app --help"
