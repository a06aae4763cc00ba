"""image, audio, video: paths of files, or their bytes."""

from __future__ import annotations

from typing import Any

from graphfuse.raw.columns import MEDIA, Column
from graphfuse.raw.readers.files import paths
from graphfuse.raw.tables.kinds.values import Converted, Inferred, Values, as_list

KINDS = MEDIA
HEARD = ("audio", "sound", "speech", "voice", "wav")
"""Words in the name of a column whose bytes are sounds."""


def infer(values: Values) -> Inferred | None:
    """Return the kind of files that the cells name."""
    return Inferred(*values.files) if values.files and values.files[0] in MEDIA else None


def infer_feature(name: str, feature: Any) -> Inferred | None:
    """Return the kind of a column of bytes or of a media type, None for columns of other types."""
    own = getattr(feature, "feature", feature)  # of a list, what it is a list of
    kind = getattr(own, "_type", "")
    if kind in ("Image", "Audio", "Video"):
        return Inferred(kind.lower(), f"of type {kind}")
    if getattr(own, "dtype", "") in ("binary", "large_binary"):
        heard = any(word in name.lower() for word in HEARD)
        return Inferred("audio" if heard else "image", f"bytes in a column called {name!r}")
    return None


def convert(column: Column, values: Values) -> Converted:
    """Return the paths of each cell as a list; lists, and structs of path and bytes, stay."""
    return Converted([_files(cell) for cell in values.cells])


def _files(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    found = as_list(cell)
    return found if isinstance(found, list) else paths(cell.strip()) if cell.strip() else None
