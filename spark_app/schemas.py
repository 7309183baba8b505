"""One schema per table: columns with type and meaning, the key, the partition column, the job that writes it.

The list follows ``contracts.md``. A table is named ``zone.noun`` in code and lies at ``<root>/<zone>/<noun>``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from pyspark.sql import types as T

from spark_app.columns import AUDIO12, AUDIO12_RANGE, AUDIO12_Z, GENRE_GROUP

RUN_COLUMNS = (
    "run_id",
    "model_sha256",
    "folder",
    "files",
    "n_bytes",
)  # identifiers of a run, left out of every comparison


@dataclass(frozen=True)
class TableSchema:
    """What a table promises.

    Attributes:
        name: ``zone.noun``.
        key: Columns that are unique together and never null.
        ddl: Columns and types as Spark DDL.
        job: The one job that writes the table; ``*`` for the two shared tables.
        partition_by: Column whose values are folders, or None.
    """

    name: str
    key: tuple[str, ...]
    ddl: str
    job: str
    partition_by: str | None = None

    @cached_property
    def struct(self) -> T.StructType:
        """The columns as a Spark ``StructType``, all nullable as Delta stores them."""
        return T.StructType([_field(column) for column in _split_top_level(self.ddl)])

    @property
    def columns(self) -> list[str]:
        """Column names in order."""
        return [field.name for field in self.struct.fields]

    @property
    def path(self) -> str:
        """Path below the root: ``zone/noun``."""
        return self.name.replace(".", "/")


_ATOMS: dict[str, T.DataType] = {
    "string": T.StringType(),
    "double": T.DoubleType(),
    "int": T.IntegerType(),
    "bigint": T.LongType(),
    "boolean": T.BooleanType(),
    "date": T.DateType(),
    "timestamp": T.TimestampType(),
}


def _split_top_level(ddl: str) -> list[str]:
    return [part.strip() for part in ddl.split(",") if part.strip()]


def _field(column: str) -> T.StructField:
    name, kind = column.split(" ", 1)
    if kind.startswith("array<"):
        return T.StructField(name, T.ArrayType(_ATOMS[kind[len("array<") : -1]]))
    return T.StructField(name, _ATOMS[kind])


def _doubles(names: tuple[str, ...]) -> str:
    return ", ".join(f"{name} double" for name in names)


def _strings(names: tuple[str, ...]) -> str:
    return ", ".join(f"{name} string" for name in names)


_PLACE = "source string, file string, line bigint"
_AUDIO_TYPED = _doubles(AUDIO12)

_TABLES = (
    # raw: text as delivered, under canonical names
    TableSchema(
        "raw.tracks",
        ("source", "file", "line"),
        f"{_PLACE}, file_date date, layout string, track_id string, track_name string, artist_names string, "
        "artist_ids string, album_id string, album_name string, release_date string, popularity string, "
        f"explicit string, {_strings(AUDIO12)}, time_signature string, genre string, subgenre string",
        "ingest_catalogue",
    ),
    TableSchema(
        "raw.artists",
        ("source", "file", "line"),
        f"{_PLACE}, file_date date, layout string, artist_id string, artist_name string, genres string, "
        "popularity string, followers string",
        "ingest_catalogue",
    ),
    # curated: typed, one row per key
    TableSchema(
        "curated.tracks",
        ("track_id",),
        "track_id string, track_name string, artist_names array<string>, artist_ids array<string>, "
        "album_id string, album_name string, release_date date, release_date_precision string, "
        f"release_year int, popularity int, explicit boolean, {_AUDIO_TYPED}, time_signature int, "
        "genre string, genre_group string, flags array<string>, training_allowed boolean, "
        f"{_PLACE}, file_date date",
        "curate_tracks",
    ),
    TableSchema(
        "curated.artists",
        ("artist_id",),
        "artist_id string, artist_name string, genres array<string>, popularity int, followers bigint, "
        f"n_tracks bigint, {_PLACE}",
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
        f"release_year int, {_AUDIO_TYPED}, is_top_n boolean, is_stratified boolean, is_hybrid boolean",
        "curate_tracks_by_genre",
        partition_by=GENRE_GROUP,
    ),
    # features
    TableSchema(
        "features.audio",
        ("track_id",),
        f"track_id string, {_AUDIO_TYPED}, {_doubles(AUDIO12_Z)}, {_doubles(AUDIO12_RANGE)}",
        "normalise_features",
    ),
    TableSchema(
        "features.audio_by_group",
        ("track_id", "genre_group"),
        f"track_id string, genre_group string, {_doubles(AUDIO12_Z)}, {_doubles(AUDIO12_RANGE)}",
        "normalise_features",
    ),
    TableSchema(
        "features.audio_stats",
        ("feature", "genre_group"),
        # genre_group 'all' describes features.audio; m2: sum of squared deviations; std: population
        "feature string, genre_group string, n bigint, n_null bigint, mean double, m2 double, std double, "
        "min double, max double, max_abs_z double, is_constant boolean",
        "normalise_features",
    ),
    # results of exploration; genre: a genre group, or 'all'
    TableSchema(
        "results.feature_summary",
        ("feature", "genre"),
        # std: population; kurtosis: excess; n_outliers: beyond 1.5 quartile ranges of the quartiles
        "feature string, genre string, n bigint, n_null bigint, share_missing double, mean double, std double, "
        "min double, p01 double, p05 double, q25 double, median double, q75 double, p95 double, p99 double, "
        "max double, skewness double, kurtosis double, n_outliers bigint",
        "explore_features",
    ),
    TableSchema(
        "results.feature_correlation",
        ("feature_a", "feature_b"),
        "feature_a string, feature_b string, pearson double, spearman double, n bigint, is_redundant boolean",
        "explore_features",
    ),
    TableSchema(
        "results.feature_density",
        ("feature", "genre", "bin"),
        "feature string, genre string, bin int, low double, high double, n bigint, density double",
        "explore_features",
    ),
    # models
    TableSchema(
        "models.splits",
        ("track_id", "kind"),
        # kind: artist, random, time; unit: what stays together (connected artists, else near-twins); fold 0..4, null
        # if held; of the time kind 0 tests, 1 validates, 2 trains, and tracks without a date are left out
        "track_id string, kind string, unit string, fold int, is_held_train boolean",
        "make_splits",
    ),
    TableSchema(
        "results.genre_predictors",
        ("genre", "feature"),
        # importance_raw: mean z of the genre less that of the rest; norm: share of the genre's importance_abs
        "genre string, feature string, importance_raw double, importance_abs double, importance_norm double, "
        "cohens_d double, p_value double, p_holm double, is_significant boolean, n_genre bigint, n_rest bigint",
        "genre_predictors",
    ),
    TableSchema(
        "results.feature_ablation",
        ("feature", "model"),
        # feature: the one left out, 'none' for the model with all; changes: against 'none'; se: of the change
        "feature string, model string, accuracy double, accuracy_change double, accuracy_change_se double, "
        "macro_f1 double, macro_f1_change double, n_train bigint, n_valid bigint",
        "genre_predictors",
    ),
    TableSchema(
        "models.genre_metrics",
        ("model", "split_kind", "fold", "genre", "metric"),
        # genre 'all' for metrics over all genres; low, high: 95 % interval, null where there is none; n: rows behind it
        "model string, split_kind string, fold int, genre string, metric string, value double, low double, "
        "high double, n bigint",
        "train_genre_classifiers",
    ),
    TableSchema(
        "models.champion",
        ("model",),
        # one row, the model that score_genres applies; folder: below the root; files: "<sha256> <path>", sorted;
        # features and labels in order; metric, value, low: what it was promoted on
        "model string, target string, features array<string>, labels array<string>, metric string, value double, "
        "low double, ece double, n_rows bigint, model_sha256 string, folder string, files array<string>, "
        "n_bytes bigint",
        "train_genre_classifiers",
    ),
    TableSchema(
        "models.genre_scores",
        ("track_id", "model", "genre"),
        # p: calibrated probability; rank 1 is the likeliest; is_answer: rank 1 and p at least classify.abstain_below,
        # a track without any is_answer stays unknown
        "track_id string, model string, genre string, p double, rank int, is_answer boolean",
        "score_genres",
    ),
    TableSchema(
        "models.genre_clusters",
        ("track_id", "genre_group"),
        "track_id string, genre_group string, cluster int, distance double",
        "cluster_genres",
    ),
    TableSchema(
        "models.cluster_cards",
        ("genre_group", "cluster"),
        # centre: z units in the order of AUDIO12; exemplar_id: the member nearest to the centre
        "genre_group string, cluster int, k int, n_tracks bigint, inertia double, exemplar_id string, "
        "centre array<double>",
        "cluster_genres",
    ),
    # results
    TableSchema(
        "results.neighbours",
        ("track_id", "genre_group", "rank"),
        "track_id string, genre_group string, rank int, neighbour_id string, distance double, engine string",
        "find_similar_tracks",
    ),
    TableSchema(
        "results.neighbour_recall",
        ("genre_group", "engine"),
        "genre_group string, engine string, k int, n_tracks bigint, n_queries bigint, recall double, "
        "search_seconds double",
        "find_similar_tracks",
    ),
    TableSchema(
        "results.eval_audio_similarity",
        ("protocol", "scaling", "metric", "engine", "genre"),
        # n_excluded: queries without any relevant track, never scored as 0
        "protocol string, scaling string, metric string, engine string, genre string, k int, value double, "
        "n_queries bigint, n_excluded bigint",
        "eval_audio_similarity",
    ),
    TableSchema(
        "results.recommendations",
        ("seed_id", "rank"),
        "seed_id string, rank int, track_id string, score double, genre_group string, same_cluster boolean, "
        "reason string",
        "recommend_tracks",
    ),
    # shared by all jobs
    TableSchema(
        "curated.rejects",
        ("job", "source", "file", "line", "reason"),
        "job string, source string, file string, line bigint, reason string, track_id string, record string",
        "*",
        partition_by="job",
    ),
    TableSchema(
        "ops.ledger",
        ("run_id", "step"),
        "run_id string, step int, job string, status string, reason string, run_date date, started_at timestamp, "
        "seconds double, rows_read bigint, rows_kept bigint, rows_rejected bigint, rows_merged bigint, "
        "table_versions string, source_set string, settings_hash string, app_version string",
        "*",
    ),
    TableSchema(
        "ops.sample_truth",
        ("source", "file", "line"),
        # what the sample catalogue planted in each row; see sources/sample
        f"{_PLACE}, row_id bigint, track_id string, planted string, variant_of string, mark string, genre string",
        "ingest_catalogue",
    ),
)

TABLES: dict[str, TableSchema] = {table.name: table for table in _TABLES}


def tables_of(job: str) -> list[TableSchema]:
    """Tables that only ``job`` writes, in the order of the contract."""
    return [table for table in _TABLES if table.job == job]
