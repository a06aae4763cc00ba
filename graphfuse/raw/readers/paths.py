"""Find the files that the cells of a manifest name, within its folder."""

from __future__ import annotations

import difflib
import functools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from graphfuse.errors import InputError

SEARCHED = 500
"""Folders, and names in a folder, that are searched for a file that is not where it should be."""


def locate(value: str | Path, root: Path | None) -> Path:
    """Return the file that a path in a manifest names; the path starts from ``root``.

    Backslashes are read as slashes where no file has them in its name.

    Raises:
        InputError: there is no root or no such file, or the path leads out of root, be it as an
            absolute path, by ``..`` or through a symbolic link.
    """
    given = str(value)
    if "://" in given:
        raise InputError(
            f"{given!r} is a URL, but files are read from the folder of the manifest only; "
            f"download it and give its path"
        )
    if root is None:
        raise InputError(
            f"{given!r} is a path, but the manifest has no folder; give one with root="
        )
    try:
        path = _resolve(given, root)
        is_file, is_folder = path.is_file(), path.is_dir()
    except (OSError, ValueError, RuntimeError) as error:  # too long, a null, a loop of links
        raise InputError(f"{given!r} is not the path of a file: {error}") from None
    if not path.is_relative_to(root.resolve()):
        raise InputError(
            f"{given!r} leads out of the folder {root}, to {path}; move the file, or give root= "
            f"a folder that holds all of them"
        )
    if not is_file:
        what = "is a folder, not a file" if is_folder else "does not exist"
        hint = "" if is_folder else similar(path)
        raise InputError(f"{given!r} {what} in the folder {root}{hint}")
    return path


def _resolve(given: str, root: Path) -> Path:
    path = (root / given).resolve()
    if "\\" in given and not path.exists():
        return (root / given.replace("\\", "/")).resolve()
    return path


def similar(path: Path) -> str:
    """Name the file that may be meant: one whose name has other capitals, or a similar one."""
    if not path.parent.is_dir():
        return f"; there is no folder {path.parent.name!r} there"
    names = _names(path.parent, path.parent.stat().st_mtime_ns)
    capitals = names.get(path.name.casefold())
    if capitals and capitals != path.name:
        return f"; there is {capitals!r}: capital and small letters differ"
    if len(names) > SEARCHED:  # for a column of wrong names, this would be done for each
        return ""
    close = difflib.get_close_matches(path.name, names.values(), n=1, cutoff=0.7)
    return f"; did you mean {close[0]!r}?" if close else ""


@functools.lru_cache(maxsize=8)
def _names(folder: Path, changed: int) -> dict[str, str]:
    """Return the names in a folder by their small letters; ``changed`` is when it last was."""
    return {name.casefold(): name for name in os.listdir(folder)}  # noqa: PTH208


def suggest_root(paths: Sequence[str], root: Path | None) -> str:
    """Return advice on where files lie that are not found below ``root``, empty if unknown.

    Args:
        paths: some of the paths, as the manifest names them.
        root: the folder that they start from.
    """
    given = [path.replace("\\", "/") for path in paths]
    found = [Path(path) for path in given if Path(path).is_absolute() and Path(path).is_file()]
    if found:
        common = os.path.commonpath([path.resolve().parent for path in found])
        return (
            f"the paths are absolute: name a folder that holds all of the files, "
            f"{_root_option(common)}"
        )
    if root is None:
        return ""
    for folder in _folders(root):
        for path in given:
            if not Path(path).is_absolute() and (folder / path).is_file():
                return f"did you mean the folder {_shown(folder, root)}? {_root_option(folder)}"
    for folder in _folders(root):
        for path in given:
            if (folder / PurePosixPath(path).name).is_file():
                there = (folder / PurePosixPath(path).name).relative_to(root)
                return f"did you mean {there.as_posix()!r}? Correct the paths of the column"
    return ""


def _root_option(folder: str | Path) -> str:
    return f"root={str(folder)!r} (--root {folder})"


def _shown(folder: Path, root: Path) -> str:
    return repr(f"{folder.relative_to(root).as_posix()}/") if folder != root.parent else repr("../")


def _folders(root: Path) -> Iterator[Path]:
    """Yield root and the folders below it, the nearest first, then the one above."""
    waiting, count = [root], 0
    while waiting and count < SEARCHED:
        folder = waiting.pop(0)
        yield folder
        count += 1
        try:
            below = sorted(f for f in folder.iterdir() if f.is_dir() and not f.is_symlink())
        except OSError:
            continue
        waiting += [f for f in below if f.name[0] != "."]
    yield root.parent
