"""Run cases in forked processes that may crash, hang or fill the memory."""

from __future__ import annotations

import faulthandler
import json
import logging
import os
import resource
import select
import shutil
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from graphfuse.errors import FusionError

REFUSED, FOREIGN, MEMORY, CRASH, HANG = "refused", "foreign", "memory", "crash", "hang"


@dataclass(frozen=True)
class Result:
    """Outcome of one case; ``detail`` says where and why it failed."""

    case: int
    outcome: str
    detail: str = ""


def run_cases(
    attempt: Callable[[int, Path], str], cases: Sequence[int], *, memory: int, seconds: float
) -> Iterator[Result]:
    """Yield the result of each case.

    Args:
        attempt: takes the number of a case and an empty folder, and returns an outcome.
        cases: numbers of the cases.
        memory: bytes that a case may take beyond what the process has already.
        seconds: time after which a case counts as hanging.
    """
    waiting = list(cases)
    while waiting:
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            os.close(reader)
            _work(attempt, waiting, memory, os.fdopen(writer, "w"))
        os.close(writer)
        with os.fdopen(reader) as lines:
            yield from _results(lines, waiting, child, seconds)


def _results(lines: IO[str], waiting: list[int], child: int, seconds: float) -> Iterator[Result]:
    """Yield the results that a child writes, and how it ended if that was too early."""
    while waiting:
        ready = select.select([lines], [], [], seconds)[0]
        if not ready:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            yield Result(waiting.pop(0), HANG, f"more than {seconds:g} s")
            return
        line = lines.readline()
        if not line:
            status = os.waitpid(child, 0)[1]
            ended = os.waitstatus_to_exitcode(status)
            reason = signal.Signals(-ended).name if ended < 0 else f"exit status {ended}"
            yield Result(waiting.pop(0), CRASH, reason)
            return
        waiting.pop(0)
        yield Result(**json.loads(line))
    os.waitpid(child, 0)


def _work(
    attempt: Callable[[int, Path], str], cases: Sequence[int], memory: int, out: IO[str]
) -> None:
    """Run cases until one ends the process."""
    try:
        _be_quiet()
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + memory
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        for case in cases:
            folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
            outcome, detail = _attempt(attempt, case, folder)
            shutil.rmtree(folder, ignore_errors=True)
            out.write(json.dumps({"case": case, "outcome": outcome, "detail": detail}) + "\n")
            out.flush()
    finally:
        os._exit(0)


def _attempt(attempt: Callable[[int, Path], str], case: int, folder: Path) -> tuple[str, str]:
    try:
        return attempt(case, folder), ""
    except FusionError as error:
        return REFUSED, f"{type(error).__name__}: {str(error)[:200]}"
    except MemoryError:
        return MEMORY, _where()
    except BaseException as error:
        return FOREIGN, f"{type(error).__name__}: {str(error)[:150]} at {_where()}"


def _where() -> str:
    """Return the innermost lines of graphfuse and of all code that raised."""
    frames = traceback.extract_tb(sys.exc_info()[2])
    own = [frame for frame in frames if "graphfuse" in frame.filename]
    shown = [*own[-1:], frames[-1]] if own else frames[-1:]
    return " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(shown))


def _be_quiet() -> None:
    """Keep what the cases print and log to themselves."""
    logging.disable(logging.CRITICAL)
    faulthandler.disable()
    warnings.simplefilter("ignore")
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
