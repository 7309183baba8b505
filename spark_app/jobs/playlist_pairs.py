"""Pairs of tracks that playlists hold for related, as the evaluations use them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from spark_app.features.cooccurrence import cooccurrence

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from spark_app.jobs.base import Context

PLAYLIST_TRACKS = "curated.playlist_tracks"


def played_together(context: Context) -> DataFrame | None:
    """Pairs that share playlists more often than by chance, by ``similar.eval.together``; key ``track_id, other_id``.
    None where there are no playlists. Jobs that call it name ``PLAYLIST_TRACKS`` among what they read.
    """
    tables, together = context.tables, context.settings.similar.eval.together
    if not tables.exists(PLAYLIST_TRACKS):
        return None
    pairs = cooccurrence(
        tables.read(PLAYLIST_TRACKS),
        min_count=together.min_playlists,
        max_tracks=together.max_tracks,
        seed=context.settings.run.seed,
    )
    return pairs.where(F.col("lift") > together.min_lift)
