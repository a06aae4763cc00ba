"""Files and folders that are written completely or not at all.

What is written goes into a hidden file or folder beside its place, and then takes that place. A
process holds a lock on what it is writing, so that the next one that writes to the same place can
find what a killed process left behind, and remove it.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from graphfuse.errors import InputError

try:
    import fcntl
except ImportError:  # not on Windows: nothing is locked there, and nothing left behind removed
    fcntl = None  # type: ignore[assignment]

ADVICE = {
    errno.ENOSPC: "free some space and start again",
    errno.EDQUOT: "free some space and start again",
    errno.ENAMETOOLONG: "give a shorter name",
}
"""Advice by error number, for errors of writing that have a remedy."""
ANOTHER = "name a place that can be written"
BEFORE = "-before"


@contextmanager
def write_whole(path: Path, what: str = "", advice: str = "") -> Iterator[Path]:
    """Yield the path of a new file, which takes the place of ``path`` once the block is done.

    After an error in the block, what was there before is there still.

    Args:
        path: the place; folders above it are made.
        what: what is written, for an error.
        advice: what to do, for an error.

    Raises:
        InputError: it cannot be written, for instance because the disk is full.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "new.txt"
        >>> with write_whole(path) as work:
        ...     _ = work.write_text("whole")
        >>> path.read_text(), [p.name for p in path.parent.iterdir()]
        ('whole', ['new.txt'])
    """
    path = path.resolve()
    with clear_errors(path, what, advice):
        path.parent.mkdir(parents=True, exist_ok=True)
        with _claimed(path, Path.touch) as work:
            yield work
            _sync(work)
            work.replace(path)
        sync_folder(path.parent)
        clean_leftovers(path.parent, path.name)


@contextmanager
def whole_folder(
    path: Path,
    what: str = "",
    advice: str = "",
    keep: Callable[[Path], bool] = lambda path: False,
) -> Iterator[Path]:
    """Yield a new folder, which takes the place of ``path`` once the block is done.

    After an error in the block, or on the way into place, what was there before is there still. Of
    several processes that write to one path, the last one wins. A process that is killed between
    the two moves leaves what was there beside the path, in a hidden folder whose name ends in
    "-before".

    Args:
        path: the place; folders above it are made.
        what: what is written, for an error.
        advice: what to do, for an error.
        keep: whether what is at the path by then stays; the new folder is then removed.

    Raises:
        InputError: no folder can be made there, or it cannot be written.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "new"
        >>> with whole_folder(path) as work:
        ...     _ = (work / "file").write_text("whole")
        >>> (path / "file").read_text()
        'whole'
    """
    path = path.resolve()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot create the folder {path}: {error}") from error
    with clear_errors(path, what, advice), work_folder(path) as work:
        yield work
        for file in work.rglob("*"):
            _sync(file)
        _sync(work)
        with _locked(path.parent):
            if not keep(path):
                _put(work, path)
            clean_leftovers(path.parent, path.name)
        sync_folder(path.parent)


@contextmanager
def work_folder(path: Path) -> Iterator[Path]:
    """Yield a new folder beside ``path``, to be moved there; what is left of it is removed."""
    with _claimed(path, Path.mkdir) as work:
        yield work


def clean_leftovers(folder: Path, name: str | None = None) -> None:
    """Remove what killed processes left half written in a folder, none of a living process.

    With a name, only what was to become the file or folder of that name.
    """
    if fcntl is None:
        return
    begin = r"\.(.{0,100}-)?" if name is None else re.escape(_prefix(name))
    left = re.compile(f"{begin}[0-9a-f]{{32}}({re.escape(BEFORE)}|\\.json)?")
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if left.fullmatch(entry.name)]
    for found in names:
        handle = _lock(folder / found, wait=False)
        if handle is not None:
            _remove(folder / found)
            _unlock(handle)


def sync_folder(path: Path) -> None:
    """Wait until the entries of a folder are on the disk."""
    _sync(path)


@contextmanager
def clear_errors(path: Path, what: str = "", advice: str = "") -> Iterator[None]:
    """Turn errors of writing, such as a full disk, into one clear line.

    Example:
        >>> with clear_errors(Path("report.html"), "the report"):
        ...     raise OSError(errno.ENOSPC, "No space left on device")
        Traceback (most recent call last):
        ...
        graphfuse.errors.InputError: the report cannot be written to report.html: No space left
        on device; free some space and start again
    """
    try:
        yield
    except OSError as error:
        if error.errno is None:  # not of the system
            raise
        reason = error.strerror or os.strerror(error.errno)
        named = f"{what} cannot be written to {path}" if what else f"{path} cannot be written"
        raise InputError(
            f"{named}: {reason}; {advice or ADVICE.get(error.errno, ANOTHER)}"
        ) from error


def check_free(
    path: Path, what: str, files: Sequence[str], is_ours: Callable[[Path], object]
) -> None:
    """Raise an error unless nothing, an empty folder, or what was saved before is at ``path``.

    Args:
        path: where something is to be saved.
        what: the kind of thing, for the error's text.
        files: the names of all files that it consists of.
        is_ours: reads the folder; false, or an InputError, where it holds something else.
    """
    with _locked(path.resolve().parent):  # another process may be about to put its own there
        _check_free(path, what, files, is_ours)


def _check_free(
    path: Path, what: str, files: Sequence[str], is_ours: Callable[[Path], object]
) -> None:
    if not path.exists():
        return
    if not path.is_dir():
        raise InputError(f"{path} is a file, but a {what} is saved as a folder; give a new one")
    if Path.cwd().is_relative_to(path.resolve()):
        raise InputError(
            f"a {what} saved at {path} would replace the current working folder; give "
            f"the name of a new folder"
        )
    found = sorted(path.iterdir())
    if not found:
        return
    try:
        ours = all(e.name in files and e.is_file() for e in found) and is_ours(path)
    except InputError:
        ours = False
    if not ours:
        raise InputError(
            f"{path} exists and is not a saved graphfuse {what} and nothing else, it holds "
            f"{[e.name for e in found[:5]]}; give a new folder"
        )


def _put(work: Path, path: Path) -> None:
    """Move a finished folder into place; what is there goes aside first, and back on failure."""
    if not path.exists():
        work.replace(path)
        return
    aside = work.with_name(f"{work.name}{BEFORE}")
    path.replace(aside)
    try:
        work.replace(path)
    except BaseException:
        aside.replace(path)
        raise
    shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def _claimed(path: Path, make: Callable[[Path], None]) -> Iterator[Path]:
    """Make a hidden file or folder beside the path, and remove it at the end if it is there.

    It is locked until then, or until the process dies.
    """
    while True:
        work = path.with_name(f"{_prefix(path.name)}{uuid.uuid4().hex}")
        make(work)
        handle = _lock(work, wait=True)
        if work.exists():  # else another process took it for a leftover before it was locked
            break
        _unlock(handle)
    try:
        yield work
    finally:
        _remove(work)
        _unlock(handle)


def _prefix(name: str) -> str:
    """Return how the names of files begin that are written for a name."""
    return f".{name.encode()[:100].decode(errors='ignore')}-"


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other processes from moving what is in a folder, where the file system has locks."""
    handle = _lock(folder, wait=True)
    try:
        yield
    finally:
        _unlock(handle)


def _lock(path: Path, *, wait: bool) -> int | None:
    """Lock a file or folder and return its handle; None where that cannot be done."""
    if fcntl is None:
        return None
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        os.close(handle)
        return None
    return handle


def _unlock(handle: int | None) -> None:
    if handle is not None:
        os.close(handle)


def _sync(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    if os.name != "nt":
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
