"""Two independent parts of a job, done at the same time."""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing.pool import ThreadPool
from typing import TypeVar

One = TypeVar("One")
Other = TypeVar("Other")


def side_by_side(one: Callable[[], One], other: Callable[[], Other]) -> tuple[One, Other]:
    """What both parts return; while the driver plans the one, the cores work for the other.

    Both have ended when it returns or raises; where both fail, the error of ``one`` is raised. An interrupt does not
    wait for them.

    >>> side_by_side(lambda: 1, lambda: "b")
    (1, 'b')
    """
    with ThreadPool(2) as pool:
        first, second = pool.apply_async(one), pool.apply_async(other)
        first.wait()
        second.wait()
        return first.get(), second.get()
