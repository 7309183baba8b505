"""``jobs``: what each job reads and writes. ``config``: the resolved settings."""

from __future__ import annotations

import argparse
from typing import Any

import yaml

from spark_app.cli import output
from spark_app.settings import Settings


def add_parser(subparsers: Any, common: argparse.ArgumentParser) -> None:
    """Add ``jobs`` and ``config``."""
    jobs = subparsers.add_parser(
        "jobs",
        parents=[common],
        help="list every job, what it reads and what it writes",
        epilog="examples:\n  spark-app jobs\n  spark-app jobs --json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    jobs.set_defaults(command=list_jobs)
    config = subparsers.add_parser(
        "config",
        parents=[common],
        help="print the resolved settings",
        epilog="examples:\n  spark-app config\n  spark-app config --conf conf/emr.yaml --set similar.k=20",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    config.set_defaults(command=show_config)


def list_jobs(args: argparse.Namespace, settings: Settings) -> int:
    """Print the registry in the order of the data flow."""
    from spark_app.jobs import JOBS, PIPELINES

    listed = [
        {"job": job.name, "summary": job.summary, "reads": list(job.reads), "writes": list(job.writes)}
        for job in JOBS.values()
    ]
    if args.json:
        output.json_out({"jobs": listed, "pipelines": {name: list(jobs) for name, jobs in PIPELINES.items()}})
        return 0
    for number, job in enumerate(listed, start=1):
        output.line(f"{number:>2} {job['job']:<26}{job['summary']}")
        output.line(f"{'':6}reads  {', '.join(job['reads']) or 'files'}")
        output.line(f"{'':6}writes {', '.join(job['writes'])}")
    for name, names in PIPELINES.items():
        output.line(f"{name}: {' → '.join(names)}")
    return 0


def show_config(args: argparse.Namespace, settings: Settings) -> int:
    """Print every setting as it stands after all overlays, and what follows from them."""
    values = settings.model_dump(mode="json")
    derived = {
        "tables.root": settings.root,
        "sources.name": settings.source_name,
        "tracking.uri": settings.tracking_uri,
        "hash": settings.fingerprint(),
    }
    if args.json:
        output.json_out({"settings": values, "resolved": derived})
        return 0
    output.line(yaml.safe_dump(values, sort_keys=False, allow_unicode=True).rstrip())
    for name, value in derived.items():
        output.line(f"# {name} = {value}")
    return 0
