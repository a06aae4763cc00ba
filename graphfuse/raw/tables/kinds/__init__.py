"""Kinds of columns, one per file.

A file has ``infer(values)``, which returns the kind of a column or None, and ``KINDS`` with
``convert(column, values)``, which converts cells to the type of these kinds. To add a kind, add a
file and its place in the order in which kinds are tried.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graphfuse.raw.columns import Column
from graphfuse.raw.tables.kinds import (
    category,
    code,
    date,
    empty,
    group,
    label,
    media,
    nested,
    number,
    sample_id,
    series,
    split,
    text,
    time,
)
from graphfuse.raw.tables.kinds.values import Converted, Inferred, Values

INFER: tuple[Callable[[Values], Inferred | None], ...] = (
    empty.infer,
    split.infer,
    label.infer,
    group.infer,
    sample_id.infer,
    media.infer,
    series.infer,
    nested.infer,
    date.infer,
    number.infer,
    category.infer,
    code.infer,
)
"""Asked in this order; the first that does not refuse is right, and text takes the rest."""

CONVERT: dict[str, Callable[[Column, Values], Converted]] = {
    kind: module.convert
    for module in (
        media, text, series, number, category, date, label, split, time, group, sample_id
    )
    for kind in module.KINDS
}  # fmt: skip
"""How the cells of each kind are converted; those of kind "skip" stay."""


def infer(values: Values) -> Inferred:
    """Return the kind of a column, inferred from its name and values."""
    for ask in INFER:
        if found := ask(values):
            return split.without_folds(values, found)
    return split.without_folds(values, text.infer(values))


def convert(column: Column, values: Values) -> Converted:
    """Return the cells of a column in the type of its kind.

    Raises:
        InputError: cells that the kind does not take.
    """
    return CONVERT[column.kind](column, values)


def typed(column: Column, cells: Sequence[Any]) -> list[Any]:
    """Return cells in the type of the column's kind, written in the column's form.

    Example:
        >>> typed(Column("size", "category", "table"), [4, None])
        ['4', None]

    Raises:
        InputError: cells that the kind does not take.
    """
    return convert(column, Values(column.name, cells)).cells
