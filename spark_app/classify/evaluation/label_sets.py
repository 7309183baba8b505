"""Metrics of answers that hold several genres, in one Spark job that reads the predictions once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from pyspark.ml.functions import vector_to_array
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from spark_app.classify.evaluation.bins import calibration_error, reliability
from spark_app.classify.evaluation.metrics import CLASSWISE_ECE, COVERAGE, ECE, F1, MACRO_F1, SUPPORT, Metric
from spark_app.classify.multilabel import ANSWER_SET, LABEL_PROBABILITY, LABEL_SET
from spark_app.columns import ALL

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

MICRO_F1 = "micro_f1"
AVERAGE_PRECISION = "average_precision"
MEAN_AVERAGE_PRECISION = "mean_average_precision"
SUBSET_ACCURACY = "subset_accuracy"
COVERAGE_ERROR = "coverage_error"
_WHOLE = -1
_FOUND = "at int, name string, value double, n bigint"


def evaluate_sets(predictions: DataFrame) -> DataFrame:
    """Numbers per label and for all labels together: read them with :func:`set_metrics`.

    Args:
        predictions: One row per track ``[label_set, label_probability, answer_set]``; no set or vector is null.

    Returns:
        ``[at, name, value, n]``, 6 rows per label and 3 for all labels (``at`` -1).
    """
    slim = predictions.select(
        F.col(LABEL_SET).alias("_true"),
        F.col(ANSWER_SET).alias("_given"),
        vector_to_array(F.col(LABEL_PROBABILITY)).alias("_p"),
    )
    least = F.array_min(F.transform("_true", lambda i: F.get("_p", i)))
    single = F.transform(
        "_p",
        lambda x, i: F.struct(
            i.alias("at"),
            x.alias("p"),
            F.array_contains("_true", i).alias("hit"),
            F.array_contains("_given", i).alias("given"),
        ),
    )
    # For all labels: how far down the ranking the last true label stands, whether all is right, whether it answers.
    deep = F.size(F.filter("_p", lambda x: x >= least)).cast("double")
    is_same = F.array_sort("_true") == F.array_sort("_given")
    whole = F.struct(
        F.lit(_WHOLE).alias("at"), deep.alias("p"), is_same.alias("hit"), (F.size("_given") > 0).alias("given")
    )
    rows = slim.select(F.explode(F.concat(F.array(whole), single)).alias("_one")).select("_one.*")
    return rows.groupBy("at").applyInPandas(_measure, _FOUND)


def set_metrics(rows: Iterable[Row], *, labels: Sequence[str]) -> list[Metric]:
    """All numbers, those over all labels first.

    ``micro_f1`` counts (track, genre) pairs, ``macro_f1`` is the mean over declared labels (``zero_division=0``),
    ``mean_average_precision`` the mean over labels with true rows. ``subset_accuracy`` is the share of tracks whose
    answer is exactly right, ``coverage_error`` how many labels down the ranking all true ones are found (scikit-learn's
    definition), ``coverage`` the share of tracks that get any answer, ``classwise_ece`` the mean calibration error.
    """
    found = {(row["at"], row["name"]): row for row in rows}
    n = found[_WHOLE, COVERAGE]["n"]
    values = {name: found[_WHOLE, name]["value"] for name in (SUBSET_ACCURACY, COVERAGE_ERROR, COVERAGE)}
    each = {
        name: [found[i, name]["value"] for i in range(len(labels))] for name in ("right", SUPPORT, "given", F1, ECE)
    }
    pairs = sum(each[SUPPORT]) + sum(each["given"])
    precise = [found[i, AVERAGE_PRECISION]["value"] for i in range(len(labels)) if (i, AVERAGE_PRECISION) in found]
    values[MICRO_F1] = 2 * sum(each["right"]) / pairs if pairs else 0.0
    values[MACRO_F1] = sum(each[F1]) / len(labels)
    values[CLASSWISE_ECE] = sum(each[ECE]) / len(labels)
    if precise:
        values[MEAN_AVERAGE_PRECISION] = sum(precise) / len(precise)
    shown = (AVERAGE_PRECISION, ECE, F1, SUPPORT)
    return [Metric(ALL, name, value, n) for name, value in sorted(values.items())] + [
        Metric(label, name, found[i, name]["value"], found[i, name]["n"])
        for i, label in enumerate(labels)
        for name in shown
        if (i, name) in found
    ]


def _measure(key: tuple[Any, ...], rows: pd.DataFrame) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    order = np.lexsort((rows["given"], rows["hit"], rows["p"]))
    p, hit, given = (rows[name].to_numpy()[order] for name in ("p", "hit", "given"))
    found = _whole(p, hit, given) if key[0] == _WHOLE else _single(p, hit, given)
    columns = {"at": int(key[0]), "name": list(found), "value": list(found.values()), "n": len(rows)}
    return pd.DataFrame(columns)


def _whole(depth: np.ndarray, hit: np.ndarray, given: np.ndarray) -> dict[str, float]:
    return {SUBSET_ACCURACY: float(hit.mean()), COVERAGE_ERROR: float(depth.mean()), COVERAGE: float(given.mean())}


def _single(p: np.ndarray, hit: np.ndarray, given: np.ndarray) -> dict[str, float]:
    right, true, said = float((hit & given).sum()), float(hit.sum()), float(given.sum())
    found = {
        "right": right,
        SUPPORT: true,
        "given": said,
        F1: 2 * right / max(true + said, 1.0),
        ECE: calibration_error(reliability(p, hit.astype(float))),
    }
    return found | {AVERAGE_PRECISION: average_precision(p, hit)} if true else found


def average_precision(p: np.ndarray, hit: np.ndarray) -> float:
    """Sum of precision times the step in recall, over distinct thresholds (scikit-learn's definition).

    Args:
        p: Scores ``(n,)``, ascending.
        hit: True where the label is carried, at least once.
    """
    import numpy as np

    last = np.append(np.flatnonzero(np.diff(p[::-1])), len(p) - 1)
    true = np.cumsum(hit[::-1])[last]
    return float((np.diff(np.append(0, true)) * true / (last + 1)).sum() / true[-1])
