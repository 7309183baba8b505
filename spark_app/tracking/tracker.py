"""One parent run a pipeline, one child run a job."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec
from urllib.parse import urlsplit

from spark_app.tracking.delivery import Delivery
from spark_app.tracking.journal import PARENT, Journal
from spark_app.tracking.painter import Painter
from spark_app.tracking.server import Server, save_spark_model

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pyspark.ml import Model
    from pyspark.sql import DataFrame

P = ParamSpec("P")
_LOCAL_PATIENCE = 60.0  # seconds; a local database answers, be it late
_LONGEST_VALUE = 6000  # characters of a parameter that MLflow takes


class JobRun:
    """One job's record. Without a journal it records nothing, which tests of jobs use.

    Args:
        journal: Where records go.
        key: Names this run inside the journal.
        painter: Draws the figures; without one they are drawn at once.
    """

    def __init__(self, journal: Journal | None = None, key: str = PARENT, painter: Painter | None = None) -> None:
        self._journal = journal
        self._key = key
        self._painter = painter

    def params(self, values: Mapping[str, object]) -> None:
        """Record parameters; text longer than MLflow takes is cut."""
        shown = {_safe(name): without_password(str(value))[:_LONGEST_VALUE] for name, value in values.items()}
        self._add("params", values=shown)

    def metrics(self, values: Mapping[str, float]) -> None:
        """Record metrics; NaN and infinity are recorded as such."""
        self._add("metrics", values={_safe(name): float(value) for name, value in values.items()})

    def figure(self, name: str, draw: Callable[P, Figure], *args: P.args, **kwargs: P.kwargs) -> None:
        """Record a matplotlib figure as ``figures/<name>.png``, at the latest when the tracker finishes.

        Args:
            name: Of the figure.
            draw: Makes it, called with the further arguments in a thread of its own.
            args: Of ``draw``; not to be changed any more.
            kwargs: Likewise.
        """
        journal = self._journal
        if journal is None:
            return

        def save() -> None:
            path = journal.place(f"{_file_name(name)}.png")
            draw(*args, **kwargs).savefig(path, format="png", dpi=120, bbox_inches="tight")
            self._add("file", path=journal.relative(path), folder="figures")

        if self._painter is None:
            save()
        else:
            self._painter.put(name, save)

    def spark_model(self, model: Model, name: str, example: DataFrame) -> None:
        """Record a fitted Spark ML model with the signature of ``example``, a frame of its input columns.

        Runs the Spark jobs that writing the model takes, none over ``example``.
        """
        if self._journal is None:
            return
        path = self._journal.place(_file_name(name))
        save_spark_model(model, path, example)
        self._add("model", path=self._journal.relative(path), name=_file_name(name))

    def champion(self, name: str, registered: str, tags: Mapping[str, str]) -> None:
        """Register the model that this run has recorded as ``name`` and let the alias ``champion`` point to it.

        Args:
            name: As given to :meth:`spark_model`.
            registered: Name in the registry; made where there is none.
            tags: Of the version.
        """
        self._add("champion", name=_file_name(name), registered=_file_name(registered), tags=dict(tags))

    def input_table(self, name: str, path: str, version: int | None) -> None:
        """Record a Delta table as input; its digest stands for path and version, so no Spark job runs."""
        digest = hashlib.sha256(f"{path}@{version}".encode()).hexdigest()[:16]
        self._add("input", name=name, path=path, version=version, digest=digest)

    def finish(self, status: str, metrics: Mapping[str, float]) -> None:
        """End the run.

        Args:
            status: ``FINISHED``, ``FAILED`` or ``KILLED``.
            metrics: Last metrics, such as seconds and rows.
        """
        if metrics:
            self.metrics(metrics)
        self._add("end", status=status)

    def _add(self, kind: str, **fields: object) -> None:
        if self._journal is not None:
            self._journal.add(self._key, kind, **fields)


class Tracker:
    """The parent run of one pipeline or single job.

    Args:
        uri: MLflow tracking URI; SQLite files are made where there are none, artefacts lie beside them.
        experiment: Its name; made where there is none.
        timeout_seconds: Longest time that the whole process waits for a server that does not answer.
        spool_folder: Where records lie until they are delivered, and stay where they cannot be.
        run_name: Name of the parent run.
        tags: Of the parent run, such as git commit and settings hash; the settings hash goes to each child as well.
    """

    def __init__(
        self,
        uri: str,
        experiment: str,
        *,
        timeout_seconds: float,
        spool_folder: Path,
        run_name: str,
        tags: Mapping[str, str],
    ) -> None:
        self._uri = uri
        self._folder = spool_folder
        self._name = run_name
        self._tags = dict(tags)
        self._jobs = 0
        patience = _LOCAL_PATIENCE if uri.startswith("sqlite:") else timeout_seconds
        server = Server(uri, experiment, folder=spool_folder, timeout_seconds=timeout_seconds)
        self._delivery = Delivery(server, spool_folder, patience)
        self._journal = Journal(spool_folder, self._delivery.put)
        self._run = JobRun(self._journal)
        self._painter = Painter()

    def open(self, params: Mapping[str, object]) -> None:
        """Start the parent run with its parameters; returns at once, MLflow is sought in the background."""
        self._journal.add(PARENT, "start", name=self._name, tags=self._tags)
        self._run.params(params)
        self._delivery.start()

    def job(self, name: str, tags: Mapping[str, str] | None = None) -> JobRun:
        """Start a child run."""
        self._jobs += 1
        key = f"{self._jobs}-{name}"
        self._journal.add(key, "start", name=name, tags={**self._tags, **(tags or {})})
        return JobRun(self._journal, key, self._painter)

    def finish(self, status: str, metrics: Mapping[str, float]) -> None:
        """End the parent run and wait for figures and for the delivery, the latter within the limits of the settings.

        The journal is removed once MLflow has everything.
        """
        self._painter.finish()
        self._run.finish(status, metrics)
        if self._delivery.finish() and not self._delivery.refused:
            shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def warning(self) -> str:
        """What the user should know, empty where MLflow has everything. Of use after ``finish``."""
        failure, refused = self._delivery.failure, self._delivery.refused
        kept = f"records are kept in {self._folder}"
        if failure is not None:
            return f"MLflow at {_shown(self._uri)} is away ({_cause(failure)}); {kept}"
        if refused:
            return f"MLflow refused {len(refused)} records, such as {refused[0]}; all {kept}"
        return ""


def _safe(name: str) -> str:
    # Names that MLflow takes; r&b becomes r_b.
    return re.sub(r"[^\w\-. :/]", "_", name).strip("/. ") or "_"


def _file_name(name: str) -> str:
    return re.sub(r"[^\w\-.]", "_", name).strip(".") or "_"


def without_password(text: str) -> str:
    """``text`` without the user and password of a URI.

    >>> without_password("https://me:secret@mlflow.example/x")
    'https://***@mlflow.example/x'
    """
    return re.sub(r"://[^/\s@]+@", "://***@", text)


def _shown(uri: str) -> str:
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else uri


def _cause(error: BaseException) -> str:
    if "out-of-date database schema" in str(error):
        return "its database has an old schema: back it up, then run mlflow db upgrade"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    lines = str(error).splitlines() or [""]
    return without_password(f"{type(error).__name__}: {lines[0]}"[:160]).rstrip(": ")
