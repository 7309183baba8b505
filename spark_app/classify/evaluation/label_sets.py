"""Metrics of answers that hold several genres, in one Spark job that reads the predictions once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pyspark.ml.functions import vector_to_array
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from spark_app.classify.evaluation.bins import error_by_chance, reliability
from spark_app.classify.evaluation.bootstrap import interval, resampled_sums, unit_sums
from spark_app.classify.evaluation.metrics import (
    AUC,
    CLASSWISE_ECE,
    COVERAGE,
    ECE,
    ECE_BY_CHANCE,
    F1,
    MACRO_AUC,
    MACRO_F1,
    SUPPORT,
    Metric,
)
from spark_app.classify.evaluation.one_class import class_draws, one_class
from spark_app.classify.multilabel import ANSWER_SET, LABEL_PROBABILITY, LABEL_SET
from spark_app.columns import ALL
from spark_app.features.components import UNIT

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

MICRO_F1 = "micro_f1"
AVERAGE_PRECISION = "average_precision"
MEAN_AVERAGE_PRECISION = "mean_average_precision"
SUBSET_ACCURACY = "subset_accuracy"
COVERAGE_ERROR = "coverage_error"
_WHOLE = -1
_RIGHT, _GIVEN = "right", "given"
_FOUND = "at int, name string, value double, n bigint, draws array<double>"
_Numbers = dict[str, tuple[float, "np.ndarray | None"]]  # name -> value, and its value in each resample


def evaluate_sets(predictions: DataFrame, *, by: Sequence[str], resamples: int, seed: int) -> DataFrame:
    """Numbers per label and for all labels together, in one job: read them with :func:`set_metrics`.

    Args:
        predictions: One row per track and set ``[*by, unit, label_set, label_probability, answer_set]``; no set or
            vector is null.
        by: Columns that keep sets apart.
        resamples: Of the artist-clustered bootstrap, at least 1.
        seed: Of its draws.

    Returns:
        ``[*by, at, name, value, n, draws]``, up to 8 rows per label and 3 for all labels (``at`` -1).
    """
    slim = predictions.select(
        *by,
        F.xxhash64(UNIT).alias("_unit"),
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
    rows = slim.select(*by, "_unit", F.explode(F.concat(F.array(whole), single)).alias("_one"))
    types = dict(predictions.dtypes)
    schema = ", ".join([*[f"`{name}` {types[name]}" for name in by], _FOUND])
    measure = _measure(by, resamples=resamples, seed=seed)
    return rows.select(*by, "_unit", "_one.*").groupBy(*by, "at").applyInPandas(measure, schema)


def set_metrics(
    rows: Iterable[Row], *, by: Sequence[str], labels: Sequence[str]
) -> dict[tuple[Any, ...], list[Metric]]:
    """Set -> all numbers, those over all labels first.

    ``micro_f1`` counts (track, genre) pairs, ``macro_f1`` is the mean over declared labels (``zero_division=0``),
    ``mean_average_precision`` and ``macro_auc`` the mean over labels with true (and false) rows. ``subset_accuracy`` is
    the share of tracks whose answer is exactly right, ``coverage_error`` how many labels down the ranking all true ones
    are found (scikit-learn's definition), ``coverage`` the share of tracks that get any answer, ``classwise_ece`` the
    mean calibration error.
    All but the average precisions, ``ece_by_chance`` and ``support`` have an artist-clustered bootstrap interval.
    """
    sets: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        sets.setdefault(tuple(row[name] for name in by), []).append(row)
    return {key: _metrics(found, labels) for key, found in sets.items()}


def _metrics(rows: Sequence[Row], labels: Sequence[str]) -> list[Metric]:
    import numpy as np

    found = {(row["at"], row["name"]): row for row in rows}
    values = {key: row["value"] for key, row in found.items()}
    draws = {key: np.array(row["draws"]) for key, row in found.items() if row["draws"]}
    n = found[_WHOLE, COVERAGE]["n"]
    over_all, all_draws = _over_labels(values, len(labels)), _over_labels(draws, len(labels))
    shown = (AVERAGE_PRECISION, AUC, ECE, F1, SUPPORT)
    metrics = [_metric(ALL, name, value, n, all_draws.get(name)) for name, value in sorted(over_all.items())]
    return metrics + [
        _metric(label, name, values[i, name], found[i, name]["n"], draws.get((i, name)) if name != SUPPORT else None)
        for i, label in enumerate(labels)
        for name in shown
        if (i, name) in found
    ]


def _metric(genre: str, name: str, value: Any, n: int, draws: np.ndarray | None) -> Metric:
    return Metric(genre, name, float(value), n, *(interval(draws) if draws is not None else ()))


def _over_labels(numbers: Mapping[tuple[int, str], Any], n_labels: int) -> dict[str, Any]:
    """Numbers over all labels from those of each, for values and for draws alike."""
    import numpy as np

    each = {
        name: [numbers[i, name] for i in range(n_labels) if (i, name) in numbers]
        for name in (_RIGHT, SUPPORT, _GIVEN, F1, ECE, ECE_BY_CHANCE, AUC, AVERAGE_PRECISION)
    }
    found = {name: numbers[_WHOLE, name] for name in (SUBSET_ACCURACY, COVERAGE_ERROR, COVERAGE)}
    pairs = sum(each[SUPPORT]) + sum(each[_GIVEN])
    found[MICRO_F1] = 2 * sum(each[_RIGHT]) / np.maximum(pairs, 1)
    found[MACRO_F1] = sum(each[F1]) / n_labels
    means = {
        CLASSWISE_ECE: ECE,
        ECE_BY_CHANCE: ECE_BY_CHANCE,
        MACRO_AUC: AUC,
        MEAN_AVERAGE_PRECISION: AVERAGE_PRECISION,
    }
    return found | {mean: sum(each[name]) / len(each[name]) for mean, name in means.items() if each[name]}


def _measure(
    by: Sequence[str], *, resamples: int, seed: int
) -> Callable[[tuple[Any, ...], pd.DataFrame], pd.DataFrame]:
    def measure(key: tuple[Any, ...], rows: pd.DataFrame) -> pd.DataFrame:
        import numpy as np
        import pandas as pd

        order = np.lexsort((rows["_unit"], rows["given"], rows["hit"], rows["p"]))
        p, hit, given, unit = (rows[name].to_numpy()[order] for name in ("p", "hit", "given", "_unit"))
        *of, at = key
        if at == _WHOLE:
            found = _summed({SUBSET_ACCURACY: hit, COVERAGE_ERROR: p, COVERAGE: given}, unit, resamples, seed)
        else:
            found = _single(p, hit, given, unit, resamples, seed)
        values, draws = zip(*found.values(), strict=True)
        columns = {"at": int(at), "name": list(found), "value": values, "n": len(rows), "draws": draws}
        return pd.DataFrame({**dict(zip(by, of, strict=True)), **columns})

    return measure


def _summed(columns: Mapping[str, np.ndarray], unit: np.ndarray, resamples: int, seed: int) -> _Numbers:
    """Means of columns, and the same in each resample."""
    totals = _totals(list(columns.values()), unit, resamples, seed)
    return {
        name: (float(values.mean()), totals[:, i] / totals[:, -1]) for i, (name, values) in enumerate(columns.items())
    }


def _totals(columns: Sequence[np.ndarray], unit: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """Sums of each column, and rows, in each resample."""
    import numpy as np

    n = len(unit)
    cells = [(np.full(n, at), values.astype(float)) for at, values in enumerate([*columns, np.ones(n)])]
    return resampled_sums(unit_sums(unit, cells, width=len(cells)), resamples=resamples, seed=seed)


def _single(p: np.ndarray, hit: np.ndarray, given: np.ndarray, unit: np.ndarray, resamples: int, seed: int) -> _Numbers:
    right = hit & given
    totals = _totals([right, hit, given], unit, resamples, seed)
    draws = class_draws(p, hit, unit, resamples=resamples, seed=seed)
    numbers, _ = one_class(p, hit)
    found: _Numbers = {name: (value, draws[name]) for name, value in numbers.items()}
    found |= {
        name: (float(values.sum()), totals[:, at])
        for at, (name, values) in enumerate({_RIGHT: right, SUPPORT: hit, _GIVEN: given}.items())
    }
    found[ECE_BY_CHANCE] = (error_by_chance(reliability(p, hit.astype(float))), None)
    found[F1] = (_f1(right.sum(), hit.sum(), given.sum()), _f1(*totals[:, :3].T))
    return found | {AVERAGE_PRECISION: (average_precision(p, hit), None)} if hit.any() else found


def _f1(right: Any, true: Any, given: Any) -> Any:
    import numpy as np

    return 2 * right / np.maximum(true + given, 1)


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
