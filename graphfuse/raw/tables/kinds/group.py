"""group: samples of one group are never split."""

from __future__ import annotations

from graphfuse.raw.columns import Column
from graphfuse.raw.tables.kinds.values import (
    Converted,
    Inferred,
    Values,
    as_text,
    check_single,
    is_empty,
)

KINDS = ("group",)


def infer(values: Values) -> Inferred | None:
    """Return "group" for a column called after one."""
    fits = values.role == "group" and not values.is_prose and not values.files
    return Inferred("group", f"called {values.name!r}") if fits else None


def convert(column: Column, values: Values) -> Converted:
    """Return texts, None where a cell is empty."""
    check_single(column.kind, values)
    return Converted([None if is_empty(cell) else as_text(cell) for cell in values.cells])
