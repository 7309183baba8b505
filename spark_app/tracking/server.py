"""MLflow itself: the only module that imports it, and only when it is used (the import takes more than a second)."""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from spark_app.tracking.delivery import RefusedError
from spark_app.tracking.journal import PARENT, Record

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from pyspark.ml import Model
    from pyspark.sql import DataFrame

CHAMPION = "champion"  # alias in the registry
_IMPORTING = threading.Lock()
_BATCH = 100  # parameters or metrics a request; MLflow takes no more parameters
_REFUSALS = {"INVALID_PARAMETER_VALUE", "BAD_REQUEST", "RESOURCE_ALREADY_EXISTS"}
_ENVIRONMENT = {
    # Read by mlflow when it is imported: no connection but the one to the tracking URI.
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    # Requirements are given; the check would run pip.
    "MLFLOW_SKIP_PIP_REQUIREMENTS_CHECK": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # It prints the address of each run that ends on a server, in the midst of our JSON.
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # One attempt: what fails is kept in the journal, a job does not wait for retries.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
}


class Server:
    """A tracking server or database.

    Args:
        uri: MLflow tracking URI.
        experiment: Name; made where there is none.
        folder: Of the journal; files of records lie below it.
        timeout_seconds: For one request.
    """

    def __init__(self, uri: str, experiment: str, *, folder: Path, timeout_seconds: float) -> None:
        self._uri = uri
        self._experiment = experiment
        self._folder = folder
        self._timeout = timeout_seconds
        self._experiment_id = ""
        self.run_ids: dict[str, str] = {}
        self._handlers: dict[str, Callable[[Record], None]] = {
            "start": self._start,
            "params": self._params,
            "metrics": self._metrics,
            "file": self._file,
            "model": self._model,
            "champion": self._champion,
            "input": self._input,
            "end": self._end,
        }

    def open(self) -> None:
        """Find the server and the experiment.

        Raises:
            OSError: Nobody listens.
            MlflowException: No answer in time, or an answer that is none.
        """
        self._probe()
        os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] = str(max(1, int(self._timeout)))
        import_mlflow()
        from mlflow import MlflowClient

        artifacts = _make_sqlite(self._uri) if self._uri.startswith("sqlite:///") else None
        self._client: MlflowClient = MlflowClient(tracking_uri=self._uri)
        self._experiment_id = self._found_or_made(str(artifacts / self._experiment) if artifacts else None)

    def apply(self, record: Record) -> None:
        """Take one record.

        Raises:
            RefusedError: MLflow is there but does not accept it.
            OSError, MlflowException: MLflow is away.
        """
        from mlflow.exceptions import MlflowException

        try:
            self._handlers[record["kind"]](record)
        except MlflowException as error:
            if record["kind"] != "start" and error.error_code in _REFUSALS:
                raise RefusedError(error.error_code) from None
            raise

    def _found_or_made(self, location: str | None) -> str:
        from mlflow.exceptions import MlflowException

        found = self._client.get_experiment_by_name(self._experiment)
        if found is None:
            try:
                return str(self._client.create_experiment(self._experiment, location))
            except MlflowException:  # another process may have made it in the meantime
                found = self._client.get_experiment_by_name(self._experiment)
                if found is None:
                    raise
        return str(found.experiment_id)

    def _probe(self) -> None:
        parts = urlsplit(self._uri)
        if parts.scheme in ("http", "https"):
            port = parts.port or (443 if parts.scheme == "https" else 80)
            socket.create_connection((parts.hostname or "", port), timeout=self._timeout).close()

    def _start(self, record: Record) -> None:
        tags = {"mlflow.source.name": "spark-app", "mlflow.source.type": "JOB", **record["tags"]}
        if record["run"] != PARENT:
            tags["mlflow.parentRunId"] = self.run_ids[PARENT]
        run = self._client.create_run(
            self._experiment_id, start_time=record["time"], tags=tags, run_name=record["name"]
        )
        self.run_ids[record["run"]] = run.info.run_id

    def _params(self, record: Record) -> None:
        from mlflow.entities import Param

        for some in _batches(record["values"].items()):
            self._client.log_batch(self._id(record), params=[Param(name, value) for name, value in some])

    def _metrics(self, record: Record) -> None:
        from mlflow.entities import Metric

        for some in _batches(record["values"].items()):
            metrics = [Metric(name, value, record["time"], 0) for name, value in some]
            self._client.log_batch(self._id(record), metrics=metrics)

    def _file(self, record: Record) -> None:
        self._client.log_artifact(self._id(record), str(self._folder / record["path"]), record["folder"])

    def _model(self, record: Record) -> None:
        from mlflow.models import Model as SavedModel

        folder, run_id = self._folder / record["path"], self._id(record)
        saved = SavedModel.load(str(folder))
        saved.run_id, saved.artifact_path = run_id, record["name"]
        saved.save(str(folder / "MLmodel"))
        # File by file: mlflow's own threads for a whole folder would keep the process alive when the server hangs.
        for path in sorted(part for part in folder.rglob("*") if part.is_file()):
            below = path.parent.relative_to(folder).as_posix()
            self._client.log_artifact(run_id, str(path), f"{record['name']}/{below}".removesuffix("/."))
        # What log_model leaves on a run, so that a model can be registered from it.
        history = json.loads(self._client.get_run(run_id).data.tags.get("mlflow.log-model.history", "[]"))
        self._client.set_tag(run_id, "mlflow.log-model.history", json.dumps([*history, saved.get_tags_dict()]))

    def _champion(self, record: Record) -> None:
        run = self._client.get_run(self._id(record))
        name = record["registered"]
        if not self._client.search_registered_models(filter_string=f"name = '{name}'"):
            self._client.create_registered_model(name)
        version = self._client.create_model_version(
            name, f"{run.info.artifact_uri}/{record['name']}", run_id=run.info.run_id, tags=record["tags"]
        )
        self._client.set_registered_model_alias(name, CHAMPION, version.version)

    def _input(self, record: Record) -> None:
        from mlflow.entities import Dataset, DatasetInput, InputTag

        source = {"path": record["path"], "delta_table_version": record["version"]}
        dataset = Dataset(record["name"], record["digest"], "delta_table", json.dumps(source))
        tags = [InputTag("mlflow.data.context", "input")]
        self._client.log_inputs(self._id(record), datasets=[DatasetInput(dataset, tags)])

    def _end(self, record: Record) -> None:
        self._client.set_terminated(self._id(record), record["status"], record["time"])

    def _id(self, record: Record) -> str:
        return self.run_ids[record["run"]]


def import_mlflow() -> None:
    """Import mlflow quietly and without its network habits; one thread at a time."""
    with _IMPORTING:
        os.environ.update(_ENVIRONMENT)
        import mlflow

        for name in ("mlflow", "alembic", mlflow.__name__):
            logging.getLogger(name).setLevel(logging.ERROR)


def save_spark_model(model: Model, folder: Path, example: DataFrame) -> None:
    """Write a fitted Spark ML model with its signature as an MLflow model.

    Args:
        model: Any Spark ML model that can be saved.
        folder: Must not exist yet.
        example: Its input columns; only the schema is read.
    """
    import_mlflow()
    import mlflow.spark
    from mlflow.models import infer_signature

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # integer columns cannot hold missing values, which Spark's nulls can
        output = model.transform(example)
        predicted = output.select("prediction") if "prediction" in output.columns else None
        mlflow.spark.save_model(
            model,
            str(folder.resolve()),
            signature=infer_signature(example, predicted),
            pip_requirements=[f"{package}=={version(package)}" for package in ("pyspark", "mlflow")],
            # Spark writes the model here, and mlflow moves it; on a cluster this must be a shared file system.
            dfs_tmpdir=os.environ.get("MLFLOW_DFS_TMP") or folder.parent.resolve().as_uri(),
        )


def _make_sqlite(uri: str) -> Path:
    """Make the database where there is none; returns the folder for artefacts beside it.

    It is made under another name and linked into place, so that a process killed meanwhile, or a second one at the
    same time, leaves no half of a schema.
    """
    path = Path(uri.removeprefix("sqlite:///"))
    artifacts = path.parent.resolve() / "mlartifacts"
    if not path.exists():
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"{path.name}.{os.getpid()}.new")
        store = SqlAlchemyStore(f"sqlite:///{unfinished}", str(artifacts))
        store.engine.dispose()
        try:
            os.link(unfinished, path)
        except FileExistsError:
            pass  # another process was faster
        finally:
            unfinished.unlink()
    return artifacts


def _batches(items: Iterable[tuple[str, Any]]) -> Iterator[list[tuple[str, Any]]]:
    listed = list(items)
    for begin in range(0, len(listed), _BATCH):
        yield listed[begin : begin + _BATCH]
