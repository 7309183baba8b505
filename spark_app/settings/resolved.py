"""All sections together, and what follows from them."""

from __future__ import annotations

import hashlib
import json

from spark_app.settings.base import Section
from spark_app.settings.classify import ClassifySettings
from spark_app.settings.sections import (
    ClusterSettings,
    CurateSettings,
    ExploreSettings,
    GenreSettings,
    NormaliseSettings,
    PredictorSettings,
    RecommendSettings,
    RunSettings,
    SampleSettings,
    SimilarSettings,
    SourceSettings,
    SplitSettings,
    TableSettings,
    TrackingSettings,
)


class Settings(Section):
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
