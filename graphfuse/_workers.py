"""Worker processes that end with the process that started them, and the signals that end both."""

from __future__ import annotations

import os
import signal
import threading
import time
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


def end_with_parent() -> dict[str, Any]:
    """Return options of joblib with which its workers end when this process ends.

    Without them, a worker whose parent was killed computes on and keeps the output open. They hold
    from the start of a worker, before it reads a task and imports what the task needs.

    Example:
        >>> sorted(end_with_parent())
        ['initargs', 'initializer']
    """
    return {"initializer": _watch, "initargs": (os.getpid(),)}


def _watch(parent: int) -> None:
    if os.name == "nt":
        return  # where a process keeps the number of its parent after that has ended

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
