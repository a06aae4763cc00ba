"""time: numbers or dates by which the samples are split."""

from __future__ import annotations

from graphfuse.data.dates import read_dates
from graphfuse.data.numbers import read_numbers
from graphfuse.raw.columns import Column
from graphfuse.raw.tables.kinds import date
from graphfuse.raw.tables.kinds.values import Converted, Values, check_single, is_empty

KINDS = ("time",)


def convert(column: Column, values: Values) -> Converted:
    """Return numbers, or dates as ISO texts; other values stay, and are an error when used."""
    check_single("time", values)
    if all(isinstance(cell, (int, float)) for cell in values.full):
        return Converted(list(values.cells))
    numbers = read_numbers(values.full)
    if not numbers.strange and not numbers.missing:
        rest = iter(numbers.values)
        return Converted([None if is_empty(cell) else next(rest) for cell in values.cells])
    order = {date.DAY_FIRST: True, date.MONTH_FIRST: False}.get(column.form)
    cells = [cell if not isinstance(cell, str) else cell.strip() for cell in values.cells]
    found = read_dates(cells, order)
    form = date.DAY_FIRST if found.day_first else date.MONTH_FIRST
    iso = [
        (None if is_empty(cell) else str(cell)) if value is None else date.iso(value)
        for cell, value in zip(cells, found.values, strict=True)
    ]
    ambiguous = date.cautions(found, form)[-1:] if found.ambiguous else ()
    return Converted(iso, form, ambiguous)
