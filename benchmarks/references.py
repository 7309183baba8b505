"""What scikit-learn makes of the rows that a classifier of the application was given."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from pyspark.ml.functions import vector_to_array
from pyspark.sql import functions as F
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, log_loss, roc_auc_score
from sklearn.svm import SVC

from spark_app.classify import pipeline
from spark_app.classify.training import PART
from spark_app.features.splits import TEST, TRAIN, with_part

if TYPE_CHECKING:
    from spark_app.jobs.genre_tasks import Task

ESTIMATORS: dict[str, Callable[[], Any]] = {
    "scikit_learn_forest": lambda: RandomForestClassifier(200, random_state=42, n_jobs=2),
    "scikit_learn_hist_boosting": lambda: HistGradientBoostingClassifier(random_state=42),
    "scikit_learn_svc": lambda: SVC(),  # without probabilities, which it would learn by five more fits
}


def measure(task: Task, fold: int, name: str) -> dict[str, list[float | None]]:
    """Metric -> value, no bounds and no error, of test rows; trained on the prepared training rows alone."""
    (train, train_labels), (test, labels) = prepared_rows(task, fold)
    model = ESTIMATORS[name]().fit(train, train_labels)
    answers = model.predict(test)
    found = {
        "accuracy": accuracy_score(labels, answers),
        "balanced_accuracy": balanced_accuracy_score(labels, answers),
        "macro_f1": f1_score(labels, answers, average="macro"),
    }
    if hasattr(model, "predict_proba"):
        shares = model.predict_proba(test)
        found["log_loss"] = log_loss(labels, shares, labels=model.classes_)
        found["macro_auc"] = roc_auc_score(labels, shares, multi_class="ovr", average="macro", labels=model.classes_)
    return {metric: [float(value), None, None, None] for metric, value in found.items()}


def prepared_rows(task: Task, fold: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Values and labels of training and test rows, imputed and scaled as the application does, in the order of ids."""
    rows = with_part(task.rows, fold=fold, folds=task.context.settings.splits.folds)
    train = rows.where(F.col(PART) == TRAIN)
    preparation = pipeline.fit_preparation(train, features=task.features)
    prepared = preparation.transform(rows.where(F.col(PART).isin(TRAIN, TEST)))
    columns = ["track_id", PART, "label_index", vector_to_array(F.col("features")).alias("x")]
    table = prepared.select(*columns).toPandas().sort_values("track_id")  # some 50,000 rows of 13 values
    parts = (table[table[PART] == part] for part in (TRAIN, TEST))
    return [(np.stack(part["x"].to_list()), part["label_index"].to_numpy(int)) for part in parts]
