"""The sections, one class each, but for ``classify``."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from spark_app.settings.base import Count, Section, Share
from spark_app.settings.evaluation import EvaluationSettings

Action = Literal["warn", "quarantine", "drop", "fail"]


class TableSettings(Section):
    """Where tables lie and in how many files."""

    root: str
    partitions: Count


class SourceSettings(Section):
    """The user's files and how they are to be read."""

    tracks: str
    artists: str
    playlists: str
    name: str
    columns: dict[str, str]
    encoding: str
    file_dates: dict[str, date]
    training_allowed: bool
    replace: bool
    allow_partial: bool
    allow_empty: bool
    max_record_bytes: Count


class SampleSettings(Section):
    """Size and dirt of the built-in sample catalogue."""

    tracks: Annotated[int, Field(ge=100, le=100_000_000)]
    dirty_share: Annotated[float, Field(ge=0, le=0.5)]


class CurateSettings(Section):
    """Limits and what to do with rows that break them."""

    limits: dict[str, tuple[float, float]]
    sentinels: dict[str, list[str]]
    placeholder_artists: list[str]
    rules: dict[str, Action]
    max_text_length: Count
    max_genre_length: Count
    max_rejected_share: Share


class GenreSettings(Section):
    """Selections of the genre-partitioned table."""

    min_tracks: Count
    top_n: Count
    stratified_per_genre: Count
    stratified_genres: Count
    hybrid_top: Count
    hybrid_tail_per_genre: Count


class NormaliseSettings(Section):
    """Scaled features."""

    incremental: bool


class ExploreSettings(Section):
    """Summaries, correlations and densities of features."""

    sample_rows: Annotated[int, Field(ge=1, le=200_000)]
    grid_points: Annotated[int, Field(ge=16, le=16_384)]
    bins: Annotated[int, Field(ge=2, le=200)]
    redundant_at: Share


class PredictorSettings(Section):
    """What tells a genre from the rest."""

    sample_rows: Annotated[int, Field(ge=1, le=100_000)]
    permutations: Annotated[int, Field(ge=1, le=100_000)]
    significant_at: Annotated[float, Field(gt=0, lt=1)]
    ablation_rows: Annotated[int, Field(ge=1, le=200_000)]


class SplitSettings(Section):
    """Artist-disjoint folds."""

    folds: Annotated[int, Field(ge=3)]
    max_component_share: Annotated[float, Field(gt=0, le=1)]


def _number_of_clusters(value: object) -> object:
    """What ``cluster.k`` takes: a number from 1, ``auto``, or ``distinct/N``."""
    is_number = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    if not is_number and not (isinstance(value, str) and re.fullmatch(r"auto|distinct/[1-9][0-9]*", value)):
        raise ValueError("write a number from 1, auto, or distinct/N such as distinct/10")
    return value


class ClusterSettings(Section):
    """K-Means per genre group."""

    k: Annotated[int | str, BeforeValidator(_number_of_clusters)]
    min_k: Count
    max_k: Annotated[int, Field(le=1000)]
    starts: Count
    init_steps: Count
    task_rows: Count
    sample_rows: Annotated[int, Field(ge=1, le=5_000)]
    stability_seeds: Annotated[int, Field(ge=0, le=100)]
    exemplars: Annotated[int, Field(ge=1, le=100)]

    @model_validator(mode="after")
    def _bounds_in_order(self) -> ClusterSettings:
        if self.min_k > self.max_k:
            raise ValueError(f"min_k {self.min_k} is above max_k {self.max_k}")
        return self


class SimilarSettings(Section):
    """Neighbours within a genre group."""

    k: Annotated[int, Field(ge=1, le=1_000)]
    engine: Literal["auto", "exact", "lsh", "ivf", "graph"]
    target_recall: Annotated[float, Field(gt=0, le=1)]
    metric: Literal["euclidean", "cosine", "inner_product"]
    exact_rows: Annotated[int, Field(ge=0)]
    max_drift: Annotated[float, Field(ge=0, le=1)]
    lsh_sample: Annotated[int, Field(ge=0, le=5000)]
    lsh_tables: Count
    lsh_bucket_length: Annotated[float, Field(gt=0)]
    eval: EvaluationSettings


class ExcludedSettings(Section):
    """What is never recommended."""

    artists: list[str]
    tracks: list[str]


class RecommendEvaluationSettings(Section):
    """How recommendations are measured."""

    queries: Annotated[int, Field(ge=0, le=50_000)]
    resamples: Annotated[int, Field(ge=100, le=100_000)]


class RecommendSettings(Section):
    """Ranked lists."""

    k: Annotated[int, Field(ge=1, le=1_000)]
    pool: Annotated[int, Field(ge=1, le=1_000)]
    max_per_artist: Count
    relevance: Annotated[float, Field(gt=0, le=1)]
    exclude: ExcludedSettings
    eval: RecommendEvaluationSettings


class TrackingSettings(Section):
    """MLflow."""

    uri: str
    experiment: str
    timeout_seconds: Annotated[float, Field(gt=0, le=5)]


class RunSettings(Section):
    """What belongs to the run as a whole."""

    seed: int
    build: str
