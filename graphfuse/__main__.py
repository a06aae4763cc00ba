"""The command ``graphfuse``, the same as ``python -m graphfuse``."""

import os
import signal
import sys
from types import FrameType

from graphfuse._workers import Terminated, exit_status

ENDING = ("SIGINT", "SIGTERM", "SIGHUP")
"""Signals that end a command in order; not every system has all of them."""


def main() -> int:
    """Run ``graphfuse``; return the exit status, 130 after Ctrl-C and 143 after SIGTERM."""
    for name in ENDING:
        number = getattr(signal, name, None)
        default = (signal.SIG_DFL, signal.default_int_handler)
        if number is not None and signal.getsignal(number) in default:  # not ignored, as by nohup
            signal.signal(number, _end)
    try:
        from graphfuse.cli import main as run

        return run()
    except KeyboardInterrupt as error:
        return exit_status(error)


def _end(number: int, frame: FrameType | None) -> None:
    """End the process at once while a module is imported, otherwise raise ``KeyboardInterrupt``.

    Libraries that are interrupted while they are imported end in errors of any kind, or abort.
    """
    error = KeyboardInterrupt() if number == signal.SIGINT else Terminated(number)
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            os._exit(exit_status(error))
        frame = frame.f_back
    raise error


if __name__ == "__main__":
    sys.exit(main())
