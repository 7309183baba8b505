"""Run the application as a user does: its scripts and commands, in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import SparkSession

from spark_app.jobs import JOBS, PIPELINES
from spark_app.sources import sample
from tests.scripts.project import ROOT

TRACKS = 1500  # the smallest catalogue that fills five folds with at least 5 % of the rows each, with room to spare
TABLES_ON_REQUEST = frozenset(
    name for job in JOBS.values() if job.name not in PIPELINES["pipeline"] for name in job.writes
)
_SMALL = (
    "classify.trees=3",
    "classify.depth=4",
    "classify.resamples=100",
    "classify.multilabel=false",
    "predictors.permutations=200",
    "similar.lsh_sample=40",
    "run.seed=7",
)


@dataclass(frozen=True)
class ReadmeRun:
    """A finished run of the README's first command: where it wrote, and the lines that it printed."""

    folder: Path
    printed: list[str]

    @property
    def lake(self) -> str:
        """The table root."""
        return str(self.folder / "build/lake/sample")


@dataclass(frozen=True)
class CatalogueRun:
    """A finished run on the files of ``write_catalogue``."""

    folder: Path

    @property
    def lake(self) -> str:
        """The table root."""
        return str(self.folder / "lake")

    @property
    def seconds(self) -> list[float]:
        """Of each step, in order."""
        (path,) = (self.folder / "build/runs").glob("*/*/run_results.json")
        return [step["seconds"] for step in json.loads(path.read_text())["steps"]]

    @property
    def data(self) -> Path:
        """The folder with the two files."""
        return self.folder / "data"

    @staticmethod
    def options(data: Path, folder: Path) -> list[str]:
        """What a run on ``data`` needs to give the same tables below ``folder``."""
        sources = (f"sources.tracks={data}/tracks.csv", f"sources.artists={data}/artists.csv")
        own = (f"tables.root={folder}/lake", f"run.build={folder}/build")
        return [f"--set={one}" for one in (*sources, *_SMALL, *own)]


def spark_app(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """``spark-app`` in a process of its own."""
    return _run([sys.executable, "-m", "spark_app", *arguments], cwd, None)


def submit(
    *arguments: str, cwd: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """``scripts/submit.sh`` of this project."""
    return _run([str(ROOT / "scripts/submit.sh"), *arguments], cwd, environment)


def _run(command: list[str], cwd: Path, environment: Mapping[str, str] | None) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "PYTHONPATH": str(ROOT)} if environment is None else environment
    return subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True, timeout=1200, check=False)


def write_catalogue(spark: SparkSession, folder: Path) -> None:
    """A tracks file and an artists file: those of the sample catalogue, written down."""
    folder.mkdir()
    lines = {
        "tracks": (sample.TRACKS_HEADER, sample.track_lines(spark, tracks=TRACKS, seed=7, dirty_share=0.02)),
        "artists": (sample.ARTISTS_HEADER, sample.artist_lines(spark, tracks=TRACKS, seed=7, dirty_share=0.02)),
    }
    for name, (header, rows) in lines.items():
        records = [bytes(row["value"]) for row in rows.orderBy("line").collect()]  # 1,500 at most
        (folder / f"{name}.csv").write_bytes(b"\n".join([",".join(header).encode(), *records]) + b"\n")
