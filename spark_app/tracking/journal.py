"""What a run records, on disk in order: ``records.jsonl``, and the files that its lines name.

A line holds ``run`` (the key of a run inside this journal, empty for the parent), ``kind`` and ``time`` (ms), and by
kind: ``start`` name, tags; ``params`` values; ``metrics`` values; ``file`` path, folder; ``model`` path, name;
``champion`` name, registered, tags; ``input`` name, path, version, digest; ``end`` status. Paths are relative to the
journal's folder. ``delivered.json`` says how many lines MLflow has taken and which MLflow run stands for which key.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Record = dict[str, Any]
PARENT = ""


class Journal:
    """Appends records; safe to use from several threads.

    Args:
        folder: Made when the first record or file arrives.
        on_record: Told of each record after it is on disk.
    """

    def __init__(self, folder: Path, on_record: Callable[[Record], None]) -> None:
        self.folder = folder
        self._on_record = on_record
        self._lock = threading.Lock()
        self._files = 0

    def add(self, run: str, kind: str, **fields: object) -> None:
        """Append one record.

        Raises:
            OSError: The disk is full or the folder cannot be written.
        """
        record: Record = {"run": run, "kind": kind, "time": int(time.time() * 1000), **fields}
        with self._lock:
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / "records.jsonl").open("a", encoding="utf-8") as journal:
                journal.write(json.dumps(record) + "\n")
            self._on_record(record)  # under the lock: delivered in the order of the file

    def place(self, name: str) -> Path:
        """A path for a new file or folder called ``name``, unlike any other of this journal."""
        with self._lock:
            self._files += 1
            folder = self.folder / "files" / f"{self._files:04d}"
        folder.mkdir(parents=True)
        return folder / name

    def relative(self, path: Path) -> str:
        """The path as a record holds it."""
        return path.relative_to(self.folder).as_posix()


def read_journal(folder: Path) -> list[Record]:
    """All whole records of a journal; a last line that a killed process left by half is left out."""
    lines = (folder / "records.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
    return [json.loads(line) for line in lines]


def write_delivered(folder: Path, records: int, run_ids: dict[str, str]) -> None:
    """Note how far delivery has come, in one rename."""
    unfinished = folder / "delivered.json.new"
    unfinished.write_text(json.dumps({"records": records, "run_ids": run_ids}), encoding="utf-8")
    unfinished.replace(folder / "delivered.json")
