"""Read what a cell of a manifest holds, and find the file that it names, within its folder."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfuse.data.files import decode, read_bytes
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.raw.columns import TABLE
from graphfuse.raw.readers.image import read_image
from graphfuse.raw.readers.series import read_series
from graphfuse.raw.readers.sound import read_sound
from graphfuse.raw.readers.video import read_video

if TYPE_CHECKING:
    from graphfuse.raw.readers.items import Item, Row


def read(kind: str, value: Any, path: Path | None = None) -> Item:
    """Return the decoded content of a file, or of a value where there is no file.

    Pictures stand upright as their EXIF tag says, on white where they are transparent; of several
    frames the first is taken. Sounds are the mean of their channels, at their own rate. A time
    series has the times of its column ``time``, ``t`` or ``seconds``, else the numbers of its rows.

    Args:
        kind: "image", "audio", "video", "text", "series" or "table".
        value: bytes, a text, a table's row or a list of numbers; unused where there is a path.
        path: the file to read.

    Raises:
        InputError: the file cannot be read, is empty, damaged, too large or of another kind.
        MissingDependencyError: an SVG drawing or a film whose reader is not installed.
    """
    if kind == "text":
        return str(value) if path is None else decode(read_bytes(path), path.name)
    if kind == TABLE:
        return _row(value)
    if kind == "series":
        return read_series(value if path is None else path)
    readers: dict[str, Callable[[bytes, str], Item]] = {
        "image": read_image,
        "audio": read_sound,
        "video": read_video,
    }
    if kind not in readers:
        raise UnknownNameError("kind of cell", kind, [*readers, "text", "series", TABLE])
    content, name = _content(kind, value, path)
    return readers[kind](content, name)


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
            f"{given!r} is an address; files are read from the manifest's folder alone: download "
            f"it and name the file"
        )
    if root is None:
        raise InputError(
            f"{given!r} is a path, but the manifest has no folder that it could start from; name "
            f"it with root="
        )
    try:
        path = _resolve(given, root)
        is_file, is_folder = path.is_file(), path.is_dir()
    except (OSError, ValueError, RuntimeError) as error:  # too long, a null, a loop of links
        raise InputError(f"{given!r} is no path of a file: {error}") from None
    if not path.is_relative_to(root.resolve()):
        raise InputError(
            f"{given!r} leaves the folder {root}: it is {path}; files outside are not read: move "
            f"the file, or give root= a folder that holds all of them"
        )
    if not is_file:
        what = "is a folder, not a file" if is_folder else "does not exist"
        raise InputError(f"{given!r} {what} in the folder {root}{similar(path)}")
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
    names = [entry.name for entry in path.parent.iterdir() if entry.name != path.name]
    capitals = [name for name in names if name.casefold() == path.name.casefold()]
    if capitals:
        return f"; there is {capitals[0]!r}: capital and small letters differ"
    close = difflib.get_close_matches(path.name, names, n=1, cutoff=0.7)
    return f"; did you mean {close[0]!r}?" if close else ""


def _content(kind: str, value: Any, path: Path | None) -> tuple[bytes, str]:
    if path is not None:
        return read_bytes(path), path.name
    if not isinstance(value, bytes):
        raise InputError(
            f"a cell of kind {kind!r} holds a path or bytes, got "
            f"{type(value).__name__} {str(value)[:40]!r}"
        )
    if not value:
        raise InputError(f"the {kind} is empty, 0 bytes")
    return value, f"the {kind}"


def _row(value: dict[str, Any]) -> Row:
    return {name: _entry(entry) for name, entry in value.items()}


def _entry(entry: Any) -> float | str | None:
    if entry is None or isinstance(entry, str):
        return entry
    return str(entry).lower() if isinstance(entry, bool) else float(entry)
