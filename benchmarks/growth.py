"""How seconds and the driver's memory grow with the tracks, for normalise, explore, predictors and score.

Run: ``python -m benchmarks.growth [--rows 100000 1000000 10000000]``. Tables are generated, the session is warm. The
champion that scores is trained on 10,000 tracks; it scores as many tracks without a genre as the other jobs read. The
exponent is the slope of log(seconds) over log(rows); memory is the resident set of the driver's Python process and the
heap of its JVM after a collection, both after the job. One executor of two cores runs as a process of its own, since
under ``--master local[*]`` the driver's heap holds the pages that the executor sorts and aggregates in.
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.generated import write_catalogue
from benchmarks.record import context_on_scratch, run_jobs, save
from spark_app.jobs import (
    explore_features,
    genre_predictors,
    make_splits,
    normalise_features,
    score_genres,
    train_genre_classifiers,
)
from spark_app.session import local_conf

if TYPE_CHECKING:
    from spark_app.jobs.base import Context, Job

MOST_EXPONENT = 1.1
MOST_ADDED_MB = 200  # one column of 10^7 doubles is 80 MB
_MEASURED = (normalise_features.JOB, explore_features.JOB, genre_predictors.JOB, score_genres.JOB)
_OPTIONS = ("normalise.incremental=false", "classify.multilabel=false", "classify.champion.max_ece=1")
_WARM = 10_000


def main() -> int:
    """Measure, print, write the figures; 1 where an exponent is above 1.1 or memory is not flat."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    parser.add_argument("--master", default="local-cluster[1,2,3072]")
    args = parser.parse_args()
    with context_on_scratch(*_OPTIONS, spark_conf=_spark_conf(args.master)) as context:
        write_catalogue(context, rows=_WARM)
        run_jobs(context, [make_splits.JOB, train_genre_classifiers.JOB])
        _measure(context, _WARM)  # classes are loaded, code is compiled
        found = {str(rows): _measure(context, rows) for rows in args.rows}
    exponents = {job.name: _exponent(found, job.name) for job in _MEASURED}
    growth = {kind: _grown(found, kind) for kind in ("python_mb", "heap_mb")}
    print(f"exponents: {exponents}   memory added from the fewest to the most rows, MB: {growth}")
    path = save("growth", {"master": args.master, "jobs": found, "exponents": exponents, "memory_added_mb": growth})
    print(f"written: {path.name}")
    return 0 if max(exponents.values()) <= MOST_EXPONENT and max(growth.values()) <= MOST_ADDED_MB else 1


def _spark_conf(master: str) -> dict[str, str]:
    """Executors of their own get the memory and the class path that ``local.conf`` gives the driver."""
    conf = local_conf()
    return {
        "spark.master": master,
        "spark.executor.memory": conf["spark.driver.memory"],
        "spark.executor.extraClassPath": conf["spark.driver.extraClassPath"],
    }


def _measure(context: Context, rows: int) -> dict[str, dict[str, float]]:
    write_catalogue(context, rows=rows)
    found = {job.name: _run(context, job) for job in (normalise_features.JOB, explore_features.JOB)}
    run_jobs(context, [make_splits.JOB])
    found[genre_predictors.JOB.name] = _run(context, genre_predictors.JOB)
    write_catalogue(context, rows=rows, has_genres=False)
    found[score_genres.JOB.name] = _run(context, score_genres.JOB)
    print(f"{rows:,}", found, flush=True)
    return found


def _run(context: Context, job: Job) -> dict[str, float]:
    started = time.monotonic()
    run_jobs(context, [job])
    seconds = time.monotonic() - started
    return {"seconds": round(seconds, 1), "python_mb": _python_mb(), "heap_mb": _heap_mb(context)}


def _python_mb() -> float:
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("VmRSS"))
    return round(int(line.split()[1]) / 1024)


def _heap_mb(context: Context) -> float:
    jvm = context.spark._jvm
    assert jvm is not None
    runtime, used = jvm.java.lang.Runtime.getRuntime(), []
    for _ in range(3):  # Spark lets go of broadcasts and blocks after a collection has found their owners gone
        jvm.java.lang.System.gc()
        time.sleep(1)
        used.append(runtime.totalMemory() - runtime.freeMemory())
    return round(min(used) / 2**20)


def _grown(found: dict[str, dict[str, dict[str, float]]], kind: str) -> float:
    """Of the job whose memory grows most."""
    fewest, most = (found[str(f(int(rows) for rows in found))] for f in (min, max))
    return max(most[job][kind] - fewest[job][kind] for job in most)


def _exponent(found: dict[str, dict[str, dict[str, float]]], job: str) -> float:
    rows = np.log([int(rows) for rows in found])
    seconds = np.log([jobs[job]["seconds"] for jobs in found.values()])
    return round(float(np.polyfit(rows, seconds, 1)[0]), 3)


if __name__ == "__main__":
    raise SystemExit(main())
