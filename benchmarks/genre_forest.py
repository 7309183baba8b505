"""The application's forest beside scikit-learn's on ``spotify_songs.csv``: identical folds, rows, features, imputation.

Run: ``python -m benchmarks.genre_forest``. The catalogue goes through the application's own jobs; its figures are the
rows that ``train_genre_classifiers`` wrote.
"""

from __future__ import annotations

import argparse
import time
from statistics import mean, stdev
from typing import TYPE_CHECKING

from benchmarks.record import context_on_scratch, real_data, run_jobs, save
from spark_app.classify.target import LABEL, labelled
from spark_app.columns import AUDIO12, FOLD, TRACK_ID
from spark_app.features.splits import ARTIST_KIND, of_kind
from spark_app.jobs import curate_tracks, ingest_catalogue, make_splits, train_genre_classifiers

if TYPE_CHECKING:
    import pandas as pd

    from spark_app.jobs.base import Context

LEAST_ACCURACY = 0.53
LARGEST_GAP = 0.01


def main() -> int:
    """Measure, print, write the figures; 1 where a bar is missed."""
    args = _parser().parse_args()
    size = {"trees": args.trees, "depth": args.depth}
    folds = list(range(5))
    assignments = [f"classify.{name}={value}" for name, value in size.items()]
    source = real_data() / "spotify_songs" / "spotify_songs.csv"
    with context_on_scratch(f"sources.tracks={source}", f"classify.folds={folds}", *assignments) as context:
        outcomes = run_jobs(context, [ingest_catalogue.JOB, curate_tracks.JOB, make_splits.JOB])
        started = time.monotonic()
        outcomes |= run_jobs(context, [train_genre_classifiers.JOB])
        seconds = time.monotonic() - started
        rows = _rows(context)
        own_models = {name: _by_fold(context, name) for name in ("majority", "random_forest", "logistic_regression")}
    reference, reference_seconds = _scikit_learn(rows, folds, trees=args.trees, depth=args.depth, seed=42)
    accuracies = {**own_models, "scikit_learn_forest": reference}
    figures = {name: _summary(values) for name, values in accuracies.items()}
    gap = mean(reference) - mean(own_models["random_forest"])
    for name, values in figures.items():
        print(f"{name:<22} accuracy {values['mean']:.4f} ± {values['sd']:.4f}   folds {values['folds']}")
    print(f"scikit-learn minus the application: {gap:+.4f}")
    print(f"seconds: job (forest and logistic, 5 folds) {seconds:.0f}, scikit-learn {reference_seconds:.1f}")
    seconds_by = {
        "job_both_models_five_folds": round(seconds, 1),
        "scikit_learn_five_folds": round(reference_seconds, 1),
    }
    path = save(
        "genre_forest",
        {"rows": len(rows), "size": size, "accuracy": figures, "gap": round(gap, 4), "seconds": seconds_by,
         "detail": {name: outcome.detail for name, outcome in outcomes.items()}},
    )  # fmt: skip
    print(f"written: {path.name}")
    return 0 if mean(own_models["random_forest"]) >= LEAST_ACCURACY and abs(gap) <= LARGEST_GAP else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--depth", type=int, default=14)
    return parser


def _rows(context: Context) -> pd.DataFrame:
    """The same labelled rows that the job trained on, sorted by key: some 28,000."""
    tracks, splits = context.tables.read("curated.tracks"), context.tables.read("models.splits")
    rows: pd.DataFrame = labelled(tracks, of_kind(splits, ARTIST_KIND), target="genre", features=AUDIO12).toPandas()
    return rows.sort_values(TRACK_ID, ignore_index=True)


def _by_fold(context: Context, model: str) -> list[float]:
    metrics = context.tables.read("models.genre_metrics").where(
        "split_kind = 'artist' and genre = 'all' and metric = 'accuracy'"
    )
    found = {row.fold: row.value for row in metrics.where(metrics.model == model).collect()}  # five rows
    return [found[fold] for fold in sorted(found)]


def _scikit_learn(
    rows: pd.DataFrame, folds: list[int], *, trees: int, depth: int, seed: int
) -> tuple[list[float], float]:
    """Accuracy of each fold, and the seconds of all fits; fold k tests, k + 1 stays out, the rest trains."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    features, started, found = list(AUDIO12), time.monotonic(), []
    for fold in folds:
        is_test = rows[FOLD] == fold
        train, test = rows[~is_test & (rows[FOLD] != (fold + 1) % len(folds))], rows[is_test]
        forest = RandomForestClassifier(trees, max_depth=depth, max_features="sqrt", random_state=seed, n_jobs=-1)
        model = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler(), forest)
        found.append(float(model.fit(train[features], train[LABEL]).score(test[features], test[LABEL])))
    return found, time.monotonic() - started


def _summary(values: list[float]) -> dict[str, object]:
    """Mean and sample standard deviation over the folds."""
    return {"mean": round(mean(values), 4), "sd": round(stdev(values), 4), "folds": [round(v, 4) for v in values]}


if __name__ == "__main__":
    raise SystemExit(main())
