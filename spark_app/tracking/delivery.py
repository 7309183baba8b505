"""A thread that hands records to MLflow, and gives up for good at the first sign that MLflow is away."""

from __future__ import annotations

import logging
import queue
import threading
import time
from pathlib import Path
from typing import Protocol

from spark_app.tracking.journal import Record, write_delivered

log = logging.getLogger(__name__)

_SLOWEST = 100_000  # bytes a second; a server slower than this counts as away


class RefusedError(Exception):
    """The server is there but does not accept this one record."""


class Taker(Protocol):
    """Where records go; ``server.Server`` in practice."""

    run_ids: dict[str, str]

    def open(self) -> None:
        """Connect. Raises whatever shows that the server is away."""

    def apply(self, record: Record) -> None:
        """Take one record. Raises RefusedError where only this record is at fault."""


class Delivery:
    """Delivers records in order in the background.

    Args:
        taker: Where they go.
        folder: Of the journal; files are found below it.
        patience: Seconds without an answer after which the server counts as away.
    """

    def __init__(self, taker: Taker, folder: Path, patience: float) -> None:
        self._taker = taker
        self._folder = folder
        self._patience = patience
        self._queue: queue.SimpleQueue[Record | None] = queue.SimpleQueue()
        self._over = threading.Event()
        self._moved = 0.0
        self._bytes_waiting = 0  # of all files not yet delivered
        self._bytes_under_way = 0
        self.failure: BaseException | None = None
        self.refused: list[str] = []

    def start(self) -> None:
        """Begin; the thread never keeps the process alive."""
        threading.Thread(target=self._work, name="mlflow-delivery", daemon=True).start()

    def put(self, record: Record) -> None:
        """Queue one record."""
        self._bytes_waiting += _size(self._folder, record)
        self._queue.put(record)

    def finish(self) -> bool:
        """Wait until everything is delivered, at most ``patience`` seconds and what files need; True if it was."""
        self._queue.put(None)
        begun = time.monotonic()
        last = begun + self._patience + self._bytes_waiting / _SLOWEST
        while not self._over.wait(0.05):
            now = time.monotonic()
            silent = now - max(begun, self._moved)
            if now > last or silent > self._patience + self._bytes_under_way / _SLOWEST:
                self.failure = TimeoutError(f"no answer within {self._patience:g} s")
                return False
        return self.failure is None

    def _work(self) -> None:
        try:
            self._taker.open()
            delivered = 0
            while (record := self._queue.get()) is not None:
                self._deliver(record)
                delivered += 1
                write_delivered(self._folder, delivered, self._taker.run_ids)
        except Exception as error:
            log.debug("MLflow is away", exc_info=True)
            self.failure = error
        finally:
            self._over.set()

    def _deliver(self, record: Record) -> None:
        self._bytes_under_way = _size(self._folder, record)
        try:
            self._taker.apply(record)
        except RefusedError as error:
            self.refused.append(f"{record['kind']}: {error}")
        self._bytes_waiting -= self._bytes_under_way
        self._bytes_under_way = 0
        self._moved = time.monotonic()


def _size(folder: Path, record: Record) -> int:
    if record["kind"] not in ("file", "model"):
        return 0
    path = folder / record["path"]
    return sum(part.stat().st_size for part in ([path] if path.is_file() else path.rglob("*")))
