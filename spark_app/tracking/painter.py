"""Figures drawn beside the run, one after the other: while Spark works for the next step, a core draws for the last."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

log = logging.getLogger(__name__)


class Painter:
    """One thread that draws."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="figures")

    def put(self, name: str, draw: Callable[[], None]) -> None:
        """Draw soon. A figure that cannot be drawn costs a warning: tables and metrics hold what it shows."""
        self._threads.submit(_drawn, name, draw)

    def finish(self) -> None:
        """Wait for all figures."""
        self._threads.shutdown()


def _drawn(name: str, draw: Callable[[], None]) -> None:
    try:
        draw()
    except Exception as error:
        log.warning("the figure %s was not drawn: %s", name, type(error).__name__)
        log.debug("why", exc_info=error)
