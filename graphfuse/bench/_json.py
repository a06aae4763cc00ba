"""JSON files of stored results, with limits on what is read from them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from graphfuse.errors import InputError

DEEPEST = 50
"""Levels of lists and objects within each other that stored results may have."""


def read_json(path: Path) -> Any:
    """Return the content of a JSON file.

    Raises:
        InputError: the file is missing or unreadable, is nested too deeply, or holds a number
            that is not finite or text that is not valid Unicode.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InputError(f"{path} is missing or not readable JSON: {reason}") from None
    _check(content, path)
    return content


def write_json(path: Path, content: Any) -> None:
    """Write plain data as JSON; numbers that are not finite are an error."""
    path.write_text(json.dumps(content, indent=1, allow_nan=False), encoding="utf-8")


def _check(content: Any, path: Path) -> None:
    level = [content]
    for _ in range(DEEPEST):
        values: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                values += [*value, *value.values()]
            elif isinstance(value, list):
                values += value
            elif isinstance(value, float) and not math.isfinite(value):
                raise InputError(f"{path} holds the number {value}, which is not finite")
            elif isinstance(value, str) and not _is_unicode(value):
                raise InputError(f"{path} holds text that is not valid Unicode: {value[:60]!a}")
        level = values
        if not level:
            return
    raise InputError(f"{path} is nested more than {DEEPEST} levels deep")


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= c <= "\udfff" for c in text)
