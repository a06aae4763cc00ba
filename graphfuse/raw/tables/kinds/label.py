"""label: what is predicted, classes, numbers, or several labels per sample."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from graphfuse.data.dates import days
from graphfuse.data.labels import MOST_CLASSES
from graphfuse.data.numbers import MISSING, Numbers, Style, is_gap, read_numbers
from graphfuse.errors import InputError
from graphfuse.raw.columns import Column
from graphfuse.raw.tables.kinds import date, number
from graphfuse.raw.tables.kinds.category import differing_in_case
from graphfuse.raw.tables.kinds.text import mostly_numbers
from graphfuse.raw.tables.kinds.values import (
    FEW,
    Converted,
    Inferred,
    Values,
    as_list,
    as_text,
    check_single,
    is_empty,
    listed,
    parsed,
)

KINDS = ("label",)
SEPARATORS = ("|", ";")
"""What stands between several labels in a cell."""
CODES = 10
"""Different numbers up to which they may be codes of classes, beside which a word is one too."""


def infer(values: Values) -> Inferred | None:
    """Return "label" for a column called after one, unless it names files."""
    if values.role != "label" or values.files:
        return None
    strange = mostly_numbers(values.full)
    return Inferred("label", f"called {values.name!r}" + (strange and f"; {strange}"))


def convert(column: Column, values: Values) -> Converted:
    """Return numbers, the days of dates, lists where a cell has several labels, or class names.

    ``column.form`` is the style of numbers, the order of dates, or what separates several labels.

    Raises:
        InputError: cells that may be one label or several, and no task that says which.
    """
    check_single("label", values, lists=True)
    full = values.full
    if not full:
        return Converted([None] * len(values.cells))
    if (dates := _dates(column, values)) is not None:
        return dates
    if not any(isinstance(cell, str | datetime) for cell in full):
        return Converted(list(values.cells))
    if parsed(values.texts):
        lists = [None if is_empty(cell) else as_list(cell) for cell in values.cells]
        return Converted([own and [as_text(label) for label in own] for own in lists])
    separator = _separator(values) if not column.form else column.form
    if separator in SEPARATORS:
        return Converted([_split(cell, separator) for cell in values.cells], separator)
    numbers = _numbers(column, values)
    if numbers is not None:
        rest = [None if value != value else value for value in numbers.values]
        lines = number.cautions(numbers, column.name)
        return Converted(rest, numbers.style.value, lines)
    return _classes(values)


def _dates(column: Column, values: Values) -> Converted | None:
    """Return dates as days since 2000-01-01, None if the labels are not dates, or are classes.

    Without a task, few different dates are classes, as few different numbers are.
    """
    if column.form not in date.ORDERS:
        inferred = values.task in (None, "regression") and date.infer(values) is not None
        few = values.task is None and values.different <= MOST_CLASSES
        if column.form or few or not inferred:
            return None
    found, form = date.read_column(values, column.form)
    lines = (
        "dates are read as days since 2000-01-01, a regression; --task multiclass makes each date "
        "a class",
        *date.cautions(found, form),
    )
    return Converted([None if d is None else days(d) for d in found.values], form, lines)


def _numbers(column: Column, values: Values) -> Numbers | None:
    """Return labels as numbers, None where they are names of classes or codes such as 007."""
    if number.have_leading_zeros(values.texts):
        return None
    style = Style(column.form) if column.form in [*Style] else None
    found = read_numbers(values.cells, style, values.style)
    if not found.count or not number.fits(found):
        return None
    different = len({value for value in found.values if value == value})
    return None if found.strange and different <= CODES else found


def _classes(values: Values) -> Converted:
    """Return names of classes; marks of a missing value, such as "?", are missing labels."""
    named = [date.iso(cell) if isinstance(cell, datetime) else cell for cell in values.cells]
    cells = [None if is_empty(cell) else as_text(cell) for cell in named]
    counts = Counter(cell for cell in cells if cell is not None)
    gaps = {cell: n for cell, n in counts.items() if is_gap(cell) and "+" not in counts}
    if len(counts) - len(gaps) < 2:
        gaps = {}
    words = {c: n for c, n in counts.items() if c not in gaps and c.lower() in MISSING}
    lines = []
    if gaps:
        lines.append(f"counted as missing labels: {listed(gaps)}")
    if words:
        lines.append(
            f"classes that may mean a missing label: {listed(words)}; empty these cells if so"
        )
    kept = [None if cell in gaps else cell for cell in cells]
    own = {cell: n for cell, n in counts.items() if cell not in gaps}
    return Converted(kept, cautions=(*lines, *differing_in_case(own)))


def _separator(values: Values) -> str:
    """Return what separates several labels in a cell, "" where each cell holds one label.

    Raises:
        InputError: it is not clear, and no task says which.
    """
    if values.task not in (None, "multilabel"):
        return ""
    for separator in SEPARATORS:
        joined = [text for text in values.texts if len(_parts(text, separator)) > 1]
        if not joined:
            continue
        if values.task == "multilabel":
            return separator
        cells = {frozenset(_parts(text, separator)) for text in values.texts}
        seen = Counter(part for cell in cells for part in cell)
        parts = {part for text in joined for part in _parts(text, separator)}
        recurring = sum(seen[part] > 1 for part in parts)
        if recurring >= 0.5 * len(parts) and len(joined) > FEW * len(values.texts):
            return separator
        example = Counter(joined).most_common(1)[0][0]
        raise InputError(
            f"column {values.name!r}: {len(joined)} of {len(values.texts)} labels hold "
            f"{separator!r}, such as {example[:40]!r}; say whether this is several labels, "
            f"{', '.join(_parts(example, separator)[:3])} (task='multilabel', --task multilabel), "
            f"or the name of one class (task='multiclass', --task multiclass)"
        )
    return SEPARATORS[0] if values.task == "multilabel" else ""


def _parts(text: str, separator: str) -> list[str]:
    return [part.strip() for part in text.split(separator) if part.strip()]


def _split(cell: Any, separator: str) -> list[str] | None:
    if is_empty(cell) or is_gap(cell):
        return None
    return cell if isinstance(cell, list) else _parts(as_text(cell), separator)
