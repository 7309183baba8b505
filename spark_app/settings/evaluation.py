"""The section ``similar.eval``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from spark_app.settings.base import Count, Section


class TogetherSettings(Section):
    """Which tracks playlists hold for related."""

    min_playlists: Count
    min_lift: Annotated[float, Field(ge=0)]
    max_tracks: Annotated[int, Field(ge=2)]


class EvaluationSettings(Section):
    """What ``eval_audio_similarity`` compares: every scaling with every metric and engine."""

    scalings: Annotated[list[str], Field(min_length=1)]
    metrics: Annotated[list[str], Field(min_length=1)]
    engines: Annotated[list[str], Field(min_length=1)]
    ks: Annotated[list[Count], Field(min_length=1)]
    queries: Annotated[int, Field(ge=0)]
    resamples: Annotated[int, Field(ge=100, le=10_000)]
    together: TogetherSettings
