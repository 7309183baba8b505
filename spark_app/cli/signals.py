"""Ctrl-C and SIGTERM end a run at once, and cleanly."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Any

INTERRUPTED = 130


class StopSignal:
    """While entered, SIGINT and SIGTERM raise KeyboardInterrupt and are remembered as ``exit_code``: 0, 130 or 143."""

    def __init__(self) -> None:
        self.exit_code = 0
        self._earlier: dict[int, Any] = {}

    def __enter__(self) -> StopSignal:
        self._earlier = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        self.listen()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for number, handler in self._earlier.items():
            signal.signal(number, handler)

    def listen(self) -> None:
        """Take the signals, again where Spark's session has taken SIGINT for itself."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        self.exit_code = 128 + number
        raise KeyboardInterrupt
