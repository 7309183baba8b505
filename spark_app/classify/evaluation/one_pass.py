"""Every metric of every model in one Spark job that reads the predictions once.

Each prediction becomes one row per label (its probability, and whether it is the true label) and one row for all
labels; Spark gathers the rows of a label in one task, where NumPy computes exact metrics. A task holds about 70 bytes
a prediction: 700 MB at ten million.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark.ml.functions import vector_to_array
from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from spark_app.classify.evaluation.bootstrap import interval
from spark_app.classify.evaluation.metrics import (
    AUC,
    BRIER,
    CLASSWISE_ECE,
    CONFUSION,
    DRAWS,
    ECE,
    F1,
    LOG_LOSS,
    MACRO_AUC,
    RELIABILITY,
    RISK_COVERAGE,
    Evaluation,
    Metric,
)
from spark_app.classify.evaluation.one_class import class_draws, one_class
from spark_app.classify.evaluation.whole import (
    Predictions,
    answer_bins,
    bootstrap,
    confusion_of,
    risk_coverage,
    whole_metrics,
)
from spark_app.classify.probabilities import LABEL_INDEX, PREDICTION, PROBABILITY
from spark_app.columns import ALL
from spark_app.errors import DataError
from spark_app.features.components import UNIT

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import pandas as pd

SUPPORTED_TOP = 3
_SMALLEST = 2.220446049250313e-16  # scikit-learn's clip of a float64 probability
_GROUP = "_group"
_WHOLE = -1
_FOUND = "genre string, name string, value double, n bigint, low double, high double, points array<array<double>>"


@dataclass(frozen=True)
class Plan:
    """How to evaluate.

    Attributes:
        labels: Declared labels, at most 256, in the order of the probabilities.
        resamples: Of the bootstrap, at least 1.
        seed: Of the bootstrap.
        abstain_below: Confidence under which the answer is ``unknown``, [0, 1].
    """

    labels: tuple[str, ...]
    resamples: int
    seed: int
    abstain_below: float


def evaluate(predictions: DataFrame, *, by: Sequence[str], plan: Plan) -> DataFrame:
    """Metrics and curves of each set of predictions.

    Args:
        predictions: One row per track and set ``[*by, unit, label_index, prediction, probability]``; rows whose
            ``label_index`` is null (a label that was not declared) are left out.
        by: Columns that keep sets apart, such as model and part.
        plan: Labels and bootstrap.

    Returns:
        ``[*by, genre, name, value, n, low, high, points]``, about ``11 * n_labels + 22`` rows per set: read them with
        :func:`evaluations`. They do not depend on how ``predictions`` is partitioned.
    """
    slim = _exploded(predictions.where(F.col(LABEL_INDEX).isNotNull()), by=by)
    types = dict(predictions.dtypes)
    schema = ", ".join([*[f"`{name}` {types[name]}" for name in by], _FOUND])
    return slim.groupBy(*by, _GROUP).applyInPandas(_measure(plan, by), schema)


def evaluations(rows: Iterable[Row], *, by: Sequence[str], labels: Sequence[str]) -> dict[tuple[Any, ...], Evaluation]:
    """Set -> its evaluation, from the collected rows of :func:`evaluate`.

    Raises:
        DataError: A model gave a probability that is not a number.
    """
    sets: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        sets.setdefault(tuple(row[name] for name in by), []).append(row)
    return {key: _evaluation(found, key, labels) for key, found in sets.items()}


def _exploded(predictions: DataFrame, *, by: Sequence[str]) -> DataFrame:
    p, label, given = F.col("_p"), F.col("_label"), F.col("_given")
    true = F.get(p, label)
    slim = predictions.select(
        *by,
        F.xxhash64(UNIT).alias("_unit"),
        F.col(LABEL_INDEX).cast("int").alias("_label"),
        F.col(PREDICTION).cast("int").alias("_given"),
        vector_to_array(F.col(PROBABILITY)).alias("_p"),
    )
    losses = slim.withColumns(
        {
            "_loss": -F.log(F.greatest(F.lit(_SMALLEST), F.least(F.lit(1 - _SMALLEST), true))),
            # Sum of squares, with the true label's p replaced by p - 1.
            "_brier": F.aggregate(p, F.lit(0.0), lambda total, x: total + x * x) - 2 * true + 1,
            "_in_top": F.size(F.filter(p, _beats(true, label))) < SUPPORTED_TOP,
        }
    )
    nothing = F.lit(None).cast("double")
    whole = F.struct(F.lit(_WHOLE).alias(_GROUP), F.get(p, given).alias("score"), (given == label).alias("hit"))
    single = F.transform(p, lambda x, i: F.struct(i.alias(_GROUP), x.alias("score"), (i == label).alias("hit")))
    rows = losses.withColumn("_one", F.explode(F.concat(F.array(whole), single)))
    is_whole = F.col(f"_one.{_GROUP}") == _WHOLE
    kept = {name: F.when(is_whole, F.col(name)).otherwise(nothing) for name in ("_loss", "_brier")}
    return rows.select(*by, "_one.*", "_unit", "_label", "_given", "_in_top", *[c.alias(n) for n, c in kept.items()])


def _beats(true: Column, label: Column) -> Callable[[Column, Column], Column]:
    # Of equal probabilities the later label comes first, as in scikit-learn's top_k_accuracy_score.
    return lambda x, i: (x > true) | ((x == true) & (i > label))


def _measure(plan: Plan, by: Sequence[str]) -> Callable[[tuple[Any, ...], pd.DataFrame], pd.DataFrame]:
    def measure(key: tuple[Any, ...], rows: pd.DataFrame) -> pd.DataFrame:
        import pandas as pd

        *of, group = key
        found = _whole(rows, plan) if group == _WHOLE else _single(rows, plan, plan.labels[group])
        frame = pd.DataFrame(found, columns=["genre", "name", "value", "n", "low", "high", "points"])
        return frame.assign(**dict(zip(by, of, strict=True)))

    return measure


def _single(rows: pd.DataFrame, plan: Plan, label: str) -> list[tuple[Any, ...]]:
    score, hit = rows["score"].to_numpy(), rows["hit"].to_numpy()
    numbers, curves = one_class(score, hit)
    draws = class_draws(score, hit, rows["_unit"].to_numpy(), resamples=plan.resamples, seed=plan.seed)
    return [
        *[(label, name, value, len(rows), *interval(draws[name]), None) for name, value in numbers.items()],
        *[_curve(label, name, points) for name, points in curves.items()],
        *[_draws(label, name, values) for name, values in draws.items()],
    ]


def _whole(rows: pd.DataFrame, plan: Plan) -> list[tuple[Any, ...]]:
    # Sums of floats depend on their order: it has to follow from the values.
    ordered = rows.sort_values(["_unit", "_label", "_given", "_loss", "_brier", "score"])
    names = ("_unit", "_label", "_given", "score", "_loss", "_brier", "_in_top")
    found = Predictions(*[ordered[name].to_numpy() for name in names])
    draws = bootstrap(found, labels=plan.labels, resamples=plan.resamples, seed=plan.seed)
    metrics = whole_metrics(found, labels=plan.labels, abstain_below=plan.abstain_below, draws=draws)
    curves = {
        CONFUSION: confusion_of(found, len(plan.labels)),
        RELIABILITY: answer_bins(found),
        RISK_COVERAGE: risk_coverage(found),
    }
    return [
        *[(m.genre, m.name, m.value, m.n, m.low, m.high, None) for m in metrics],
        *[_curve(ALL, name, points) for name, points in curves.items()],
        *[_draws(genre, name, values) for (name, genre), values in draws.items() if genre == ALL or name == F1],
    ]


def _draws(genre: str, name: str, values: np.ndarray) -> tuple[Any, ...]:
    return _curve(genre, f"{DRAWS} {name}", values[None])


def _curve(genre: str, name: str, points: np.ndarray) -> tuple[Any, ...]:
    return (genre, name, None, points.shape[-1], None, None, points.astype(float).tolist())


def _evaluation(rows: Sequence[Row], key: tuple[Any, ...], labels: Sequence[str]) -> Evaluation:
    import numpy as np

    numbers = {(r["genre"], r["name"]): r for r in rows if r["points"] is None}
    if numbers[ALL, BRIER]["value"] is None:  # on its way from pandas NaN becomes null
        raise DataError(f"{' '.join(map(str, key))} gives probabilities that are not numbers")
    points = {(r["name"], r["genre"]): np.array(r["points"]) for r in rows if r["points"] is not None}
    prefix = f"{DRAWS} "
    draws = {(n.removeprefix(prefix), g): found[0] for (n, g), found in points.items() if n.startswith(prefix)}
    draws |= _macro_draws(draws, labels)
    metrics = [Metric(r["genre"], r["name"], r["value"], r["n"], r["low"], r["high"]) for r in numbers.values()]
    order = {genre: position for position, genre in enumerate([ALL, *labels])}
    metrics = sorted([*metrics, *_macro(numbers, labels, draws)], key=lambda m: (order[m.genre], m.name))
    return Evaluation(
        metrics=tuple(metrics),
        confusion=points.pop((CONFUSION, ALL)).astype(int),
        curves={of: found for of, found in points.items() if not of[0].startswith(prefix)},
        draws=draws,
    )


_MEANS = ((AUC, MACRO_AUC), (ECE, CLASSWISE_ECE))


def _macro(
    numbers: dict[tuple[str, str], Row], labels: Sequence[str], draws: dict[tuple[str, str], np.ndarray]
) -> list[Metric]:
    """Means over labels; a label without AUC (all rows of one kind) does not count in the mean."""
    n = numbers[ALL, LOG_LOSS]["n"]
    found = []
    for name, macro in _MEANS:
        values = [numbers[label, name]["value"] for label in labels if (label, name) in numbers]
        if values:
            found.append(Metric(ALL, macro, sum(values) / len(values), n, *interval(draws[macro, ALL])))
    return found


def _macro_draws(draws: dict[tuple[str, str], np.ndarray], labels: Sequence[str]) -> dict[tuple[str, str], np.ndarray]:
    """The same means in each resample, which all labels share."""
    import numpy as np

    found = {macro: [draws[name, label] for label in labels if (name, label) in draws] for name, macro in _MEANS}
    return {(macro, ALL): np.mean(values, axis=0) for macro, values in found.items() if values}
