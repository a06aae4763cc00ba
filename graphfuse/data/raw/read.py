"""Read what a cell of a manifest holds, and find the file that it names, within its folder."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfuse.data.raw._image import read_image
from graphfuse.data.raw._series import read_series
from graphfuse.data.raw._sound import read_sound
from graphfuse.data.raw._video import read_video
from graphfuse.data.raw.columns import TABLE
from graphfuse.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from graphfuse.data.raw.items import Item, Row
    from graphfuse.data.raw.manifest import Cell


def read(cell: Cell) -> Item:
    """Return the decoded content of a cell; see :meth:`Cell.read`.

    Pictures stand upright as their EXIF tag says, on white where they are transparent; of several
    frames the first is taken. Sounds are the mean of their channels, at their own rate. A time
    series has the times of its column ``time``, ``t`` or ``seconds``, else the numbers of its rows.

    Raises:
        InputError: the file cannot be found or read, is empty, damaged, too large or of another
            kind.
        MissingDependencyError: an SVG drawing or a film whose reader is not installed.
    """
    if cell.kind == "text":
        path = cell.path()
        return str(cell.value) if path is None else decode(read_bytes(path), path.name)
    if cell.kind == TABLE:
        return _row(cell.value)
    if cell.kind == "series":
        path = cell.path()
        return read_series(cell.value if path is None else path)
    readers: dict[str, Callable[[bytes, str], Item]] = {
        "image": read_image,
        "audio": read_sound,
        "video": read_video,
    }
    if cell.kind not in readers:
        raise UnknownNameError("kind of cell", cell.kind, [*readers, "text", "series", TABLE])
    content, name = _content(cell)
    return readers[cell.kind](content, name)


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


MOST_BYTES = 2**32
"""Bytes that a file may have."""


def read_bytes(path: Path) -> bytes:
    """Return the content of a file.

    Raises:
        InputError: it cannot be read, is empty, or is larger than what is read at once.
    """
    try:
        if (size := path.stat().st_size) > MOST_BYTES:
            raise InputError(
                f"{path.name} has {size / 2**30:.1f} GiB, more than {MOST_BYTES / 2**30:g}, which "
                f"are read at once; cut it into parts"
            )
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    if not content:
        raise InputError(f"{path.name} is empty, 0 bytes")
    return content


def table_text(path: Path, encoding: str | None = None) -> str:
    """Return the text of a table, in UTF-8, or in UTF-16 with a byte order mark, or as given.

    Raises:
        InputError: it cannot be read, is empty, or is in no such encoding.
    """
    remedy = (
        f"save it as UTF-8, or say what it is: encoding='cp1252' in Python, and for graphfuse "
        f"compare --config a file with the line datasets: [{{{path}: {{encoding: cp1252}}}}]"
    )
    return decode(read_bytes(path), path.name, encoding, remedy)


def decode(
    content: bytes, name: str, encoding: str | None = None, remedy: str = "save it as UTF-8"
) -> str:
    """Return the text of a file in UTF-8, or in UTF-16 with a byte order mark, or as given.

    Raises:
        InputError: bytes that are no text in this encoding; the message names the first bad line.
    """
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    chosen = encoding or ("utf-16" if marked else "utf-8-sig")
    try:
        text = content.decode(chosen)
    except LookupError:
        raise InputError(f"{name}: no encoding is called {encoding!r}") from None
    except UnicodeError as error:
        raise InputError(f"{name} {_undecodable(content, chosen, error)}; {remedy}") from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise InputError(
            f"{name} holds a null character in line {line}: it is no text, or UTF-16 without a "
            f"byte order mark; save it as UTF-8"
        )
    return text


def _undecodable(content: bytes, encoding: str, error: UnicodeError) -> str:
    shown = "UTF-8" if encoding == "utf-8-sig" else encoding.upper()
    where = ""
    if isinstance(error, UnicodeDecodeError) and error.start < len(content):
        start = error.start + (3 if content.startswith(b"\xef\xbb\xbf") else 0)
        line = content[:start].count(b"\n") + 1
        where = f" in line {line} (byte 0x{content[start]:02x})"
    return f"is no {shown}{where}"


def _content(cell: Cell) -> tuple[bytes, str]:
    if isinstance(cell.value, bytes):
        if not cell.value:
            raise InputError(f"the {cell.kind} is empty, 0 bytes")
        return cell.value, f"the {cell.kind}"
    path = cell.path()
    if path is None:
        raise InputError(
            f"a cell of kind {cell.kind!r} holds a path or bytes, got "
            f"{type(cell.value).__name__} {str(cell.value)[:40]!r}"
        )
    return read_bytes(path), path.name


def _row(value: dict[str, Any]) -> Row:
    return {name: _entry(entry) for name, entry in value.items()}


def _entry(entry: Any) -> float | str | None:
    if entry is None or isinstance(entry, str):
        return entry
    return str(entry).lower() if isinstance(entry, bool) else float(entry)
