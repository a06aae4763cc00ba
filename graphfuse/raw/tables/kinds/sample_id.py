"""id: names of samples, made unique."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphfuse.data.ids import unique_ids
from graphfuse.raw.columns import Column
from graphfuse.raw.tables.kinds.values import (
    Converted,
    Inferred,
    Values,
    as_text,
    check_single,
    is_empty,
)

KINDS = ("id",)


def infer(values: Values) -> Inferred | None:
    """Return "id" for a column called after one."""
    fits = values.role == "id" and not values.is_prose and not values.files
    return Inferred("id", f"called {values.name!r}") if fits else None


def convert(column: Column, values: Values) -> Converted:
    """Return ids that occur once each."""
    check_single(column.kind, values)
    return Converted(unique(values.cells))


def unique(cells: Sequence[Any]) -> list[str]:
    """Return ids as text; the second row of an id is marked so, and a row without one numbered.

    Example:
        >>> unique(["007", "007", None])
        ['007', '007 (2)', 'row 2']
    """
    return unique_ids(
        [f"row {row}" if is_empty(cell) else as_text(cell) for row, cell in enumerate(cells)]
    )
