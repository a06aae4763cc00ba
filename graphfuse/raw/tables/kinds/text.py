"""text: texts, lists of texts, or paths of text files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphfuse.data.numbers import number
from graphfuse.raw.columns import Column
from graphfuse.raw.readers.files import kind_of_files, paths
from graphfuse.raw.tables.kinds.values import (
    Converted,
    Inferred,
    Values,
    as_list,
    as_text,
    is_empty,
    parsed,
)

KINDS = ("text",)


def infer(values: Values) -> Inferred:
    """Return "text" for all other columns: texts of several words, or with many values."""
    if values.files:
        return Inferred(*values.files)
    if values.lists is not None:
        return Inferred("text", "lists of texts")
    return Inferred("text", mostly_numbers(values.texts) or (
        f"{values.words:.0f} words per value, {values.different} different values"
    ))  # fmt: skip


def convert(column: Column, values: Values) -> Converted:
    """Return texts as they are, and the paths of text files as ``{"path"}``."""
    texts = [cell.strip() for cell in values.cells if isinstance(cell, str) and cell.strip()]
    files = kind_of_files(column.name, texts)
    if files and files[0] == "text":
        return Converted([_paths(cell) for cell in values.cells])
    if texts and parsed(texts):
        return Converted([None if is_empty(cell) else as_list(cell) for cell in values.cells])
    kept = (str, list, dict)
    return Converted([v if v is None or isinstance(v, kept) else as_text(v) for v in values.cells])


def _paths(cell: Any) -> list[dict[str, str]] | None:
    return None if is_empty(cell) else [{"path": path} for path in paths(str(cell).strip())]


def mostly_numbers(values: Sequence[Any]) -> str:
    """Return a caution with the first value that is not a number if most others are."""
    strange = [value for value in values if number(value) is None]
    numbers = len(values) - len(strange)
    if not strange or numbers <= 0.5 * len(values):
        return ""
    return f"{numbers} of {len(values)} values are numbers, but {str(strange[0])[:20]!r} is not"
