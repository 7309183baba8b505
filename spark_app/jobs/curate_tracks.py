"""Raw tracks and artists to the curated tables: one row per id, typed, with genres and near-twins."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pyspark import StorageLevel

from spark_app.columns import ARTIST_ID, TRACK_ID
from spark_app.curate import accounts, rules, winners
from spark_app.curate.artists import (
    ARTIST_ATTRIBUTES,
    ARTIST_VALUES,
    albums_of,
    artist_albums_of,
    artists_of,
    typed_artists,
)
from spark_app.curate.credits import track_artists, unknown_references
from spark_app.curate.genres import genre_map, genres_by_track, known_genres, labels, track_genres
from spark_app.curate.reading import Reading
from spark_app.curate.tracks import TRACK_ATTRIBUTES, TRACK_VALUES, check_columns, curated_tracks, typed_tracks
from spark_app.curate.variants import variants
from spark_app.errors import SkipStep
from spark_app.jobs.base import Context, Job, Outcome
from spark_app.jobs.side_by_side import side_by_side
from spark_app.settings import CurateSettings
from spark_app.sources.layouts import Kind, dialects_by_layout

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

log = logging.getLogger(__name__)

TRACKS: Kind = "tracks"
ARTISTS: Kind = "artists"


def run(context: Context) -> Outcome:
    """Judge every raw row, check that the rows add up, then write the seven tables and the rejects.

    Raises:
        SkipStep: There are no raw tracks.
        DataError: A rule with action ``fail`` is broken, or too many rows are rejected; this job has changed no table.
    """
    curate = context.settings.curate
    check_settings(curate)
    raw = {TRACKS: context.tables.read("raw.tracks"), ARTISTS: context.tables.read("raw.artists")}
    artists = _judged_artists(raw[ARTISTS], curate).persist(StorageLevel.MEMORY_AND_DISK)
    tracks = _judged_tracks(raw[TRACKS], _unknown(raw, artists), curate).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        # At most some sixty rows: kinds x fates x reasons.
        counted = winners.counts(tracks, TRACKS, curate.rules).union(winners.counts(artists, ARTISTS, curate.rules))
        account = accounts.Account.of(counted.collect())
        if account.read(TRACKS) == 0:
            raise SkipStep("there are no raw tracks")
        account.check(curate.max_rejected_share)
        _write(context, raw, tracks, artists)
    finally:
        tracks.unpersist()
        artists.unpersist()
    return _outcome(context, account)


def account_of(raw: DataFrame, *, kind: Kind, curate: CurateSettings) -> accounts.Account:
    """What curation would do with the rows of one file alone; one job, nothing is written.

    Args:
        raw: Rows of ``raw.tracks`` or ``raw.artists``.
        kind: ``tracks`` or ``artists``. Whether artists are known is not asked, since that takes both files.
        curate: The rules.
    """
    check_settings(curate)
    judged = _judged_tracks(raw, None, curate) if kind == TRACKS else _judged_artists(raw, curate)
    return accounts.Account.of(winners.counts(judged, kind, curate.rules).collect())  # some thirty rows


def check_settings(curate: CurateSettings) -> None:
    """Refuse rules, limits and sentinels of what there is not (UsageError)."""
    rules.check_rules(curate.rules)
    check_columns({"limits": curate.limits, "sentinels": curate.sentinels})


def reading_of(curate: CurateSettings) -> Reading:
    """The part of the settings that says how values are read."""
    return Reading(
        dialects=dialects_by_layout(),
        limits=curate.limits,
        sentinels=curate.sentinels,
        placeholders=curate.placeholder_artists,
        max_text_length=curate.max_text_length,
        max_genre_length=curate.max_genre_length,
    )


def _judged_artists(raw: DataFrame, curate: CurateSettings) -> DataFrame:
    typed = typed_artists(raw, reading=reading_of(curate))
    return winners.judged(
        typed, key=ARTIST_ID, actions=curate.rules, values=ARTIST_VALUES, attributes=ARTIST_ATTRIBUTES
    )


def _judged_tracks(raw: DataFrame, unknown: DataFrame | None, curate: CurateSettings) -> DataFrame:
    typed = typed_tracks(raw, unknown, reading=reading_of(curate))
    return winners.judged(typed, key=TRACK_ID, actions=curate.rules, values=TRACK_VALUES, attributes=TRACK_ATTRIBUTES)


def _unknown(raw: Mapping[Kind, DataFrame], artists: DataFrame) -> DataFrame | None:
    if raw[ARTISTS].isEmpty():  # without an artists file every artist would be unknown
        return None
    return unknown_references(raw[TRACKS], winners.kept(artists), dialects=dialects_by_layout())


def _write(context: Context, raw: Mapping[Kind, DataFrame], tracks: DataFrame, artists: DataFrame) -> None:
    tables, kept, described = context.tables, winners.kept(tracks), winners.kept(artists)
    links = track_artists(kept)

    def the_rest() -> None:
        tables.write("curated.artists", artists_of(kept, described))
        tables.write("curated.albums", albums_of(kept))
        tables.write("curated.track_artists", links)
        tables.write("curated.artist_albums", artist_albums_of(kept))
        tables.write("curated.variants", variants(kept))
        of_tracks = winners.rejects(tracks, raw[TRACKS], job=JOB.name, key=TRACK_ID)
        of_artists = winners.rejects(artists, raw[ARTISTS], job=JOB.name, key=ARTIST_ID)
        tables.replace_rejects(JOB.name, of_tracks.union(of_artists))

    side_by_side(lambda: _write_tracks(context, tracks, links, described), the_rest)


def _write_tracks(context: Context, tracks: DataFrame, links: DataFrame, artists: DataFrame) -> None:
    tables, mapping, kept = context.tables, genre_map(), winners.kept(tracks)
    by_track = genres_by_track(tracks, links, artists)
    genres = track_genres(by_track, known_genres(tracks, artists), mapping).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        tables.write("curated.track_genres", genres)
        training_allowed = context.settings.sources.training_allowed
        tables.write("curated.tracks", curated_tracks(kept, labels(genres, mapping), training_allowed=training_allowed))
    finally:
        genres.unpersist()


def _outcome(context: Context, account: accounts.Account) -> Outcome:
    context.run.params({"genre_map_version": genre_map().version})
    context.run.metrics({f"rejected_{reason}": float(n) for reason, n in account.reasons().items()})
    return Outcome(
        read=account.read(),
        kept=account.kept(),
        rejected=account.rejected(),
        merged=account.merged(),
        detail=account.detail(),
        reasons=account.reasons(),
        warnings=account.warnings(),
    )


JOB = Job(
    name="curate_tracks",
    summary="One typed row per track, artist and album; genres, near-twins, rejects",
    run=run,
    reads=("raw.tracks", "raw.artists"),
)
