"""The registry: every job by name, in the order of the data flow. The only place that knows the order."""

from __future__ import annotations

import difflib

from spark_app.errors import UsageError
from spark_app.jobs import (
    cluster_genres,
    curate_tracks,
    curate_tracks_by_genre,
    eval_audio_similarity,
    explore_features,
    find_similar_tracks,
    genre_predictors,
    ingest_catalogue,
    ingest_playlists,
    make_splits,
    normalise_features,
    recommend_tracks,
    score_genres,
    search_genre_models,
    train_genre_classifiers,
)
from spark_app.jobs.base import Job

_MODULES = (
    ingest_catalogue,
    curate_tracks,
    ingest_playlists,  # its entries are matched to curated.tracks
    curate_tracks_by_genre,
    normalise_features,
    explore_features,
    make_splits,
    genre_predictors,  # its ablation validates on a fold of models.splits
    train_genre_classifiers,
    score_genres,
    cluster_genres,
    find_similar_tracks,
    eval_audio_similarity,
    recommend_tracks,
)
_ON_REQUEST = (search_genre_models,)  # takes minutes, and is asked for when a catalogue is new
JOBS: dict[str, Job] = {module.JOB.name: module.JOB for module in (*_MODULES, *_ON_REQUEST)}

# A pipeline runs several jobs in order.
PIPELINES: dict[str, tuple[str, ...]] = {"pipeline": tuple(module.JOB.name for module in _MODULES)}


def jobs_of(command: str) -> list[Job]:
    """The jobs behind a command: one job (``job_X`` is an alias of ``X``), or those of a pipeline.

    Raises:
        UsageError: No such command; names the nearest.
    """
    name = command.removeprefix("job_")
    if name in PIPELINES:
        return [JOBS[job] for job in PIPELINES[name]]
    if name in JOBS:
        return [JOBS[name]]
    near = difflib.get_close_matches(name, [*JOBS, *PIPELINES], n=3)
    raise UsageError(
        f"there is no job {command}", f"Did you mean {', '.join(near)}?" if near else "See: spark-app jobs"
    )
