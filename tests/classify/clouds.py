"""Small labelled frames for classifiers."""

from __future__ import annotations

import numpy as np
from pyspark.ml.linalg import Vectors


def arrays(*, rows=120, labels=(0, 1, 2), seed=6, spread=0.5):
    """Values ``(rows, 3)`` of one overlapping cloud per label, in turn, and the labels."""
    rng = np.random.default_rng(seed)
    found = np.array(labels)[np.arange(rows) % len(labels)]
    centres = rng.normal(size=(max(labels) + 1, 3)) * 2
    return centres[found] + spread * rng.normal(size=(rows, 3)), found


def frame(spark, values, labels, weights=None):
    """The same as a frame ``[track_id, features, label_index, weight]``, keys in order."""
    weights = np.ones(len(values)) if weights is None else weights
    rows = [
        (f"t{i:05}", Vectors.dense(row), float(label), float(weight))
        for i, (row, label, weight) in enumerate(zip(values, labels, weights, strict=True))
    ]
    return spark.createDataFrame(rows, ["track_id", "features", "label_index", "weight"])


def probabilities(model, rows):
    """Array ``(n_rows, n_labels)``, in the order of the keys."""
    found = model.transform(rows).select("track_id", "probability").orderBy("track_id").collect()
    return np.stack([row.probability.toArray() for row in found])


def predictions(model, rows):
    """Array ``(n_rows,)``, in the order of the keys."""
    found = model.transform(rows).select("track_id", "prediction").orderBy("track_id").collect()
    return np.array([row.prediction for row in found])
