"""The RBF SVM on the cluster beside ``SVC(kernel="rbf")``: accuracy on artist folds, and how its time grows.

Run: ``python -m benchmarks.rbf``: ``spotify_songs`` on five folds, then 20,000 to 200,000 generated rows.
"""

from __future__ import annotations

import argparse
import time
from statistics import mean
from typing import Any

import numpy as np

from benchmarks.clouds import clouds, frame
from benchmarks.folds import accuracy, artist_folds, summary
from benchmarks.record import context_on_scratch, real_data, save
from spark_app.classify.candidates import CANDIDATES
from spark_app.classify.candidates.base import TrainingSpec
from spark_app.jobs.model_params import model_params
from spark_app.settings import Settings

LARGEST_GAP, LARGEST_EXPONENT = 0.02, 1.15
SIZES = (20_000, 50_000, 100_000, 200_000)


def main() -> int:
    """Measure, print, write the figures; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", action="append", default=[], help="such as classify.rbf.components=512")
    args = parser.parse_args()
    tracks = real_data() / "spotify_songs" / "spotify_songs.csv"
    with context_on_scratch(f"sources.tracks={tracks}", *args.set) as context:
        growth = _growth(context)
        print(growth, flush=True)
        ours, theirs = _on_folds(context)
        settings = context.settings.classify.rbf.model_dump()
    exponents = {name: _exponent(seconds) for name, seconds in growth.items()}
    gap = mean(a for a, _ in theirs) - mean(a for a, _ in ours)
    figures = {
        "settings": settings,
        "accuracy": {"application": summary([a for a, _ in ours]), "libsvm": summary([a for a, _ in theirs])},
        "gap": round(gap, 4),
        "seconds_per_fit": {"application": _seconds(ours), "libsvm": _seconds(theirs)},
        "growth": growth,
        "exponent": exponents,
    }
    print(f"gap {gap:+.4f}   exponents {exponents}   written: {save('rbf', figures).name}")
    return int(gap > LARGEST_GAP or exponents["application"] > LARGEST_EXPONENT)


def _seconds(found: list[tuple[float, float]]) -> float:
    return round(mean(s for _, s in found), 2)


def _estimator(settings: Settings, labels: np.ndarray, width: int) -> Any:
    names = tuple(str(label) for label in np.unique(labels))
    spec = TrainingSpec(names, width, seed=42, params=model_params(settings.classify))
    return CANDIDATES["rbf_svm"].build(spec)


def _growth(context: Any) -> dict[str, dict[int, float]]:
    """Model -> rows -> seconds; libsvm only at the two smallest sizes, since its time grows with the square."""
    from sklearn.svm import SVC

    found: dict[str, dict[int, float]] = {"application": {}, "libsvm": {}}
    values, labels = clouds(SIZES[-1])
    estimator = _estimator(context.settings, labels, values.shape[1])
    estimator.fit(frame(context.spark, values[:1000], labels[:1000], partitions=4))  # starts the Python workers
    for size in SIZES:
        rows = frame(context.spark, values[:size], labels[:size], partitions=4)
        runs = []
        for _ in range(3):
            started = time.monotonic()
            estimator.fit(rows)
            runs.append(time.monotonic() - started)
        found["application"][size] = round(sorted(runs)[1], 2)
        rows.unpersist()
    for size in SIZES[:2]:
        started = time.monotonic()
        SVC().fit(values[:size], labels[:size])
        found["libsvm"][size] = round(time.monotonic() - started, 2)
    return found


def _exponent(seconds: dict[int, float]) -> float:
    """Slope of log seconds over log rows, by least squares."""
    return round(float(np.polyfit(np.log(list(seconds)), np.log(list(seconds.values())), 1)[0]), 3)


def _on_folds(context: Any) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """(accuracy, seconds) per fold, of the application and of libsvm."""
    from sklearn.svm import SVC

    ours, theirs = [], []
    for fold in artist_folds(context):
        training = frame(context.spark, *fold.train, partitions=4)
        testing = frame(context.spark, *fold.test, partitions=4)
        started = time.monotonic()
        model = _estimator(context.settings, fold.train[1], fold.train[0].shape[1]).fit(training)
        seconds = time.monotonic() - started
        ours.append((accuracy(model, testing), seconds))
        started = time.monotonic()
        reference = SVC().fit(*fold.train)
        theirs.append((0.0, time.monotonic() - started))
        theirs[-1] = (reference.score(*fold.test), theirs[-1][1])
        print(fold.number, ours[-1], theirs[-1], flush=True)
        training.unpersist()
        testing.unpersist()
    return ours, theirs


if __name__ == "__main__":
    raise SystemExit(main())
