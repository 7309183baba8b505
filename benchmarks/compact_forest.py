"""Size on disk and accuracy of the application's forest beside scikit-learn's 200 trees of depth 20.

Run: ``python -m benchmarks.compact_forest``: generated rows (120,000 x 13 x 6) and ``music_genre_50k``, fold 0.
"""

from __future__ import annotations

import argparse
import pickle
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from pyspark.sql import SparkSession

from benchmarks.clouds import clouds, frame
from benchmarks.folds import accuracy, artist_folds
from benchmarks.record import context_on_scratch, real_data, save
from spark_app.classify.growing import GrownForest

TREES, DEPTH = 200, 20
MOST_MIB, LARGEST_LOSS = 50.0, 0.005
ROWS = 120_000
REFERENCE = (0.68, 0.75)  # what the generated rows are tuned for


def main() -> int:
    """Measure, print, write the figures; 1 where a bar is missed."""
    args = _parser().parse_args()
    music = real_data() / "music_genre_50k" / "music_genre.csv"
    with context_on_scratch(f"sources.tracks={music}") as context:
        found = {"generated": _measure(context.spark, *_generated(args.rows), args.min_rows)}
        reached = found["generated"]["accuracy"]["scikit_learn"]
        if args.rows == ROWS and not REFERENCE[0] <= reached <= REFERENCE[1]:
            found["generated"]["passes"] = False
            print(f"the reference reaches {reached}: the generator has to be tuned to {REFERENCE}")
        print("generated", found["generated"], flush=True)
        fold = next(artist_folds(context))
        found["music_genre_50k"] = _measure(context.spark, fold.train, fold.test, args.min_rows)
        print("music_genre_50k", found["music_genre_50k"])
    path = save(
        "compact_forest", {"trees": TREES, "depth": DEPTH, "min_rows": args.min_rows, "fold": 0, "measured": found}
    )
    print(f"written: {path.name}")
    return int(any(not figures["passes"] for figures in found.values()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--min-rows", type=int, default=3)
    return parser


def _generated(rows: int) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    values, labels = clouds(rows + rows // 4)
    return (values[:rows], labels[:rows]), (values[rows:], labels[rows:])


def _measure(
    spark: SparkSession, train: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray], min_rows: int
) -> dict[str, Any]:
    from sklearn.ensemble import RandomForestClassifier

    started = time.monotonic()
    reference = RandomForestClassifier(TREES, max_depth=DEPTH, random_state=42, n_jobs=2).fit(*train)
    reference_seconds = time.monotonic() - started
    theirs, reference_mib = reference.score(*test), len(pickle.dumps(reference)) / 2**20
    del reference
    training, testing = frame(spark, *train, partitions=4), frame(spark, *test, partitions=4)
    started = time.monotonic()
    model = GrownForest(trees=TREES, depth=DEPTH, minRows=min_rows, keyCol="row", seed=42).fit(training)
    seconds = time.monotonic() - started
    ours, mib = accuracy(model, testing), _mib_on_disk(model)
    training.unpersist()
    testing.unpersist()
    return {
        "rows": len(train[1]),
        "test_rows": len(test[1]),
        "accuracy": {"application": round(ours, 4), "scikit_learn": round(theirs, 4)},
        "mib": {"application": round(mib, 1), "scikit_learn_pickle": round(reference_mib, 1)},
        "seconds": {"application": round(seconds, 1), "scikit_learn": round(reference_seconds, 1)},
        "passes": mib <= MOST_MIB and ours >= theirs - LARGEST_LOSS,
    }


def _mib_on_disk(model: object) -> float:
    with TemporaryDirectory() as folder:
        model.save(f"{folder}/model")  # type: ignore[attr-defined]
        return sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file()) / 2**20


if __name__ == "__main__":
    raise SystemExit(main())
