"""Normalisation of generated features, Delta in and out, beside one plain aggregate, a plain write, and Spark ML.

Run: ``python -m benchmarks.normalise [--rows 10000000] [--runs 5]``. Each figure is the median of the runs; the session
is started before. Compared are

- fit: ``FeatureScaler.fit`` against one ``agg`` of ``avg, stddev_pop, min, max`` of the same columns;
- apply and write: the scaled frame (12 columns, 12 z-scores, 12 ranges) against 36 unscaled double columns, both
  written as the table store writes ``features.audio``;
- the whole: fit, apply and write against VectorAssembler + StandardScaler + MaxAbsScaler to arrays, both laid out and
  written alike; and the same without layout and writing, rows computed and thrown away.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from benchmarks.generated import write_features
from benchmarks.record import context_on_scratch, save
from spark_app.columns import AUDIO12, AUDIO12_RANGE, AUDIO12_Z, TRACK_ID
from spark_app.features.scaling import FeatureScaler

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from spark_app.jobs.base import Context

MOST_FIT, MOST_WRITE, LEAST_GAIN = 1.2, 1.3, 3.0


def main() -> int:
    """Measure, print, write the figures; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    with context_on_scratch() as context:
        folder = f"{context.settings.root}/generated"
        write_features(context.spark, folder, rows=args.rows)
        tracks = context.spark.read.format("delta").load(folder)
        seconds = {name: _times(step, args.runs) for name, step in _steps(context, tracks).items()}
    found = {name: round(median(times), 2) for name, times in seconds.items()}
    whole = found["fit"] + found["apply_and_write"]
    ratios = {
        "fit": round(found["fit"] / found["plain_aggregate"], 3),
        "apply_and_write": round(found["apply_and_write"] / found["plain_write"], 3),
        "gain_over_spark_ml": round(found["spark_ml"] / whole, 3),
        "gain_without_writing": round(found["spark_ml_unwritten"] / found["unwritten"], 3),
    }
    for name, times in seconds.items():
        print(f"{name:<18} {found[name]:8.2f} s   runs {[round(t, 2) for t in times]}")
    print(f"ratios: {ratios}")
    path = save("normalise", {"rows": args.rows, "columns": len(AUDIO12), "seconds": found, "ratios": ratios})
    print(f"written: {path.name}")
    met = ratios["fit"] <= MOST_FIT and ratios["apply_and_write"] <= MOST_WRITE
    return 0 if met and ratios["gain_over_spark_ml"] >= LEAST_GAIN else 1


def _steps(context: Context, tracks: DataFrame) -> dict[str, Callable[[], object]]:
    scaler, out = FeatureScaler(inputCols=list(AUDIO12)), f"{context.settings.root}/spark_ml"
    model = scaler.fit(tracks)
    unscaled = {twin: name for names in (AUDIO12_Z, AUDIO12_RANGE) for name, twin in zip(AUDIO12, names, strict=True)}
    twins = [F.col(name).alias(twin) for twin, name in unscaled.items()]
    plain = [F.struct(F.avg(name), F.stddev_pop(name), F.min(name), F.max(name)).alias(name) for name in AUDIO12]
    return {
        "plain_aggregate": lambda: tracks.agg(*plain).collect(),  # one row
        "fit": lambda: scaler.fit(tracks),
        "plain_write": lambda: context.tables.write("features.audio", tracks.select(TRACK_ID, *AUDIO12, *twins)),
        "apply_and_write": lambda: context.tables.write("features.audio", tracks, then=model.transform),
        "spark_ml": lambda: _spark_ml(tracks, out),
        "unwritten": lambda: _thrown_away(scaler.fit(tracks).transform(tracks)),
        "spark_ml_unwritten": lambda: _thrown_away(_scaled_by_spark_ml(tracks)),
    }


def _spark_ml(tracks: DataFrame, folder: str) -> None:
    laid_out = _scaled_by_spark_ml(tracks).repartition(4, TRACK_ID).sortWithinPartitions(TRACK_ID)
    laid_out.write.format("delta").mode("overwrite").save(folder)


def _scaled_by_spark_ml(tracks: DataFrame) -> DataFrame:
    from pyspark.ml import Pipeline
    from pyspark.ml.feature import MaxAbsScaler, StandardScaler, VectorAssembler
    from pyspark.ml.functions import vector_to_array

    stages = [
        VectorAssembler(inputCols=list(AUDIO12), outputCol="features"),
        StandardScaler(inputCol="features", outputCol="z", withMean=True, withStd=True),
        MaxAbsScaler(inputCol="z", outputCol="range"),
    ]
    scaled = Pipeline(stages=stages).fit(tracks).transform(tracks)
    arrays = [vector_to_array(F.col(name)).alias(name) for name in ("z", "range")]
    return scaled.select(TRACK_ID, *AUDIO12, *arrays)


def _thrown_away(rows: DataFrame) -> None:
    rows.write.format("noop").mode("overwrite").save()


def _times(step: Callable[[], object], runs: int) -> list[float]:
    found = []
    for _ in range(runs):
        started = time.monotonic()
        step()
        found.append(time.monotonic() - started)
    return found


if __name__ == "__main__":
    raise SystemExit(main())
