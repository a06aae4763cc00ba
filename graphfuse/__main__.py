"""The command ``graphfuse``, the same as ``python -m graphfuse``."""

import os
import signal
import sys
from types import FrameType


def main() -> int:
    """Run ``graphfuse``; return the exit status, 130 after Ctrl-C."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not ignored, as by nohup
        signal.signal(signal.SIGINT, _interrupt)
    try:
        from graphfuse.cli import main as run

        return run()
    except KeyboardInterrupt:
        return 130


def _interrupt(_: int, frame: FrameType | None) -> None:
    """End the process at once while a module is imported, otherwise raise ``KeyboardInterrupt``.

    Libraries that are cut short while they are imported end in errors of any kind, or abort.
    """
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            os._exit(130)
        frame = frame.f_back
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
