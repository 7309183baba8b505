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
        # variant_group: the smallest track_id of the group; marks: live, remaster, ... of this member
        "track_id string, variant_group string, n_members int, marks array<string>",
        "curate_tracks",
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
