"""Run one command as the shell does, with its own part of the parser alone."""

from __future__ import annotations

import argparse

from spark_app.settings import load_settings


def run(module, root, *argv):
    """Exit code of a command of ``module`` on the lake at ``root``; errors are raised."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--set", action="append", default=[])
    common.add_argument("--json", action="store_true")
    common.add_argument("--debug", action="store_true")
    parser = argparse.ArgumentParser(prog="spark-app")
    module.add_parser(parser.add_subparsers(required=True), common)
    args = parser.parse_args([str(part) for part in argv])
    settings = load_settings([], [f"tables.root={root}", f"run.build={root}/build", *args.set])
    return args.command(args, settings)
