"""The champions: a row of models.champion and a folder of files each, for training and scoring; no job by itself."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
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
_CROWNING = threading.Lock()  # both kinds of champion share the table, and may be promoted at the same time
REGISTERED = "genre_classifier"
REGISTERED_SETS = "genre_sets"
SETS = "groups"  # target of the model that gives every track a set of genre groups


@dataclass(frozen=True)
class Setup:
    """What two champions must share to be compared.

    Attributes:
        target: ``genre`` or ``group``; ``groups`` for a set of them.
        features: In the order of the model's input.
        labels: In the order of its probabilities.
        metric: That they are compared by.
        protocol: Split, folds and seed. Where a grown catalogue connects artists, some move to another fold, and a
            champion may have learned from what it is measured on again: its bar is then rather too high.
        n_rows: Test rows behind the metric.
    """

    target: str
    features: list[str]
    labels: list[str]
    metric: str
    protocol: str
    n_rows: int


@dataclass(frozen=True)
class Bar:
    """What a contender's lower bound has to exceed.

    Attributes:
        value: Of the metric.
        name: Whose it is.
        is_new: True where the champion was measured again, on the first tested fold alone.
    """

    value: float
    name: str
    is_new: bool = False


def current_champion(context: Context, *, of_sets: bool = False) -> Row | None:
    """A row of models.champion: of the model that gives one genre, or a set of groups; None where none is promoted."""
    return next((row for row in _champions(context) if (row["target"] == SETS) == of_sets), None)


def _champions(context: Context) -> list[Row]:
    return context.tables.read(TABLE).collect() if context.tables.exists(TABLE) else []  # at most two rows


def bar_of(context: Context, setup: Setup, baseline: float, measure: Callable[[PipelineModel], float]) -> Bar:
    """The champion's value, under the protocol of its contenders; else the better baseline's.

    A champion of the same target, features, labels, protocol and metric is the bar: by the value that it was promoted
    on where the number of test rows is the same, measured again where it differs, since a catalogue that has grown may
    be harder or easier. Another champion cannot be compared, and a champion whose files are damaged is no bar.

    Args:
        context: The job's context.
        setup: How the contenders were measured.
        baseline: Value of the better baseline.
        measure: A model's value on today's test rows of the first tested fold.
    """
    champion = current_champion(context, of_sets=setup.target == SETS)
    known = champion.asDict() if champion else {}
    same = all(known.get(name) == getattr(setup, name) for name in ("target", "features", "labels", "protocol"))
    if champion is None or not same or champion["metric"] != setup.metric:
        return Bar(baseline, "the better baseline")
    if champion["n_rows"] == setup.n_rows:
        return Bar(champion["value"], f"the champion {champion['model']}")
    try:
        value = measure(load_champion(context, champion))
    except DataError as error:
        log.warning("the champion is not measured again: %s", error)
        return Bar(baseline, "the better baseline")
    log.info("the champion %s, measured again: %.3f", champion["model"], value)
    if value < baseline:
        return Bar(baseline, "the better baseline")
    return Bar(value, f"the champion {champion['model']}, measured again", is_new=True)


def promote(
    context: Context,
    setup: Setup,
    contenders: Sequence[Contender],
    models: Mapping[str, PipelineModel],
    *,
    example: DataFrame,
    bar: Bar,
) -> str:
    """Lets the best model that passes the gate become champion; says in a few words what became of it.

    The champion stays where none passes. One model goes to MLflow, with the signature of ``example``: the new champion,
    else the best.

    Args:
        context: The job's context.
        setup: How the contenders were measured.
        contenders: Measured models.
        models: By name.
        example: A frame of their input columns.
        bar: Of :func:`bar_of`.
    """
    settings = context.settings.classify.champion
    gate = Gate(bar.value, bar.name, settings.max_ece, int(settings.max_mib * 2**20))
    objections = []
    for contender in ranked(contenders):
        reason = objection(contender, gate)
        if not reason:
            stored = _save(context, contender.name, models[contender.name])
            reason = size_objection(stored.n_bytes, gate)
            if not reason:
                context.run.spark_model(models[contender.name], contender.name, example)
                with _CROWNING:
                    _crown(context, setup, contender, stored)
                return f"champion: {contender.name.replace('_', ' ')}"
            delete_model(context.spark, context.settings.root, stored.folder)
        objections.append(f"{contender.name}: {reason}")
        log.info("not promoted: %s", objections[-1])
    for best in ranked(contenders)[:1]:
        context.run.spark_model(models[best.name], best.name, example)
    champion = current_champion(context, of_sets=setup.target == SETS)
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
        "protocol": setup.protocol,
        "metric": setup.metric,
        "value": contender.value,
        "low": contender.low,
        "ece": contender.ece,
        "n_rows": setup.n_rows,
        "model_sha256": stored.sha256,
        "folder": stored.folder,
        "files": list(stored.files),
        "n_bytes": stored.n_bytes,
    }
    columns, is_set = TABLES[TABLE].columns, setup.target == SETS
    others = [row for row in _champions(context) if (row["target"] == SETS) != is_set]
    rows = [[values[name] for name in columns], *[[row[name] for name in columns] for row in others]]
    context.tables.write_rows(TABLE, rows)
    registered = REGISTERED_SETS if is_set else REGISTERED
    context.run.champion(contender.name, registered, {"sha256": stored.sha256, "folder": stored.folder})
