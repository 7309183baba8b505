"""Seconds of training: the application's tree models beside scikit-learn's and Spark ML's forests.

Run: ``python -m benchmarks.training_speed``: ``spotify_songs`` on five artist folds, then generated rows. Spark ML's
forest takes minutes: ``--spark-folds`` and ``--rows`` say how much of it is measured.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import mean
from typing import Any

import numpy as np
from pyspark.ml.classification import RandomForestClassifier as SparkForest
from pyspark.sql import SparkSession

from benchmarks.clouds import clouds, frame
from benchmarks.folds import accuracy, artist_folds, summary
from benchmarks.record import context_on_scratch, real_data, save
from spark_app.classify.candidates import CANDIDATES
from spark_app.classify.candidates.base import TrainingSpec
from spark_app.jobs.model_params import model_params
from spark_app.settings import Settings

Rows = tuple[np.ndarray, np.ndarray]
OURS = ("random_forest", "gradient_boosting")
SCIKIT = ("scikit_learn_100x14", "scikit_learn_200", "scikit_learn_hist_boosting")
SPARK = "spark_ml_100x14"


def main() -> int:
    """Measure, print, write the figures; 1 where a bar is missed."""
    args = _parser().parse_args()
    tracks = real_data() / "spotify_songs" / "spotify_songs.csv"
    with context_on_scratch(f"sources.tracks={tracks}", *args.set) as context:
        by_model = _on_folds(context, args.spark_folds)
        generated = _on_generated(context.spark, context.settings, args.rows) if args.rows else {}
    figures = {
        "spotify_songs_artist_folds": {
            name: {
                "accuracy": summary([a for a, _ in found]),
                "seconds_per_fit": round(mean(s for _, s in found), 2),
            }
            for name, found in by_model.items()
            if found
        },
        "generated": generated,
    }
    for name, found in by_model.items():
        if found:
            print(f"{name:<28} accuracy {mean(a for a, _ in found):.4f}   seconds {mean(s for _, s in found):.2f}")
    for name, value in generated.items():
        print(f"generated {name}: {value}")
    print(f"written: {save('training_speed', figures).name}")
    return int(not _passes(by_model))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="generated rows; 0 leaves them out")
    parser.add_argument("--spark-folds", type=int, default=1, help="folds on which Spark ML's forest trains")
    parser.add_argument("--set", action="append", default=["classify.boosting.workers=2"])
    return parser


def _passes(by_model: dict[str, list[tuple[float, float]]]) -> bool:
    """At most five times scikit-learn's seconds, at most 0.01 below either reference."""
    accuracies = {name: mean(a for a, _ in found) for name, found in by_model.items() if found}
    seconds = {name: mean(s for _, s in found) for name, found in by_model.items() if found}
    is_fast = seconds["random_forest"] <= 5 * seconds[SCIKIT[0]]
    best = max(accuracies[name] for name in SCIKIT)
    return is_fast and all(accuracies[name] >= best - 0.01 for name in OURS)


def _on_folds(context: Any, spark_folds: int) -> dict[str, list[tuple[float, float]]]:
    """Model -> (accuracy, seconds) per fold."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in (*SCIKIT, *OURS, SPARK)}
    for fold in artist_folds(context):
        for name, estimator in _scikit_learn().items():
            found[name].append(_timed(estimator, fold.train, lambda model, rows=fold.test: model.score(*rows)))
        estimators = _application(context.settings, fold.train)
        if fold.number < spark_folds:
            estimators[SPARK] = _spark_forest()
        for name, figures in _on_spark(context.spark, estimators, fold.train, fold.test).items():
            found[name].append(figures)
            print(fold.number, name, figures, flush=True)
    return found


def _on_spark(
    spark: SparkSession, estimators: dict[str, Any], train: Rows, test: Rows
) -> dict[str, tuple[float, float]]:
    """Model -> (accuracy, seconds)."""
    training, testing = frame(spark, *train, partitions=4), frame(spark, *test, partitions=4)
    estimators["random_forest"].copy().fit(training.limit(100))  # starts the Python workers
    found = {
        name: _timed(estimator, (training,), lambda model: accuracy(model, testing))
        for name, estimator in estimators.items()
    }
    training.unpersist()
    testing.unpersist()
    return found


def _on_generated(spark: SparkSession, settings: Settings, rows: int) -> dict[str, object]:
    values, labels = clouds(rows + 50_000)
    train, test = (values[:rows], labels[:rows]), (values[rows:], labels[rows:])
    estimators = {**_application(settings, train), SPARK: _spark_forest()}
    figures = _on_spark(spark, estimators, train, test)
    return {"rows": rows} | {
        name: {"accuracy": round(right, 4), "seconds": round(seconds, 1)} for name, (right, seconds) in figures.items()
    }


def _timed(estimator: Any, train: tuple[Any, ...], score: Callable[[Any], float]) -> tuple[float, float]:
    started = time.monotonic()
    model = estimator.fit(*train)
    seconds = time.monotonic() - started
    return score(model), seconds


def _application(settings: Settings, train: Rows) -> dict[str, Any]:
    labels = tuple(str(label) for label in np.unique(train[1]))
    spec = TrainingSpec(labels, train[0].shape[1], seed=42, params=model_params(settings.classify), key="row")
    return {name: CANDIDATES[name].build(spec) for name in OURS}


def _spark_forest() -> SparkForest:
    return SparkForest(
        featuresCol="features",
        labelCol="label_index",
        numTrees=100,
        maxDepth=14,
        maxBins=32,
        maxMemoryInMB=512,
        cacheNodeIds=True,
        seed=42,
    )


def _scikit_learn() -> dict[str, Any]:
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

    return {
        SCIKIT[0]: RandomForestClassifier(100, max_depth=14, random_state=42, n_jobs=2),
        SCIKIT[1]: RandomForestClassifier(200, random_state=42, n_jobs=2),
        SCIKIT[2]: HistGradientBoostingClassifier(random_state=42),
    }


if __name__ == "__main__":
    raise SystemExit(main())
