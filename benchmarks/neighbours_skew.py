"""Tasks of a skewed catalogue: a group of 300,000 beside a thousand groups of 50, and 10,000 identical vectors.

Run: ``python -m benchmarks.neighbours_skew``. Task seconds come from Spark's event log: in every stage of 10 seconds
and more no task may take more than three times the mean.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from benchmarks.record import save
from benchmarks.vectors import store
from spark_app.columns import AUDIO12_Z, GENRE_GROUP, RANK, TRACK_ID
from spark_app.session import start_session
from spark_app.similarity.neighbors import NearestNeighbors

BIG, GROUPS, SMALL, SAME = 300_000, 1_000, 50, 10_000
LONG_SECONDS, MOST_TIMES_MEAN = 10.0, 3.0


def main() -> int:
    """Measure, print, write the figures; 1 where a bar is missed."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "events").mkdir()
        rows, seconds = _searched(Path(folder))
        stages = _stages(Path(folder) / "events")
    expected = 10 * (BIG + SMALL * GROUPS)
    worst = max((stage["times_mean"] for stage in stages if stage["seconds"] >= LONG_SECONDS), default=0.0)
    print(f"{seconds:.1f} s, {rows:,} rows of {expected:,}; stages: {stages}")
    print(
        f"longest task in stages of {LONG_SECONDS:g} s and more, times the mean: {worst} (at most {MOST_TIMES_MEAN:g})"
    )
    figures = {"seconds": round(seconds, 1), "rows": rows, "expected_rows": expected, "stages": stages, "worst": worst}
    print(f"written: {save('neighbours_skew', figures).name}")
    return int(worst > MOST_TIMES_MEAN or rows != expected)


def _searched(folder: Path) -> tuple[int, float]:
    import pyarrow as pa

    random = np.random.default_rng(2)
    values = random.normal(size=(BIG + GROUPS * SMALL, len(AUDIO12_Z)))
    values[:SAME] = values[0]
    names = ["big"] * BIG + [f"small {number:04}" for number in range(GROUPS) for _ in range(SMALL)]
    columns = {name: values[:, at] for at, name in enumerate(AUDIO12_Z)}
    ids = [f"t{number:07}" for number in range(len(values))]
    path = store(pa.table({TRACK_ID: ids, GENRE_GROUP: names, **columns}), folder / "members")
    options = {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.compress": "false",  # Spark 4 would
        "spark.eventLog.dir": f"file://{folder}/events",
    }
    spark = start_session("spark-app benchmark", options)
    try:
        started = time.monotonic()
        members = spark.read.format("delta").load(path)
        estimator = NearestNeighbors(inputCols=list(AUDIO12_Z), folder=str(folder / "index"), k=10)
        model = estimator.fit(members)
        model.neighbours(members).write.format("delta").save(str(folder / "neighbours"))
        seconds = time.monotonic() - started
        found = spark.read.format("delta").load(str(folder / "neighbours"))
        same = found.where(f"{TRACK_ID} = 't0000005' and {GENRE_GROUP} = 'big'").orderBy(RANK).collect()  # ten rows
        expected = [f"t{number:07}" for number in range(11) if number != 5]
        assert [row["neighbour_id"] for row in same] == expected, "ties of identical vectors do not go by id"
        return found.count(), seconds
    finally:
        spark.stop()


def _stages(events: Path) -> list[dict[str, Any]]:
    """Seconds, tasks, and the longest task over the mean, of each stage that took a second or more."""
    tasks: dict[tuple[int, int], list[float]] = defaultdict(list)
    spans: dict[tuple[int, int], float] = {}
    for file in (path for path in events.rglob("*") if path.is_file()):
        for line in file.read_text().splitlines():
            event = json.loads(line) if line.startswith("{") else {}
            if event.get("Event") == "SparkListenerTaskEnd":
                info = event["Task Info"]
                seconds = (info["Finish Time"] - info["Launch Time"]) / 1000
                tasks[event["Stage ID"], event["Stage Attempt ID"]].append(seconds)
            if event.get("Event") == "SparkListenerStageCompleted":
                info = event["Stage Info"]
                span = (info["Completion Time"] - info["Submission Time"]) / 1000
                spans[info["Stage ID"], info["Stage Attempt ID"]] = span
    return [
        {
            "seconds": round(span, 1),
            "tasks": len(tasks[stage]),
            "longest": round(max(tasks[stage]), 2),
            "times_mean": round(max(tasks[stage]) / fmean(tasks[stage]), 2),
        }
        for stage, span in sorted(spans.items())
        if span >= 1 and tasks[stage]
    ]


if __name__ == "__main__":
    raise SystemExit(main())
