"""What a run of find_similar_tracks costs after 1 % of a million tracks came, changed or left.

Run: ``python -m benchmarks.neighbours_incremental [--rows 1000000]``. Tracks are normal with the real moments and
shares of the genre groups of ``tracks_69k``. New tracks, 1 % of the catalogue, go to groups that hold at most 5 % of
it together; then as many of the same groups change, then as many leave. Each time the job runs on the same root, and
recall is measured on sampled tracks of the groups it searched.
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.record import context_on_scratch, run_jobs, save
from benchmarks.vectors import generated, moments_of, real_members, sources_of
from spark_app.columns import AUDIO12, AUDIO12_Z, DISTANCE, GENRE_GROUP, TRACK_ID
from spark_app.jobs import find_similar_tracks, normalise_features
from spark_app.jobs.neighbour_index import scaled_by
from spark_app.schemas import TABLES
from spark_app.similarity.exact import nearest
from spark_app.similarity.tuning import TOLERANCE

if TYPE_CHECKING:
    import pandas as pd

    from spark_app.jobs.base import Context

MOST_SHARE, RECALL, SMALL, CHANGED, SAMPLE = 0.15, 0.99, 0.05, 0.01, 500
SETTINGS = ("similar.lsh_sample=0",)


def main() -> int:
    """Measure, print, write the figures; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    args = parser.parse_args()
    with context_on_scratch(*sources_of("tracks_69k"), *SETTINGS) as context:
        moments = moments_of(real_members(context))
        tracks = generated(moments, args.rows).to_pandas()
        names = _small_groups(tracks)
        found = {"full": _run(context, tracks, names)}
        for change in ("added", "changed", "deleted"):
            tracks = _after(change, tracks, names, n=int(args.rows * CHANGED))
            found[change] = _run(context, tracks, names)
            print(change, found[change], flush=True)
    shares = {
        name: round(run["seconds"] / found["full"]["seconds"], 3) for name, run in found.items() if name != "full"
    }
    recalls = {name: run["recall"] for name, run in found.items()}
    print(f"share of a full build's seconds: {shares} (at most {MOST_SHARE})   recall: {recalls} (at least {RECALL})")
    figures = {"rows": args.rows, "groups": names, "runs": found, "shares": shares}
    print(f"written: {save('neighbours_incremental', figures).name}")
    return int(max(shares.values()) > MOST_SHARE or min(recalls.values()) < RECALL)


def _small_groups(tracks: pd.DataFrame) -> list[str]:
    """The largest groups that hold at most 5 % of the tracks together."""
    shares, names, held = tracks[GENRE_GROUP].value_counts(normalize=True), [], 0.0
    for name, share in shares.items():
        if held + share <= SMALL:
            names.append(str(name))
            held += share
    return names


def _after(change: str, tracks: pd.DataFrame, names: list[str], n: int) -> pd.DataFrame:
    import pandas as pd

    random = np.random.default_rng(8)
    rows = np.flatnonzero(tracks[GENRE_GROUP].isin(names))
    chosen = random.choice(rows, n, replace=n > len(rows))
    if change == "deleted":
        return tracks.drop(tracks.index[chosen]).reset_index(drop=True)
    moved = tracks.iloc[chosen].copy()
    moved[list(AUDIO12_Z)] += random.normal(scale=0.3, size=(n, len(AUDIO12_Z)))
    if change == "changed":
        return pd.concat([tracks.drop(tracks.index[chosen]), moved.drop_duplicates(TRACK_ID)], ignore_index=True)
    moved[TRACK_ID] = [f"n{number:09d}" for number in range(n)]
    return pd.concat([tracks, moved], ignore_index=True)


def _run(context: Context, tracks: pd.DataFrame, names: list[str]) -> dict[str, Any]:
    _write(context, tracks)
    started = time.monotonic()
    outcome = run_jobs(context, [find_similar_tracks.JOB])["find_similar_tracks"]
    seconds = time.monotonic() - started
    return {"seconds": round(seconds, 1), "recall": _recall(context, names), "detail": outcome.detail}


def _write(context: Context, tracks: pd.DataFrame) -> None:
    """The curated tables that the job and the scaler read; the z-scores stand for raw features."""
    from pyspark.sql import functions as F

    raw = tracks.rename(columns=dict(zip(AUDIO12_Z, AUDIO12, strict=True)))
    folder = f"{context.settings.root}/generated.parquet"
    raw.to_parquet(folder)
    rows = context.spark.read.parquet(folder)
    for name in ("curated.tracks", "curated.track_genres"):
        known = rows.withColumn("genre", F.col(GENRE_GROUP))
        columns = [
            (F.col(f.name) if f.name in known.columns else F.lit(None)).cast(f.dataType).alias(f.name)
            for f in TABLES[name].struct.fields
        ]
        context.tables.write(name, known.select(*columns))
    run_jobs(context, [normalise_features.JOB])


def _recall(context: Context, names: list[str]) -> float:
    """Of sampled tracks of the groups, against the exact neighbours by the index's own z-scores."""
    tables = context.tables
    moments = tables.notes("models.neighbour_index")["moments"]
    audio = scaled_by(tables.read("features.audio"), moments).select(TRACK_ID, *AUDIO12_Z)
    genres = tables.read("curated.track_genres").select(TRACK_ID, GENRE_GROUP)
    members = audio.join(genres.where(genres[GENRE_GROUP].isin(names)), on=TRACK_ID).toPandas()  # 5 % of the tracks
    stored = tables.read("results.neighbours").where(genres[GENRE_GROUP].isin(names)).toPandas()
    right = asked = 0
    for group, rows in members.groupby(GENRE_GROUP):
        rows = rows.sort_values(TRACK_ID, ignore_index=True)
        sample = np.random.default_rng(1).choice(len(rows), min(SAMPLE, len(rows)), replace=False)
        kth = nearest(rows[list(AUDIO12_Z)].to_numpy(), k=10, queries=sample)[1][:, -1]
        limit = dict(zip(rows[TRACK_ID].iloc[sample], kth * TOLERANCE, strict=True))
        found = stored[(stored[GENRE_GROUP] == group) & stored[TRACK_ID].isin(limit)]
        right += int((found[DISTANCE] <= found[TRACK_ID].map(limit)).sum())
        asked += 10 * len(sample)
    return round(right / asked, 5)


if __name__ == "__main__":
    raise SystemExit(main())
