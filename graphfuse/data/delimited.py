"""Tables of text: CSV, TSV and their like, read cell by cell as text, so that "007" stays."""

from __future__ import annotations

import csv
import io
import itertools
import math
from collections import Counter

from graphfuse.errors import InputError

DELIMITERS = (",", "\t", ";", "|")
MISSING = ("", "na", "n/a", "nan", "null", "none", "#n/a")
"""What stands in a column of numbers where one is missing, in small letters."""


def read_delimited(
    text: str, name: str, delimiter: str | None = None
) -> tuple[list[str], list[list[str]]]:
    """Return the header and the rows of a table, all equally long.

    Args:
        text: the content of the file.
        name: what errors call the file.
        delimiter: guessed by default.

    Raises:
        InputError: no text, no row, or a row with another number of cells than the header.
    """
    delimiter = delimiter or sniff(text)
    lines: list[tuple[int, list[str]]] = []
    csv.field_size_limit(2**31 - 1)  # a text may be long
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        lines = [(reader.line_num, cells) for cells in reader if any(c.strip() for c in cells)]
    except csv.Error as error:
        raise InputError(
            f"{name}, line {reader.line_num}: {error}; a double quote is opened and not "
            f"closed, or closed within a cell"
        ) from None
    if not lines:
        raise InputError(f"{name} is empty: it has no header and no row")
    (_, header), *rows = lines
    ragged = [f"line {line} has {len(cells)}" for line, cells in rows if len(cells) != len(header)]
    if ragged:
        more = f" and {len(ragged) - 5} more" if len(ragged) > 5 else ""
        raise InputError(
            f"{name}: the header has {len(header)} columns separated by {delimiter!r}, but "
            f"{', '.join(ragged[:5])}{more}; put cells that hold {delimiter!r} in double quotes"
        )
    return [title.strip() for title in header], [cells for _, cells in rows]


def sniff(text: str) -> str:
    r"""Tell the delimiter: it cuts most of the first lines into as many cells as the header.

    Example:
        >>> sniff("id;text\n1;a, b\n2;c, d")
        ';'
    """
    start = io.StringIO(text[:20_000], newline="")
    best, most = ",", 0.0
    for delimiter in DELIMITERS:
        start.seek(0)
        lines = itertools.islice(csv.reader(start, delimiter=delimiter), 20)
        widths = [len(cells) for cells in lines if cells]
        if not widths or widths[0] < 2:
            continue
        agreeing = Counter(widths)[widths[0]] / len(widths)
        score = agreeing * 1000 + widths[0]
        if score > most:
            best, most = delimiter, score
    return best


def number(cell: object) -> float | None:
    """Return the finite number that a cell holds, NaN where it is missing, None if it is none.

    Example:
        >>> number("1.5"), number("n/a"), number("1,5")
        (1.5, nan, None)
    """
    if cell is None or (isinstance(cell, str) and cell.strip().lower() in MISSING):
        return math.nan
    try:
        value = float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return None if math.isinf(value) or (isinstance(cell, str) and "_" in cell) else value
