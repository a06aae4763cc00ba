"""Read the content of a cell of a manifest, by its kind."""

from __future__ import annotations

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
