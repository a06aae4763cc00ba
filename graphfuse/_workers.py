"""Worker processes that end with the process that started them, and the signals that end both."""

from __future__ import annotations

import functools
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

SECONDS = 0.5
"""Time between two looks at the parent process."""


class Terminated(KeyboardInterrupt):
    """The process was asked to end by a signal other than Ctrl-C."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def exit_status(error: KeyboardInterrupt) -> int:
    """Return the exit status of a command that a signal ended, by the convention of shells.

    Example:
        >>> exit_status(KeyboardInterrupt()), exit_status(Terminated(15))
        (130, 143)
    """
    return 128 + (error.number if isinstance(error, Terminated) else signal.SIGINT)


def ends_with_parent(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function for worker processes, which end when the process that made it ends.

    Without, a worker whose parent was killed computes on and keeps the output open.

    Example:
        >>> ends_with_parent(abs)(-1)  # in the same process it is the function itself
        1
    """
    return functools.partial(_call, os.getpid(), function)


def _call(parent: int, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    if os.getpid() != parent:
        _watch(parent)
    return function(*arguments, **options)


@functools.cache
def _watch(parent: int) -> None:
    if os.name == "nt":
        return  # where a process keeps the number of its parent after that has ended

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
