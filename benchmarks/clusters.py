"""K-Means in the 15 genre groups of ``tracks_69k`` beside scikit-learn's KMeans and a loop over Spark ML's.

Run: ``python -m benchmarks.clusters [--runs 3] [--seeds 5]``. Every group has k = min(60, distinct vectors / 10).
Compared are

- inertia, in groups of at least 1,000 tracks: the mean over the seeds of what ``cluster_genres`` finds with its default
  starts, against the mean of ``KMeans(n_init=4)`` with as many seeds, on the same vectors;
- time, the median of the runs, the session being started before: the whole job ``cluster_genres`` (read Delta, fit,
  sample its stability, describe the clusters, write Delta) against a loop over Spark ML's ``KMeans`` with its defaults
  and the same k: the same tables read once, their vectors cached, one fit a group, one Delta table written.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from statistics import mean, median
from typing import TYPE_CHECKING, Any

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from benchmarks.record import context_on_scratch, real_data, run_jobs, save
from spark_app.cluster.cards import exemplar_rows
from spark_app.cluster.groups import cluster_groups, with_artists
from spark_app.cluster.plan import ClusterPlan
from spark_app.columns import AUDIO12_Z, CLUSTER, GENRE_GROUP, TRACK_ID, UNKNOWN
from spark_app.curate.membership import group_members
from spark_app.jobs import cluster_genres, curate_tracks, ingest_catalogue, normalise_features
from spark_app.jobs.input_size import largest_input
from spark_app.similarity.groups import sizes_of, usable_members
from spark_app.spark_conf import planned_for

if TYPE_CHECKING:
    from spark_app.jobs.base import Context

MOST_INERTIA, LEAST_GAIN = 1.01, 5.0
SMALLEST, STARTS = 1_000, 4
RULE = ("cluster.k=distinct/10", "cluster.min_k=1", "cluster.max_k=60")


def main() -> int:
    """Measure, print, write the figures; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=5)
    args = parser.parse_args()
    data = real_data() / "tracks_69k"
    sources = (f"sources.tracks={data}/tracks.csv", f"sources.artists={data}/artists.csv")
    with context_on_scratch(*sources, *RULE) as context:
        run_jobs(context, [ingest_catalogue.JOB, curate_tracks.JOB, normalise_features.JOB])
        with planned_for(context.spark, largest_input(context.settings, cluster_genres.JOB.reads)):
            seconds = _seconds(context, args.runs)
            groups = _inertias(context, range(1, args.seeds + 1))
    found = {name: round(median(times), 2) for name, times in seconds.items()}
    gain = found["spark_ml"] / found["application"]
    worst = max(group["ratio"] for group in groups.values() if group["tracks"] >= SMALLEST)
    bars = {
        f"largest inertia over scikit-learn's (at most {MOST_INERTIA})": _bar(worst, worst <= MOST_INERTIA),
        f"times as fast as the loop (at least {LEAST_GAIN:g})": _bar(gain, gain >= LEAST_GAIN),
    }
    for name, times in seconds.items():
        print(f"{name:<12} {found[name]:8.2f} s   runs {[round(t, 2) for t in times]}")
    for bar, value in bars.items():
        print(f"{bar}: {value}")
    each = {name: [round(t, 2) for t in times] for name, times in seconds.items()}
    figures = {"seeds": args.seeds, "seconds": found, "runs": each, "groups": groups, "bars": bars}
    print(f"written: {save('clusters', figures).name}")
    return int(not all(bar["met"] for bar in bars.values()))


def _bar(value: float, met: bool) -> dict[str, Any]:
    return {"value": round(value, 4), "met": bool(met)}


def _seconds(context: Context, runs: int) -> dict[str, list[float]]:
    """Times of both, in turn."""
    steps: dict[str, Callable[[], object]] = {
        "application": lambda: cluster_genres.JOB.run(context),
        "spark_ml": lambda: _loop(context, numbers),
    }
    steps["application"]()  # starts the Python workers
    numbers = {row[GENRE_GROUP]: row["k"] for row in context.tables.read("models.cluster_cards").collect()}
    found: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(runs):
        for name, step in steps.items():
            started = time.monotonic()
            step()
            found[name].append(time.monotonic() - started)
            print(f"{name} {found[name][-1]:.1f} s", flush=True)
    return found


def _members(context: Context) -> DataFrame:
    tables = context.tables
    tracks = tables.read("curated.tracks")
    pairs = group_members(tracks, tables.read("curated.track_genres")).where(F.col(GENRE_GROUP) != UNKNOWN)
    return with_artists(usable_members(pairs, tables.read("features.audio")), tracks)


def _loop(context: Context, numbers: dict[str, int]) -> None:
    """What a user of Spark ML would write; ``numbers`` tells k by group."""
    from pyspark.ml.clustering import KMeans
    from pyspark.ml.feature import VectorAssembler

    assembler = VectorAssembler(inputCols=list(AUDIO12_Z), outputCol="features")
    vectors = assembler.transform(_members(context)).select(TRACK_ID, GENRE_GROUP, "features").cache()
    parts = []
    for group, k in numbers.items():
        members = vectors.where(F.col(GENRE_GROUP) == group)
        parts.append(KMeans(k=max(k, 2), predictionCol=CLUSTER, seed=1).fit(members).transform(members))
    found = reduce(DataFrame.unionByName, parts).drop("features")
    found.write.format("delta").mode("overwrite").save(f"{context.settings.root}/spark_ml")
    vectors.unpersist()


def _inertias(context: Context, seeds: range) -> dict[str, dict[str, Any]]:
    """Per group: tracks, k, and both mean inertias."""
    members = _members(context).persist()
    sizes = sizes_of(members)
    plan = ClusterPlan(**context.settings.cluster.model_dump(), seed=0)
    ours: dict[str, list[float]] = {group: [] for group in sizes}
    k: dict[str, int] = {}
    for seed in seeds:
        fitted = cluster_groups(members, sizes=sizes, plan=replace(plan, seed=seed, stability_seeds=0))
        of_groups = exemplar_rows(fitted).groupBy(GENRE_GROUP).agg(F.sum("inertia").alias("sum"), F.max("k").alias("k"))
        for row in of_groups.collect():  # one row per group
            ours[row[GENRE_GROUP]].append(row["sum"])
            k[row[GENRE_GROUP]] = row["k"]
    found = {}
    for group, n in sizes.items():
        rows = members.where(F.col(GENRE_GROUP) == group).toPandas().sort_values(TRACK_ID)  # at most 69,522 rows
        theirs = _scikit_learn(rows[list(AUDIO12_Z)].to_numpy(float), k[group], seeds)
        figures = {"application": mean(ours[group]), "scikit_learn": mean(theirs)}
        ratio = figures["application"] / figures["scikit_learn"] if figures["scikit_learn"] else 1.0
        rounded = {name: round(value, 2) for name, value in figures.items()}
        found[group] = {"tracks": n, "k": k[group], **rounded, "ratio": round(ratio, 5)}
        print(group, found[group], flush=True)
    members.unpersist()
    return found


def _scikit_learn(vectors: np.ndarray, k: int, seeds: range) -> list[float]:
    from sklearn.cluster import KMeans

    return [float(KMeans(n_clusters=k, n_init=STARTS, random_state=seed).fit(vectors).inertia_) for seed in seeds]


if __name__ == "__main__":
    raise SystemExit(main())
