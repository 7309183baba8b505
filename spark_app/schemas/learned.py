"""Tables of what is computed from the catalogue: features, models, results."""

from __future__ import annotations

from spark_app.columns import AUDIO12_RANGE, AUDIO12_Z
from spark_app.schemas.table import AUDIO_TYPED, TableSchema, doubles

LEARNED = (
    # features
    TableSchema(
        "features.audio",
        ("track_id",),
        f"track_id string, {AUDIO_TYPED}, {doubles(AUDIO12_Z)}, {doubles(AUDIO12_RANGE)}",
        "normalise_features",
    ),
    TableSchema(
        "features.audio_by_group",
        ("track_id", "genre_group"),
        f"track_id string, genre_group string, {doubles(AUDIO12_Z)}, {doubles(AUDIO12_RANGE)}",
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
        # genre 'all' for metrics over all genres; low, high: 95 % interval, null where there is none; n: rows behind
        # it; uses_outcome: a feature is known only after the release
        "model string, split_kind string, fold int, genre string, metric string, value double, low double, "
        "high double, n bigint, uses_outcome boolean",
        "train_genre_classifiers",
        later=("uses_outcome",),
    ),
    TableSchema(
        "models.genre_comparisons",
        ("model", "other", "genre"),
        # model minus other on the artist split: genre 'all' by classify.champion.metric, each genre by F1; low, high:
        # paired 95 % interval; p_holm: corrected for all pairs ('all'), for all genres of the pair
        "model string, other string, genre string, metric string, difference double, low double, high double, "
        "p double, p_holm double",
        "train_genre_classifiers",
    ),
    TableSchema(
        "models.search_fits",
        ("model", "trial", "fold"),
        # setup: hash of rows, labels, features and of every setting outside the grid that the fit depends on
        "model string, trial string, fold int, metric string, score double, fit_seconds double, setup string",
        "search_genre_models",
    ),
    TableSchema(
        "models.champion",
        ("target",),
        # a row for each model that score_genres applies: of target genre or group, and of target groups (a set);
        # folder: below the root; files: "<sha256> <path>", sorted; features and labels in order; metric, value, low:
        # what it was promoted on; protocol: split, folds, seed
        "model string, target string, features array<string>, labels array<string>, protocol string, "
        "metric string, value double, "
        "low double, ece double, n_rows bigint, model_sha256 string, folder string, files array<string>, "
        "n_bytes bigint",
        "train_genre_classifiers",
        later=("protocol",),
    ),
    TableSchema(
        "models.genre_scores",
        ("track_id", "model", "genre"),
        # p: calibrated probability; rank 1 is the likeliest; is_answer: rank 1 and p at least classify.abstain_below,
        # of multilabel_logistic each group of its set; a track without any is_answer stays unknown to the model
        "track_id string, model string, genre string, p double, rank int, is_answer boolean",
        "score_genres",
    ),
    TableSchema(
        "models.genre_clusters",
        ("track_id", "genre_group"),
        # distance: to the centre, z units; version: of the clusters, as in cluster_cards
        "track_id string, genre_group string, cluster int, distance double, version int",
        "cluster_genres",
        later=("version",),
    ),
    TableSchema(
        "models.cluster_cards",
        ("genre_group", "cluster"),
        # centre: z units in the order of AUDIO12, centre_raw: in their own units; exemplars: members, nearest to the
        # centre first, of other artists where there are some; exemplar_id: the first of them; share: of the group's
        # tracks; profile: centre less the group's mean in the group's standard deviations; k_score: silhouette of k,
        # stability: adjusted Rand index between seeds, both on a sample of the group, null of one cluster and where the
        # sample has no more distinct vectors than clusters; engine: who fitted the group; version: counts clusterings
        # that differ
        "genre_group string, cluster int, k int, n_tracks bigint, inertia double, exemplar_id string, "
        "centre array<double>, share double, centre_raw array<double>, profile array<double>, words string, "
        "exemplars array<string>, k_score double, stability double, engine string, version int",
        "cluster_genres",
        later=("share", "centre_raw", "profile", "words", "exemplars", "k_score", "stability", "engine", "version"),
    ),
    # results
    TableSchema(
        "results.cluster_drift",
        ("genre_group", "cluster", "version"),
        # change: first, matched, new or gone; n_kept: tracks of the cluster before that the group still has; n_stayed:
        # those of them in this cluster; centre_shift: in standard deviations of all tracks, centre_shift_raw: per
        # feature of AUDIO12 in its unit; size_change: n_tracks / previous_n_tracks - 1. What is gone has no number any
        # more: its cluster is -1 - previous_cluster, its n_tracks 0
        "genre_group string, cluster int, version int, change string, previous_cluster int, n_tracks bigint, "
        "previous_n_tracks bigint, size_change double, n_kept bigint, n_stayed bigint, share_stayed double, "
        "centre_shift double, centre_shift_raw array<double>",
        "cluster_genres",
    ),
    TableSchema(
        "results.neighbours",
        ("track_id", "genre_group", "rank"),
        # distance: by similar.metric between z-scores that the index's own scaler has made (notes of
        # models.neighbour_index): that of an earlier run until the catalogue has moved by similar.max_drift
        "track_id string, genre_group string, rank int, neighbour_id string, distance double, engine string",
        "find_similar_tracks",
    ),
    TableSchema(
        "results.neighbour_recall",
        ("genre_group", "engine"),
        # engine: exact and spark_lsh (Euclidean distances alone) on a sample of the group; others as they were tuned,
        # of several shards the mean by tracks; low, high: 95 % interval of the mean recall; compared: vectors that a
        # query was compared with, on the mean
        "genre_group string, engine string, k int, n_tracks bigint, n_queries bigint, recall double, "
        "search_seconds double, low double, high double, compared double, parameters string",
        "find_similar_tracks",
        later=("low", "high", "compared", "parameters"),
    ),
    TableSchema(
        "models.neighbour_index",
        ("genre_group",),
        # fingerprint: of the group's ids and vectors; shards: JSON of its files, engines, parameters and checksums;
        # folder: of the files, below the root. The commit's notes hold settings, features, format, the scaler's moments
        # and the versions of results.neighbours and features.audio that belong to it
        "genre_group string, n_tracks bigint, fingerprint string, engine string, metric string, "
        "features array<string>, folder string, shards string",
        "find_similar_tracks",
    ),
    TableSchema(
        "results.eval_audio_similarity",
        ("protocol", "scaling", "metric", "engine", "genre"),
        # scaling: of Euclidean distances, 'z/cosine' where others; 'none': the features' own units, or of the engines
        # random and popularity nothing; genre: a group, 'all' (mean over queries) or 'macro' (mean over groups, without
        # 'unknown'); n_excluded: queries without any relevant track, which do not count; P0 excludes none and scores
        # them 0. n_artists: of the n_queries that count; low, high: 95 % interval by bootstrap over artists, null for
        # fewer than 5 of them; lift: value over that of the engine random on the same queries. A track is asked for
        # and found in its own group alone (curated.tracks), so that each query counts once
        "protocol string, scaling string, metric string, engine string, genre string, k int, value double, "
        "n_queries bigint, n_excluded bigint, low double, high double, lift double, n_artists bigint",
        "eval_audio_similarity",
        later=("low", "high", "lift", "n_artists"),
    ),
    TableSchema(
        "results.recommendations",
        ("seed_id", "rank"),
        "seed_id string, rank int, track_id string, score double, genre_group string, same_cluster boolean, "
        "reason string",
        "recommend_tracks",
    ),
    TableSchema(
        "results.eval_recommendations",
        ("method", "metric"),
        # metric: protocol.name@k where a truth is needed, else such as coverage; method 'cluster_member': a random
        # member of the seed's cluster; low, high: 95 % interval by bootstrap over artists; difference: from
        # cluster_member on the same seeds, paired
        "method string, metric string, k int, value double, low double, high double, n_queries bigint, "
        "difference double, difference_low double, difference_high double",
        "recommend_tracks",
    ),
)
