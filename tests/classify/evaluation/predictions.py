"""Random predictions with everything that can go wrong: ties, a label without true rows, one never predicted."""

from __future__ import annotations

import numpy as np
from pyspark.ml.linalg import DenseVector, VectorUDT
from pyspark.sql import types as T

from spark_app.classify.evaluation.one_pass import Plan, evaluate, evaluations

LABELS = ("jazz", "pop", "reggae", "rock", "soul")
PLAN = Plan(labels=LABELS, resamples=200, seed=7, abstain_below=0.4)
SCHEMA = T.StructType(
    [
        T.StructField("track_id", T.StringType()),
        T.StructField("part", T.StringType()),
        T.StructField("unit", T.StringType()),
        T.StructField("label_index", T.DoubleType()),
        T.StructField("prediction", T.DoubleType()),
        T.StructField("probability", VectorUDT()),
    ]
)


def random_predictions(n=300, *, seed=1, true=(0, 1, 2, 3), steps=8):
    """Positions of true labels and probabilities ``(n, 5)`` in coarse steps, so that many of them tie."""
    rng = np.random.default_rng(seed)
    label = rng.choice(true, n)
    votes = rng.integers(0, steps, (n, 5)).astype(float)
    votes[np.arange(n), label] += rng.integers(0, steps, n)
    votes[:, 2] = 0  # reggae is never predicted
    votes[:, 0] += 0.5  # no row is without any vote
    return label, votes / votes.sum(axis=1, keepdims=True)


def frame(spark, label, probability, *, part="test", units=40):
    """The predictions as a fitted model's transform gives them; track i belongs to unit ``i mod units``."""
    rows = [
        (f"t{i:04}", part, f"u{i % units}", None if y is None else float(y), float(np.argmax(p)), DenseVector(p))
        for i, (y, p) in enumerate(zip(label, probability, strict=True))
    ]
    return spark.createDataFrame(rows, SCHEMA)


def evaluated(predictions, *, by=("part",), plan=PLAN):
    """Set -> Evaluation."""
    return evaluations(evaluate(predictions, by=by, plan=plan).collect(), by=by, labels=plan.labels)
