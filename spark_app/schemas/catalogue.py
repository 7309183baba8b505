"""Tables of the catalogue: raw and curated."""

from __future__ import annotations

from spark_app.columns import AUDIO12, GENRE_GROUP
from spark_app.schemas.table import AUDIO_TYPED, PLACE, TableSchema, strings

CATALOGUE = (
    # raw: text as delivered, under canonical names
    TableSchema(
        "raw.tracks",
        ("source", "file", "line"),
        f"{PLACE}, file_date date, layout string, track_id string, track_name string, artist_names string, "
        "artist_ids string, album_id string, album_name string, release_date string, popularity string, "
        f"explicit string, {strings(AUDIO12)}, time_signature string, genre string, subgenre string",
        "ingest_catalogue",
    ),
    TableSchema(
        "raw.artists",
        ("source", "file", "line"),
        f"{PLACE}, file_date date, layout string, artist_id string, artist_name string, genres string, "
        "popularity string, followers string",
        "ingest_catalogue",
    ),
    TableSchema(
        "raw.playlists",
        ("source", "file", "line"),
        # a row for each track of a playlist; where a slice puts several on one line, line counts on from the first
        f"{PLACE}, layout string, playlist_id string, position string, track_id string, track_name string, "
        "artist_id string, artist_name string, duration_ms string, duration_min string",
        "ingest_playlists",
    ),
    # curated: typed, one row per key
    TableSchema(
        "curated.tracks",
        ("track_id",),
        "track_id string, track_name string, artist_names array<string>, artist_ids array<string>, "
        "album_id string, album_name string, release_date date, release_date_precision string, "
        f"release_year int, popularity int, explicit boolean, {AUDIO_TYPED}, time_signature int, "
        "genre string, genre_group string, flags array<string>, training_allowed boolean, "
        f"{PLACE}, file_date date",
        "curate_tracks",
    ),
    TableSchema(
        "curated.artists",
        ("artist_id",),
        "artist_id string, artist_name string, genres array<string>, popularity int, followers bigint, "
        f"n_tracks bigint, {PLACE}",
        "curate_tracks",
    ),
    TableSchema(
        "curated.albums",
        ("album_id",),
        "album_id string, album_name string, release_date date, release_date_precision string, n_tracks bigint",
        "curate_tracks",
    ),
    TableSchema(
        "curated.track_artists",
        ("track_id", "artist_id"),
        "track_id string, artist_id string, position int",
        "curate_tracks",
    ),
    TableSchema(
        "curated.artist_albums",
        ("artist_id", "album_id"),
        "artist_id string, album_id string, n_tracks bigint",
        "curate_tracks",
    ),
    TableSchema(
        "curated.track_genres",
        ("track_id", "genre"),
        # position: 1-based, (file, line) order; origin: track or artist; n_artists: credited artists that carry it
        "track_id string, genre string, genre_group string, position int, origin string, n_artists int",
        "curate_tracks",
    ),
    TableSchema(
        "curated.variants",
        ("track_id",),
        # variant_group: the smallest track_id of the group; marks: live, remaster, ... of this member; relation: to the
        # member reference_id (curate/recordings.py), relation_from: title, audio or null; ratios: to the reference's
        "track_id string, variant_group string, n_members int, marks array<string>, reference_id string, "
        "relation string, relation_from string, duration_ratio double, tempo_ratio double, feature_distance double",
        "curate_tracks",
        later=("reference_id", "relation", "relation_from", "duration_ratio", "tempo_ratio", "feature_distance"),
    ),
    TableSchema(
        "curated.playlist_tracks",
        ("playlist_id", "position"),
        # position: from 1; track_id: the catalogue's, null where none matches; match_kind: id, title_artist, or null;
        # n_candidates: tracks of the catalogue that title and artist can mean, null where they were not asked;
        # source_track_id: as delivered, without URI prefix
        "playlist_id string, position int, track_id string, match_kind string, n_candidates int, "
        f"source_track_id string, track_name string, artist_name string, duration_ms double, {PLACE}",
        "ingest_playlists",
    ),
    TableSchema(
        "curated.tracks_by_genre",
        ("track_id", "genre_group"),
        "track_id string, genre_group string, track_name string, artist_name string, popularity int, "
        f"release_year int, {AUDIO_TYPED}, is_top_n boolean, is_stratified boolean, is_hybrid boolean",
        "curate_tracks_by_genre",
        partition_by=GENRE_GROUP,
    ),
)
