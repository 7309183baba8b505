"""All sections together, and what follows from them."""

from __future__ import annotations

import hashlib
import json
import os

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

_GLOB = frozenset("*?[{")
_FILE_MARKS = _GLOB | {"."}


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
    def places(self) -> dict[str, str]:
        """Where a run reads and writes, by the setting that says so."""
        return {
            "tables.root": self.root,
            "sources.tracks": self.sources.tracks,
            "sources.artists": self.sources.artists,
            "sources.playlists": self.sources.playlists,
        }

    @property
    def tracking_uri(self) -> str:
        """Where MLflow records go."""
        return self.tracking.uri or f"sqlite:///{self.run.build}/mlflow.db"

    def fingerprint(self) -> str:
        """First 12 hex digits of SHA-256 over all settings that can change a table."""
        values = self.model_dump(mode="json", exclude={"tracking": True, "tables": {"root"}, "run": {"build"}})
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]


def folder_name(path: str) -> str:
    """Name of the folder that holds the files of a path or glob; ``catalogue`` where it has none, as ``/`` has not.

    A path without a scheme begins at the working directory. Where it is no folder on this machine, a dot or a glob in
    its last part tells a file.

    >>> folder_name("data/tracks_69k/tracks.csv"), folder_name("s3://b/hits/*.csv"), folder_name("data/hits/")
    ('tracks_69k', 'hits', 'hits')
    """
    local = path.removeprefix("file://").removeprefix("file:")
    is_local = "://" not in local
    full = os.path.abspath(local) if is_local else path.split("://", 1)[1]
    parts = [part for part in full.split("/") if part]
    is_folder = path.endswith("/") or (is_local and os.path.isdir(full))
    # The first part of an address is its bucket, never a file.
    if not is_folder and len(parts) > (0 if is_local else 1) and _FILE_MARKS & set(parts[-1]):
        parts.pop()
    while parts and _GLOB & set(parts[-1]):
        parts.pop()
    return parts[-1] if parts and parts[-1] not in {".", ".."} else "catalogue"
