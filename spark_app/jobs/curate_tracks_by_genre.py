"""The genre-partitioned table of tracks with its three selections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spark_app.columns import GENRE_GROUP
from spark_app.curate.membership import group_members
from spark_app.curate.selections import ranked_groups, tracks_by_genre
from spark_app.errors import SkipStep
from spark_app.jobs.base import Context, Job, Outcome, counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spark_app.curate.selections import GroupRanking


def run(context: Context) -> Outcome:
    """Write one row per track and genre group; rows written are rows read.

    Raises:
        SkipStep: No track has a genre.
    """
    settings = context.settings.genres
    tracks, genres = context.tables.read("curated.tracks"), context.tables.read("curated.track_genres")
    if genres.isEmpty():
        raise SkipStep("no track has a genre")
    pairs = group_members(tracks, genres)
    # One row per group: at most 16.
    sizes = {row[GENRE_GROUP]: row["count"] for row in pairs.groupBy(GENRE_GROUP).count().collect()}
    ranking = ranked_groups(sizes, min_tracks=settings.min_tracks)
    selected = tracks_by_genre(
        tracks,
        pairs,
        ranking,
        top_n=settings.top_n,
        stratified_per_genre=settings.stratified_per_genre,
        stratified_genres=settings.stratified_genres,
        hybrid_top=settings.hybrid_top,
        hybrid_tail_per_genre=settings.hybrid_tail_per_genre,
        seed=context.settings.run.seed,
    )
    context.tables.write("curated.tracks_by_genre", selected)
    context.run.metrics({f"tracks_{group.replace(' ', '_')}": float(n) for group, n in sizes.items()})
    return _outcome(sizes, ranking, settings.min_tracks)


def _outcome(sizes: Mapping[str, int], ranking: GroupRanking, min_tracks: int) -> Outcome:
    written = sum(sizes[group] for group in ranking.written)
    left_out = ", ".join(f"{group} {n:,}" for group, n in ranking.too_small.items())
    warnings = (f"groups below {min_tracks} tracks left out: {left_out}",) if left_out else ()
    return Outcome(read=written, kept=written, detail=counted(len(ranking.written), "group"), warnings=warnings)


JOB = Job(
    name="curate_tracks_by_genre",
    summary="Tracks partitioned by genre group, with three selections",
    run=run,
    reads=("curated.tracks", "curated.track_genres"),
)
