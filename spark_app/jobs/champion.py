"""The champion: one row of models.champion and one folder of files. Used by training and scoring; no job by itself."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spark_app.classify.promotion import Contender, Gate, objection, ranked, size_objection
from spark_app.errors import DataError
from spark_app.schemas import TABLES
from spark_app.tables.models import StoredModel, delete_model, load_model, save_model

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel
    from pyspark.sql import DataFrame, Row

    from spark_app.jobs.base import Context

log = logging.getLogger(__name__)
TABLE = "models.champion"
REGISTERED = "genre_classifier"


@dataclass(frozen=True)
class Setup:
    """What two champions must share to be compared.

    Attributes:
        target: ``genre`` or ``group``.
        features: In the order of the model's input.
        labels: In the order of its probabilities.
        n_rows: Test rows behind the metric.
    """

    target: str
    features: list[str]
    labels: list[str]
    n_rows: int


def current_champion(context: Context) -> Row | None:
    """The row of models.champion, None where no model has been promoted."""
    if not context.tables.exists(TABLE):
        return None
    return context.tables.read(TABLE).head()


def promote(
    context: Context,
    setup: Setup,
    contenders: Sequence[Contender],
    models: Mapping[str, PipelineModel],
    *,
    example: DataFrame,
    baseline: float,
) -> str:
    """Lets the best model that passes the gate become champion; says in a few words what became of it.

    The champion stays where none passes. Its own value is the bar where it was measured in the same way; otherwise
    (other labels, features or number of test rows) the better baseline's is. One model goes to MLflow, with the
    signature of ``example``: the new champion, else the best.
    """
    gate = _gate(context, setup, baseline)
    objections = []
    for contender in ranked(contenders):
        reason = objection(contender, gate)
        if not reason:
            stored = _save(context, contender.name, models[contender.name])
            reason = size_objection(stored.n_bytes, gate)
            if not reason:
                context.run.spark_model(models[contender.name], contender.name, example)
                _crown(context, setup, contender, stored)
                return f"champion: {contender.name.replace('_', ' ')}"
            delete_model(context.spark, context.settings.root, stored.folder)
        objections.append(f"{contender.name}: {reason}")
        log.info("not promoted: %s", objections[-1])
    for best in ranked(contenders)[:1]:
        context.run.spark_model(models[best.name], best.name, example)
    champion = current_champion(context)
    kept = champion["model"].replace("_", " ") if champion else "none"
    return f"champion: {kept}, as before ({objections[0]})" if objections else f"champion: {kept}"


def load_champion(context: Context, champion: Row) -> PipelineModel:
    """The champion's model, checked file by file and against the columns that it was promoted with.

    Raises:
        DataError: A file differs, or the model reads other features than its row says.
    """
    root = context.settings.root
    model = load_model(context.spark, root, champion["folder"], files=champion["files"])
    features = model.stages[0].getOrDefault("inputCols")
    if features != champion["features"]:
        raise DataError(
            f"the champion {champion['model']} was promoted with {champion['features']}, but reads {features}",
            "Train and promote a model anew: spark-app train_genre_classifiers",
        )
    return model


def _gate(context: Context, setup: Setup, baseline: float) -> Gate:
    settings = context.settings.classify.champion
    champion = current_champion(context)
    bar, name = baseline, "the better baseline"
    if champion is not None and _same_setup(champion, setup) and champion["metric"] == settings.metric:
        bar, name = champion["value"], f"the champion {champion['model']}"
    return Gate(bar, name, settings.max_ece, int(settings.max_mib * 2**20))


def _same_setup(champion: Row, setup: Setup) -> bool:
    return Setup(champion["target"], champion["features"], champion["labels"], champion["n_rows"]) == setup


def _save(context: Context, name: str, model: PipelineModel) -> StoredModel:
    # A folder of its own: a reader of the champion before it is not disturbed, and the row below makes it count.
    folder = f"models/champion_files/{name}-{uuid.uuid4().hex[:8]}"
    return save_model(context.spark, context.settings.root, folder, model)


def _crown(context: Context, setup: Setup, contender: Contender, stored: StoredModel) -> None:
    values = {
        "model": contender.name,
        "target": setup.target,
        "features": setup.features,
        "labels": setup.labels,
        "metric": context.settings.classify.champion.metric,
        "value": contender.value,
        "low": contender.low,
        "ece": contender.ece,
        "n_rows": setup.n_rows,
        "model_sha256": stored.sha256,
        "folder": stored.folder,
        "files": list(stored.files),
        "n_bytes": stored.n_bytes,
    }
    context.tables.write_rows(TABLE, [[values[name] for name in TABLES[TABLE].columns]])
    context.run.champion(contender.name, REGISTERED, {"sha256": stored.sha256, "folder": stored.folder})
