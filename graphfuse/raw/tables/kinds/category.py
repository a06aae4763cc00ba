"""category: one of a few values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from graphfuse.data.numbers import is_gap
from graphfuse.raw.columns import Column
from graphfuse.raw.tables.kinds.values import (
    Converted,
    Inferred,
    Values,
    as_text,
    check_single,
    is_empty,
    listed,
)

KINDS = ("category",)
MOST = 50
"""Different values that a column of categories may have."""
SHORT = 12
"""Characters of a value in a script without spaces, at most."""


def infer(values: Values) -> Inferred | None:
    """Return "category" for truth values, and for few short values that repeat."""
    if values.lists is not None or values.files:
        return None
    if isinstance(values.full[0], bool):
        return Inferred("category", "true or false")
    rows = len(values.texts)
    few = values.different <= min(MOST, max(2, rows // 2)) and values.different < rows
    spaced = sum(len(text.split()) for text in values.texts) / rows
    short = values.words <= 3 or (spaced <= 3 and max(map(len, values.texts)) <= SHORT)
    return Inferred("category", f"{values.different} different values") if few and short else None


def convert(column: Column, values: Values) -> Converted:
    """Return texts, None where a cell is empty."""
    check_single(column.kind, values)
    cells = [None if is_empty(cell) else as_text(cell) for cell in values.cells]
    counts = Counter(cell for cell in cells if cell is not None)
    gaps = {cell: n for cell, n in counts.items() if is_gap(cell)} if "+" not in counts else {}
    lines = [f"levels that may mean a missing value: {listed(gaps)}; empty them if so"] * bool(gaps)
    return Converted(cells, cautions=(*lines, *differing_in_case(counts)))


def differing_in_case(counts: Mapping[str, int]) -> tuple[str, ...]:
    """Return a caution that names the values that differ in capital letters alone.

    Example:
        >>> differing_in_case({"Cat": 2, "cat": 7, "dog": 5})
        ("values that differ in case alone: 'cat' (7), 'Cat' (2); they stay apart; to merge ...",)
    """
    folded: dict[str, dict[str, int]] = {}
    for value, count in counts.items():
        folded.setdefault(value.casefold(), {})[value] = count
    variants = {v: n for own in folded.values() if len(own) > 1 for v, n in own.items()}
    if not variants:
        return ()
    return (
        f"values that differ in case alone: {listed(variants)}; they stay apart; to merge "
        f"them, clean with {{correct_values: {{values: {{COLUMN: {{old: new}}}}}}}}",
    )
