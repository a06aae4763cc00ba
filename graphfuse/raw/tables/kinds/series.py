"""series: paths of files of time series, or lists of numbers."""

from __future__ import annotations

from graphfuse.raw.columns import Column
from graphfuse.raw.tables.kinds.values import Converted, Inferred, Values, as_list

KINDS = ("series",)


def infer(values: Values) -> Inferred | None:
    """Return "series" for files of series, and for lists of numbers or of lists."""
    if values.files:
        return Inferred(*values.files) if values.files[0] == "series" else None
    numeric = all(isinstance(item, (int, float, list, tuple)) for item in values.items)
    if values.lists is not None and values.items and numeric:
        return Inferred("series", "lists of numbers")
    return None


def convert(column: Column, values: Values) -> Converted:
    """Return lists, and paths as they are."""
    return Converted([as_list(cell) for cell in values.cells])
