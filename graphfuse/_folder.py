"""A folder that is written whole or not at all."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from graphfuse.errors import InputError


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
    if not path.exists():
        return
    if not path.is_dir():
        raise InputError(f"{path} is a file, but a {what} is saved as a folder; give a new one")
    if Path.cwd().is_relative_to(path.resolve()):
        raise InputError(
            f"a {what} saved at {path} would take the place of the folder that you work in; give "
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


@contextmanager
def replace_folder(path: Path) -> Iterator[Path]:
    """Yield a new folder, which takes the place of ``path`` once the block is done.

    After an error in the block, or on the way into place, what was there before is there still. A
    process that is killed between the two moves leaves it beside the path, in a hidden folder
    whose name ends in "-before".

    Raises:
        InputError: no folder can be made there.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "new"
        >>> with replace_folder(path) as work:
        ...     _ = (work / "file").write_text("whole")
        >>> (path / "file").read_text()
        'whole'
    """
    path = path.resolve()
    work = path.with_name(f".{path.name[:100]}-{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        work.mkdir()
    except OSError as error:
        raise InputError(f"no folder can be made at {path}: {error}") from error
    try:
        yield work
        _put(work, path)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _put(work: Path, path: Path) -> None:
    """Move a finished folder into place; what is there goes aside first, and back on failure."""
    if not path.exists():
        work.replace(path)
        return
    aside = work.with_name(f"{work.name}-before")
    path.replace(aside)
    try:
        work.replace(path)
    except BaseException:
        aside.replace(path)
        raise
    shutil.rmtree(aside, ignore_errors=True)
