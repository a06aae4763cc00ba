"""date: dates in any usual form, kept as ISO texts; the encoder makes numbers of them."""

from __future__ import annotations

from datetime import datetime

from graphfuse.data.dates import Dates, read_dates
from graphfuse.errors import InputError
from graphfuse.raw.columns import Column
from graphfuse.raw.tables.kinds.values import FEW, Converted, Inferred, Values, is_empty, listed

KINDS = ("date",)
DAY_FIRST, MONTH_FIRST = "day first", "month first"
ORDERS = {DAY_FIRST: True, MONTH_FIRST: False}
"""Whether the day comes first, by the form of a column."""
TRIED = 20
"""Cells that are tried before all are read."""


def infer(values: Values) -> Inferred | None:
    """Return "date" if nearly every cell is a date."""
    if values.lists is not None or isinstance(values.full[0], (bool, float, dict)):
        return None
    cells = [cell if isinstance(cell, datetime) else str(cell).strip() for cell in values.full]
    if read_dates(cells[:TRIED]).count < 0.5 * len(cells[:TRIED]):
        return None
    found = read_dates(cells)
    if not _fits(found):
        return None
    return Inferred("date", f"dates; --column {values.name}=time splits the data by them")


def _fits(found: Dates) -> bool:
    strange = found.strange.total()
    return bool(found.count) and strange <= FEW * (found.count + strange)


def convert(column: Column, values: Values) -> Converted:
    """Return dates as ISO texts, None where one is missing.

    Raises:
        InputError: more than a few cells that are no dates.
    """
    found, form = read_column(values, column.form)
    if found.strange and not _fits(found):
        raise InputError(
            f"column {column.name!r} is of kind 'date', but holds {listed(found.strange)}; write "
            f"dates as 2026-01-31, empty these cells, or give it another kind"
        )
    return Converted([iso(value) for value in found.values], form, cautions(found, form))


def read_column(values: Values, form: str = "") -> tuple[Dates, str]:
    """Return the dates of a column, and the form that they are written in."""
    cells = [
        cell if isinstance(cell, datetime) or is_empty(cell) else str(cell).strip()
        for cell in values.cells
    ]
    found = read_dates(cells, ORDERS.get(form))
    return found, DAY_FIRST if found.day_first else MONTH_FIRST


def iso(value: datetime | None) -> str | None:
    """Return a date as ISO text, without a time at midnight."""
    if value is None:
        return None
    midnight = (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0)
    return value.date().isoformat() if midnight else value.isoformat()


def cautions(found: Dates, form: str) -> tuple[str, ...]:
    """Return what to check about the dates of a column."""
    lines = []
    if found.missing:
        lines.append(f"counted as missing: {listed(found.missing)}")
    if found.strange:
        lines.append(f"no dates, and counted as missing: {listed(found.strange)}")
    if found.ambiguous:
        lines.append(
            f"dates such as {found.ambiguous!r} are read {form}; write them as 2026-01-31 if this "
            f"is wrong"
        )
    return tuple(lines)
