"""Typed settings: ``conf/base.yaml`` < overlay files < ``--set section.key=value``, merged key by key.

Every default stands in ``conf/base.yaml``; the models here hold types and limits only. A wrong key or value raises
``UsageError`` with its dotted path before Spark starts.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spark_app.errors import UsageError

Action = Literal["warn", "quarantine", "drop", "fail"]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TableSettings(_Section):
    """Where tables lie and in how many files."""

    root: str
    partitions: Count


class SourceSettings(_Section):
    """The user's files and how they are to be read."""

    tracks: str
    artists: str
    name: str
    columns: dict[str, str]
    encoding: str
    file_dates: dict[str, date]
    training_allowed: bool
    replace: bool
    allow_partial: bool
    allow_empty: bool
    max_record_bytes: Count


class SampleSettings(_Section):
    """Size and dirt of the built-in sample catalogue."""

    tracks: Annotated[int, Field(ge=100, le=100_000_000)]
    dirty_share: Annotated[float, Field(ge=0, le=0.5)]


class CurateSettings(_Section):
    """Limits and what to do with rows that break them."""

    limits: dict[str, tuple[float, float]]
    sentinels: dict[str, list[str]]
    placeholder_artists: list[str]
    rules: dict[str, Action]
    max_text_length: Count
    max_genre_length: Count
    max_rejected_share: Share


class GenreSettings(_Section):
    """Selections of the genre-partitioned table."""

    min_tracks: Count
    top_n: Count
    stratified_per_genre: Count
    stratified_genres: Count
    hybrid_top: Count
    hybrid_tail_per_genre: Count


class NormaliseSettings(_Section):
    """Scaled features."""

    incremental: bool


class ExploreSettings(_Section):
    """Summaries, correlations and densities of features."""

    sample_rows: Annotated[int, Field(ge=1, le=200_000)]
    grid_points: Annotated[int, Field(ge=16, le=16_384)]
    bins: Annotated[int, Field(ge=2, le=200)]
    redundant_at: Share


class PredictorSettings(_Section):
    """What tells a genre from the rest."""

    sample_rows: Annotated[int, Field(ge=1, le=100_000)]
    permutations: Annotated[int, Field(ge=1, le=100_000)]
    significant_at: Annotated[float, Field(gt=0, lt=1)]
    ablation_rows: Annotated[int, Field(ge=1, le=200_000)]


class SplitSettings(_Section):
    """Artist-disjoint folds."""

    folds: Annotated[int, Field(ge=3)]
    max_component_share: Annotated[float, Field(gt=0, le=1)]


class ChampionSettings(_Section):
    """What a model must reach before it replaces the champion."""

    metric: Literal["accuracy", "balanced_accuracy", "macro_f1", "weighted_f1"]
    max_ece: Share
    max_mib: Annotated[float, Field(gt=0)]


class ForestSettings(_Section):
    """How the trees of the forest are grown; ``classify.trees`` and ``classify.depth`` say how many and how deep."""

    min_rows: Count
    trees_per_task: Count
    rows_per_task: Annotated[int, Field(ge=100)]


class TreeSettings(_Section):
    """A single decision tree."""

    depth: Annotated[int, Field(ge=1, le=30)]
    bins: Annotated[int, Field(ge=2)]
    min_rows: Count


class LogisticSettings(_Section):
    """Both logistic regressions."""

    iterations: Count


class SvmSettings(_Section):
    """The linear SVM."""

    loss: Literal["hinge", "squared_hinge", "least_squares"]
    cost: Annotated[float, Field(gt=0)]
    iterations: Count


class RbfSettings(SvmSettings):
    """The RBF SVM: random Fourier features, then a linear SVM."""

    components: Annotated[int, Field(ge=2, multiple_of=2)]
    gamma: Annotated[float, Field(ge=0)]


class PerceptronSettings(_Section):
    """The multilayer perceptron."""

    hidden: Count
    iterations: Count


class BoostingSettings(_Section):
    """Gradient boosting."""

    rounds: Count
    depth: Annotated[int, Field(ge=1, le=30)]
    rate: Annotated[float, Field(gt=0, le=1)]
    row_share: Annotated[float, Field(gt=0, le=1)]
    feature_share: Annotated[float, Field(gt=0, le=1)]
    workers: Count
    patience: Count


class ClassifySettings(_Section):
    """Genre classifiers."""

    target: Literal["auto", "genre", "group"]
    splits: list[Literal["artist", "random", "time"]]
    folds: list[Annotated[int, Field(ge=0)]]
    models: list[str]
    trees: Count
    depth: Annotated[int, Field(ge=1, le=30)]
    resamples: Annotated[int, Field(ge=100, le=100_000)]
    abstain_below: Share
    multilabel: bool
    score_top: Count
    champion: ChampionSettings
    parallelism: Count
    forest: ForestSettings
    tree: TreeSettings
    logistic: LogisticSettings
    svm: SvmSettings
    rbf: RbfSettings
    perceptron: PerceptronSettings
    boosting: BoostingSettings


class ClusterSettings(_Section):
    """K-Means per genre group."""

    k: Count
    starts: Count


class SimilarSettings(_Section):
    """Neighbours within a genre group."""

    k: Count
    lsh_sample: Annotated[int, Field(ge=0, le=5000)]
    lsh_tables: Count
    lsh_bucket_length: Annotated[float, Field(gt=0)]


class RecommendSettings(_Section):
    """Ranked lists."""

    k: Count
    max_per_artist: Count


class TrackingSettings(_Section):
    """MLflow."""

    uri: str
    experiment: str
    timeout_seconds: Annotated[float, Field(gt=0, le=5)]


class RunSettings(_Section):
    """What belongs to the run as a whole."""

    seed: int
    build: str


class Settings(_Section):
    """Every setting, resolved and frozen."""

    tables: TableSettings
    sources: SourceSettings
    sample: SampleSettings
    curate: CurateSettings
    genres: GenreSettings
    normalise: NormaliseSettings
    explore: ExploreSettings
    predictors: PredictorSettings
    splits: SplitSettings
    classify: ClassifySettings
    cluster: ClusterSettings
    similar: SimilarSettings
    recommend: RecommendSettings
    tracking: TrackingSettings
    run: RunSettings

    @property
    def uses_sample(self) -> bool:
        """True where no tracks file is named."""
        return not self.sources.tracks

    @property
    def source_name(self) -> str:
        """Name of the source set: as set, else the folder of the tracks file, ``sample`` for the sample catalogue."""
        if self.sources.name:
            return self.sources.name
        if self.uses_sample:
            return "sample"
        return folder_name(self.sources.tracks)

    @property
    def root(self) -> str:
        """Where the tables lie."""
        return self.tables.root or f"{self.run.build}/lake/{self.source_name}"

    @property
    def tracking_uri(self) -> str:
        """Where MLflow records go."""
        return self.tracking.uri or f"sqlite:///{self.run.build}/mlflow.db"

    def fingerprint(self) -> str:
        """First 12 hex digits of SHA-256 over all settings that can change a table."""
        values = self.model_dump(mode="json", exclude={"tracking": True, "tables": {"root"}, "run": {"build"}})
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]


def folder_name(path: str) -> str:
    """Name of the folder that holds the files of a path or glob.

    >>> folder_name("data/tracks_69k/tracks.csv"), folder_name("s3://b/hits/*.csv"), folder_name("data/hits/")
    ('tracks_69k', 'hits', 'hits')
    """
    parts = [part for part in path.rstrip("/").split("/") if part]
    last_is_file = not path.endswith("/") and ("." in parts[-1] or "*" in parts[-1])
    kept = parts[:-1] if last_is_file and len(parts) > 1 else parts
    while len(kept) > 1 and "*" in kept[-1]:
        kept = kept[:-1]
    return kept[-1] if kept[-1] not in {".", ".."} else "catalogue"


def conf_folder() -> Any:
    """The folder ``conf``: beside the package in a checkout or a code zip, inside it in a wheel."""
    package = resources.files("spark_app")
    inside = package / "conf"
    return inside if (inside / "base.yaml").is_file() else package.parent / "conf"  # type: ignore[attr-defined]


def load_settings(overlays: Iterable[str] = (), assignments: Iterable[str] = ()) -> Settings:
    """Settings from the base file, overlay files and ``section.key=value`` assignments, in that order.

    Args:
        overlays: Paths of YAML files that hold differences.
        assignments: ``section.key=value``; the value is read as YAML.

    Raises:
        UsageError: An unreadable file, an unknown key (with the nearest names), or a value out of its limits.
    """
    merged: dict[str, Any] = yaml.safe_load((conf_folder() / "base.yaml").read_text())
    for overlay in overlays:
        merged = _merge(merged, _read_overlay(overlay))
    for assignment in assignments:
        merged = _merge(merged, _parse_assignment(assignment))
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        raise UsageError(*_explain(error, merged)) from None


def _read_overlay(path: str) -> dict[str, Any]:
    try:
        values = yaml.safe_load(Path(path).read_text())
    except OSError as error:
        raise UsageError(f"cannot read the settings file {path}: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise UsageError(f"{path} is not valid YAML: {str(error).splitlines()[0]}") from None
    if values is not None and not isinstance(values, dict):
        raise UsageError(f"{path} must hold sections, such as 'similar:', with their keys below")
    return values or {}


def _parse_assignment(assignment: str) -> dict[str, Any]:
    dotted, equals, text = assignment.partition("=")
    if not equals or not dotted.strip():
        raise UsageError(f"--set {assignment}: write section.key=value, such as similar.k=20")
    try:
        value: Any = yaml.safe_load(text) if text.strip() else ""
    except yaml.YAMLError:
        value = text  # a path or title with YAML's own characters
    for part in reversed(dotted.strip().split(".")):
        value = {part: value}
    return dict(value)


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in over.items():
        below = merged.get(name)
        merged[name] = _merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _explain(error: ValidationError, values: Mapping[str, Any]) -> tuple[str, str]:
    first = error.errors(include_url=False, include_input=False)[0]
    dotted = ".".join(str(part) for part in first["loc"])
    if first["type"] != "extra_forbidden":
        return f"setting {dotted}: {first['msg']}", "conf/base.yaml lists every setting with its limits."
    section: Any = values
    for part in first["loc"][:-1]:
        section = section[part]
    near = difflib.get_close_matches(str(first["loc"][-1]), [k for k in section if k != first["loc"][-1]], n=3)
    prefix = ".".join(str(part) for part in first["loc"][:-1])
    names = ", ".join(f"{prefix}.{name}" if prefix else name for name in near)
    return f"there is no setting {dotted}", f"Did you mean {names}?" if near else "See: spark-app config"
