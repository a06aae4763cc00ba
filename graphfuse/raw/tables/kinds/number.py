"""number: numbers in any usual form; a few other cells count as missing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from graphfuse.data.numbers import Numbers, Style, number, read_numbers
from graphfuse.errors import InputError
from graphfuse.raw.columns import Column
from graphfuse.raw.tables.kinds.values import FEW, Converted, Inferred, Values, listed

KINDS = ("number",)


def infer(values: Values) -> Inferred | None:
    """Return "number" if nearly every cell is a number and none of them a code such as 007."""
    if values.lists is not None or any(isinstance(cell, (bool, dict)) for cell in values.full[:9]):
        return None
    found = read_numbers(values.full, prefer=values.style)
    if not found.count or have_leading_zeros(values.texts) or not fits(found):
        return None
    if not found.missing and not found.strange:
        comma = found.style is Style.COMMA
        return Inferred("number", f"every value is a number{', with decimal comma' * comma}")
    return Inferred("number", f"{found.count} of {len(values.full)} values are numbers")


def fits(found: Numbers) -> bool:
    """Return whether so few cells are strange that they may count as missing."""
    strange = found.strange.total()
    return strange <= FEW * (found.count + strange)


def convert(column: Column, values: Values) -> Converted:
    """Return numbers, NaN where one is missing.

    Raises:
        InputError: more than a few cells that are no numbers.
    """
    style = Style(column.form) if column.form else None
    found = read_numbers(values.cells, style, values.style)
    if found.strange and not fits(found):
        rows = [row for row, cell in enumerate(values.cells) if str(cell).strip() in found.strange]
        more = f" and {len(rows) - 5} more" if len(rows) > 5 else ""
        named = ", ".join(f"{values.cells[row]!r} in row {row}" for row in rows[:5])
        raise InputError(
            f"column {column.name!r} is of kind 'number', but holds {named}{more}; empty these "
            f"cells, or give it another kind: --column {column.name}=category"
        )
    return Converted(found.values, found.style.value, cautions(found, column.name))


def cautions(found: Numbers, name: str) -> tuple[str, ...]:
    """Return what to check about the numbers of a column."""
    lines = []
    if found.missing:
        lines.append(f"counted as missing: {listed(found.missing)}")
    if found.strange:
        lines.append(f"no numbers, and counted as missing: {listed(found.strange)}")
    if found.ambiguous:
        group, part = (".", ",") if found.style is Style.COMMA else (",", ".")
        lines.append(
            f"numbers such as {found.ambiguous!r} are read with {group!r} between thousands and "
            f"{part!r} before the fraction; write {name} without separators if this is wrong"
        )
    return tuple(lines)


def have_leading_zeros(texts: Sequence[str]) -> bool:
    """Return whether any text is a code such as 007."""
    return any(re.fullmatch(r"0\d+", text) for text in texts)


def are_codes(texts: Sequence[str]) -> bool:
    """Return whether texts are codes such as 007 or a3f9, rather than numbers or words."""
    digits = sum(any(c.isdigit() for c in text) and number(text) is None for text in texts)
    return have_leading_zeros(texts) or digits > 0.8 * len(texts)
