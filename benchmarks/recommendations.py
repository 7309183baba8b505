"""Recommendations beside a random member of the seed's cluster (document 004), popularity and chance.

Run: ``python -m benchmarks.recommendations``. On the sample catalogue what is relevant was planted: an artist's tracks
share latent factors, and playlists follow a taste. On ``tracks_69k`` it is the artist, and what stands together in the
1,000 playlists of ``mpd/tracks.parquet``, whose tracks are matched by title and artist. The bar: the lower bound of the
paired difference in hit rate lies above 0, by every meaning of relevant.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from benchmarks.record import context_on_scratch, real_data, run_jobs, save
from benchmarks.vectors import sources_of
from spark_app.jobs import (
    cluster_genres,
    curate_tracks,
    find_similar_tracks,
    ingest_catalogue,
    ingest_playlists,
    normalise_features,
    recommend_tracks,
)

if TYPE_CHECKING:
    from spark_app.jobs.base import Context

_JOBS = (
    ingest_catalogue.JOB,
    curate_tracks.JOB,
    ingest_playlists.JOB,
    normalise_features.JOB,
    cluster_genres.JOB,
    find_similar_tracks.JOB,
    recommend_tracks.JOB,
)
_SETTINGS = ("similar.lsh_sample=0",)
Rows = list[dict[str, Any]]


def main() -> int:
    """Measure, print, write the figures; 1 where a difference may be none."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    playlists = f"sources.playlists={real_data()}/mpd/tracks.parquet"
    found = {}
    for name, sources in {"sample": [], "tracks_69k": [*sources_of("tracks_69k"), playlists]}.items():
        with context_on_scratch(*sources, *_SETTINGS) as context:
            found[name] = _measured(context)
        print(f"{name}: playlists: {found[name]['playlists']}")
        for row in found[name]["figures"]:
            print("   ", *row.values(), flush=True)
    bars = {
        f"{name} {row['metric']}: beyond a random member of the cluster (lower bound)": row["difference_low"]
        for name, one in found.items()
        for row in one["figures"]
        if row["method"] == "recommended" and ".hit@" in row["metric"]
    }
    for bar, low in bars.items():
        print(f"{bar}: {low:.4f} {'met' if low > 0 else 'MISSED'}")
    print(f"written: {save('recommendations', {**found, 'bars': bars}).name}")
    return int(min(bars.values()) <= 0)


def _measured(context: Context) -> dict[str, Any]:
    outcomes = run_jobs(context, _JOBS)
    rows = context.tables.read("results.eval_recommendations").orderBy("metric", "method").collect()  # some 130 rows
    figures = [
        {name: round(value, 4) if isinstance(value, float) else value for name, value in row.asDict().items()}
        for row in rows
    ]
    return {"playlists": outcomes["ingest_playlists"].detail, "figures": figures}


if __name__ == "__main__":
    raise SystemExit(main())
