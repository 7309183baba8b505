"""Neighbours of real catalogues: what ``auto`` finds within groups, and MLlib's LSH join beside it on one group.

Run: ``python -m benchmarks.neighbours_real``. First all tracks of ``spotify_songs`` and ``tracks_69k`` are queries,
k = 10, within their genre groups: recall against brute force in float64, and how many tracks have all the neighbours
that there are. Then 20,000 hashed tracks of ``tracks_69k`` form one group, searched by the application and by MLlib's
``approxSimilarityJoin`` (3 tables, bucket length 2.0, threshold the 90th percentile of the exact k-th distances), and
in one process by scikit-learn and FAISS, Delta in and out; ``search`` is the whole without reading and writing.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pyspark.ml.feature import BucketedRandomProjectionLSH
from pyspark.ml.functions import array_to_vector
from pyspark.sql import Window
from pyspark.sql import functions as F

from benchmarks.one_process import Search, faiss_factory, run, scikit_learn
from benchmarks.record import context_on_scratch, save
from benchmarks.vectors import real_members, sources_of, store
from spark_app.columns import AUDIO12_Z, DISTANCE, GENRE_GROUP, RANK, TRACK_ID
from spark_app.similarity.exact import nearest
from spark_app.similarity.neighbors import NearestNeighbors
from spark_app.similarity.tuning import TOLERANCE

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import DataFrame

    from spark_app.jobs.base import Context

K, RECALL = 10, 0.99
N_ONE_GROUP, THREADS, TABLES, BUCKET, SHARE = 20_000, 2, 3, 2.0, 0.9
LEAST_SEARCH, LEAST_WHOLE = 100.0, 10.0
Figures = dict[str, Any]


def main() -> int:
    """Measure, print, write the figures; 1 where a bar is missed."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    found: dict[str, Figures] = {}
    for catalogue in ("spotify_songs", "tracks_69k"):
        with context_on_scratch(*sources_of(catalogue)) as context:
            members = real_members(context)
            found[catalogue] = _within_groups(context, members)
            print(catalogue, found[catalogue], flush=True)
            if catalogue == "tracks_69k":
                found["one group"] = _one_group(context, members)
                print("one group", found["one group"], flush=True)
    bars = _bars(found)
    for bar, (value, is_met) in bars.items():
        print(f"{bar}: {value} {'met' if is_met else 'MISSED'}")
    shown = {bar: {"value": value, "met": is_met} for bar, (value, is_met) in bars.items()}
    print(f"written: {save('neighbours_real', {**found, 'bars': shown}).name}")
    return int(not all(is_met for _, is_met in bars.values()))


def _estimator(context: Context) -> NearestNeighbors:
    folder = f"{context.settings.root}/index"
    return NearestNeighbors(inputCols=list(AUDIO12_Z), folder=folder, k=K, targetRecall=RECALL)


def _within_groups(context: Context, members: pd.DataFrame) -> Figures:
    folder = _stored(context, members)
    started = time.monotonic()
    rows = context.spark.read.format("delta").load(folder)
    model = _estimator(context).fit(rows)
    context.tables.write_arranged("results.neighbours", model.neighbours(rows))
    seconds = time.monotonic() - started
    right, asked, short = _checked(context.tables.read("results.neighbours"), members)
    return {
        "tracks": len(members),
        "groups": int(members[GENRE_GROUP].nunique()),
        "recall": round(right / asked, 5),
        "tracks_with_too_few": short,
        "seconds": round(seconds, 1),
        "engines": sorted({f"{shard.engine} {shard.parameters}" for shard in model.shards}),
    }


def _stored(context: Context, members: pd.DataFrame) -> str:
    import pyarrow as pa

    return store(pa.Table.from_pandas(members, preserve_index=False), Path(context.settings.root) / "members")


def _checked(neighbours: DataFrame, members: pd.DataFrame, tolerance: float = TOLERANCE) -> tuple[int, int, int]:
    """Right neighbours, neighbours that exist, and tracks that lack some."""
    found = neighbours.select(TRACK_ID, GENRE_GROUP, DISTANCE).toPandas()  # some 10^6 rows
    limits, exist = [], 0
    for group, rows in members.groupby(GENRE_GROUP, sort=True):
        k = min(K, len(rows) - 1)
        exist += k * len(rows)
        kth = nearest(rows[list(AUDIO12_Z)].to_numpy(), k=k)[1][:, -1] if k else np.zeros(0)
        if k:
            limits.append(rows[[TRACK_ID]].assign(**{GENRE_GROUP: group, "limit": kth * tolerance, "k": k}))
    import pandas as pd

    limit = pd.concat(limits)
    joined = found.merge(limit, on=[TRACK_ID, GENRE_GROUP])
    counts = joined.groupby([TRACK_ID, GENRE_GROUP]).size()
    asked = limit.set_index([TRACK_ID, GENRE_GROUP])["k"]
    short = int((counts.reindex(asked.index, fill_value=0) < asked).sum())
    return int((joined[DISTANCE] <= joined["limit"]).sum()), exist, short


def _one_group(context: Context, members: pd.DataFrame) -> Figures:
    tracks = members.drop_duplicates(TRACK_ID)
    hashes = tracks[TRACK_ID].map(lambda name: hashlib.sha256(name.encode()).hexdigest())
    chosen = tracks.loc[hashes.sort_values().index[:N_ONE_GROUP]].assign(**{GENRE_GROUP: "one"})
    chosen = chosen.sort_values(TRACK_ID, ignore_index=True)
    folder = _stored(context, chosen)
    kth = nearest(chosen[list(AUDIO12_Z)].to_numpy(), k=K)[1][:, -1]
    return {
        "tracks": len(chosen),
        "application": _application(context, folder, chosen),
        "mllib": _mllib(context, folder, chosen, float(np.quantile(kth, SHARE))),
        **{name: _alone(context, folder, chosen, search) for name, search in _searches().items()},
    }


def _searches() -> dict[str, Search]:
    of_faiss = {"faiss_flat": ("Flat", {}), "faiss_ivf": ("IVF141,Flat", {"nprobe": 24})}
    of_faiss["faiss_hnsw"] = ("HNSW32", {"efSearch": 64})
    return {
        "scikit_learn_brute": scikit_learn("brute", k=K, threads=THREADS),
        "scikit_learn_kd_tree": scikit_learn("kd_tree", k=K, threads=THREADS),
        **{name: faiss_factory(text, k=K, threads=THREADS, **given) for name, (text, given) in of_faiss.items()},
    }


def _alone(context: Context, folder: str, chosen: pd.DataFrame, search: Search) -> Figures:
    out = Path(context.settings.root) / "one_process"
    searching, whole = run(folder, out, search)
    # Distances of float32 count as right within 1e-5.
    right, asked, short = _checked(context.spark.read.format("delta").load(str(out)), chosen, 1 + 1e-5)
    recall = round(right / asked, 5)
    return {"recall": recall, "tracks_with_too_few": short, "search_seconds": searching, "whole_seconds": whole}


def _application(context: Context, folder: str, chosen: pd.DataFrame) -> Figures:
    rows = context.spark.read.format("delta").load(folder)
    started = time.monotonic()
    model = _estimator(context).fit(rows)
    context.tables.write_arranged("results.neighbours", model.neighbours(rows))
    whole = time.monotonic() - started
    started = time.monotonic()
    model.neighbours(rows).write.format("noop").mode("overwrite").save()
    search = time.monotonic() - started
    right, asked, short = _checked(context.tables.read("results.neighbours"), chosen)
    return {
        "recall": round(right / asked, 5),
        "tracks_with_too_few": short,
        "search_seconds": round(search, 2),
        "whole_seconds": round(whole, 2),
    }


def _mllib(context: Context, folder: str, chosen: pd.DataFrame, threshold: float) -> Figures:
    tables = context.tables
    started = time.monotonic()
    rows = context.spark.read.format("delta").load(folder)
    vectors = rows.select(TRACK_ID, array_to_vector(F.array(*AUDIO12_Z)).alias("vector")).persist()
    vectors.count()
    read = time.monotonic()
    hasher = BucketedRandomProjectionLSH(
        inputCol="vector", outputCol="hashes", bucketLength=BUCKET, numHashTables=TABLES, seed=42
    ).fit(vectors)
    pairs = hasher.approxSimilarityJoin(vectors, vectors, threshold, distCol=DISTANCE).select(
        F.col(f"datasetA.{TRACK_ID}").alias(TRACK_ID), F.col(f"datasetB.{TRACK_ID}").alias("neighbour_id"), DISTANCE
    )
    best = Window.partitionBy(TRACK_ID).orderBy(DISTANCE, "neighbour_id")
    top = pairs.where(F.col(TRACK_ID) != F.col("neighbour_id")).withColumn(RANK, F.row_number().over(best))
    found = top.where(F.col(RANK) <= K).persist()
    found.count()
    searched = time.monotonic()
    tables.write("results.neighbours", found.withColumns({GENRE_GROUP: F.lit("one"), "engine": F.lit("spark_lsh")}))
    whole = time.monotonic() - started
    right, asked, short = _checked(tables.read("results.neighbours"), chosen)
    found.unpersist()
    vectors.unpersist()
    return {
        "recall": round(right / asked, 5),
        "tracks_with_too_few": short,
        "threshold": round(threshold, 3),
        "search_seconds": round(searched - read, 2),
        "whole_seconds": round(whole, 2),
    }


def _bars(found: dict[str, Figures]) -> dict[str, tuple[float, bool]]:
    ours, theirs = found["one group"]["application"], found["one group"]["mllib"]
    search = theirs["search_seconds"] / ours["search_seconds"]
    whole = theirs["whole_seconds"] / ours["whole_seconds"]
    bars = {
        f"{name}: recall (at least {RECALL})": (found[name]["recall"], found[name]["recall"] >= RECALL)
        for name in ("spotify_songs", "tracks_69k")
    }
    bars |= {
        f"{name}: tracks with too few": (
            float(found[name]["tracks_with_too_few"]),
            not found[name]["tracks_with_too_few"],
        )
        for name in ("spotify_songs", "tracks_69k")
    }
    return {
        **bars,
        "recall above MLlib's": (round(ours["recall"] - theirs["recall"], 4), ours["recall"] > theirs["recall"]),
        f"search, times faster than MLlib's (at least {LEAST_SEARCH:g})": (round(search, 1), search >= LEAST_SEARCH),
        f"whole, times faster than MLlib's (at least {LEAST_WHOLE:g})": (round(whole, 1), whole >= LEAST_WHOLE),
    }


if __name__ == "__main__":
    raise SystemExit(main())
