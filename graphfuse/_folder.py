"""A folder that is written whole or not at all."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replace_folder(path: Path) -> Iterator[Path]:
    """Yield a new folder, which takes the place of ``path`` once the block is done.

    After an error in the block, or on the way into place, what was there before is there still.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "new"
        >>> with replace_folder(path) as work:
        ...     _ = (work / "file").write_text("whole")
        >>> (path / "file").read_text()
        'whole'
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    work = path.with_name(f".{path.name}-{uuid.uuid4().hex}")
    try:
        work.mkdir()
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
