"""Names of columns and groups that more than one module uses, with their units.

Spotify's fields keep Spotify's names. A scaled twin adds ``_z`` (population z-score) or ``_range`` (on [-1, 1]).
"""

from __future__ import annotations

# Where a row comes from.
SOURCE = "source"
FILE = "file"  # relative to the source folder
LINE = "line"  # first physical line of the record, 1-based; row number in Parquet
FILE_DATE = "file_date"  # declared date of the file, null when none is declared
LAYOUT = "layout"  # name of the source layout; decides how lists are written

# Identity.
TRACK_ID = "track_id"
TRACK_NAME = "track_name"
ARTIST_ID = "artist_id"
ARTIST_NAME = "artist_name"
ARTIST_IDS = "artist_ids"
ARTIST_NAMES = "artist_names"
ALBUM_ID = "album_id"
ALBUM_NAME = "album_name"
RELEASE_DATE = "release_date"
RELEASE_DATE_PRECISION = "release_date_precision"  # day, month or year
RELEASE_YEAR = "release_year"
POPULARITY = "popularity"  # [0, 100]
EXPLICIT = "explicit"
TIME_SIGNATURE = "time_signature"

# Playlists.
PLAYLIST_ID = "playlist_id"
POSITION = "position"  # in a playlist, from 1

# Audio features.
DANCEABILITY = "danceability"  # [0, 1]
ENERGY = "energy"  # [0, 1]
KEY = "key"  # pitch class 0 (C) to 11 (B)
LOUDNESS = "loudness"  # dB, [-80, 10]
MODE = "mode"  # 0 minor, 1 major
SPEECHINESS = "speechiness"  # [0, 1]
ACOUSTICNESS = "acousticness"  # [0, 1]
INSTRUMENTALNESS = "instrumentalness"  # [0, 1]
LIVENESS = "liveness"  # [0, 1]
VALENCE = "valence"  # [0, 1]
TEMPO = "tempo"  # beats per minute, (0, 300]
DURATION_MS = "duration_ms"  # ms, [1, 24 h]

AUDIO12 = (
    DANCEABILITY,
    ENERGY,
    KEY,
    LOUDNESS,
    MODE,
    SPEECHINESS,
    ACOUSTICNESS,
    INSTRUMENTALNESS,
    LIVENESS,
    VALENCE,
    TEMPO,
    DURATION_MS,
)
AUDIO12_Z = tuple(f"{name}_z" for name in AUDIO12)
AUDIO12_RANGE = tuple(f"{name}_range" for name in AUDIO12)

# Genres.
GENRE = "genre"  # raw genre: NFC, lower case, separators as one space
GENRES = "genres"
GENRE_GROUP = "genre_group"  # one of the map's groups, or UNKNOWN
OTHER = "other"  # has genres, none of which the map knows; a group like the rest
UNKNOWN = "unknown"  # has no genre at all
ALL = "all"  # the whole catalogue, where a column otherwise holds a group

# Rejects.
JOB = "job"
REASON = "reason"
RECORD = "record"

# Learned.
CLUSTER = "cluster"
FOLD = "fold"
RANK = "rank"
NEIGHBOUR_ID = "neighbour_id"
DISTANCE = "distance"
