"""id: names of samples, made unique."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

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
    seen: Counter[str] = Counter()
    names: list[str] = []
    taken = {as_text(cell) for cell in cells if not is_empty(cell)}
    for row, cell in enumerate(cells):
        name = f"row {row}" if is_empty(cell) else as_text(cell)
        seen[name] += 1
        while seen[name] > 1 and (again := f"{name} ({seen[name]})") in taken:
            seen[name] += 1
        names.append(name if seen[name] == 1 else again)
    return names
