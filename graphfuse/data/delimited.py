"""Tables of text: CSV, TSV and similar, read cell by cell as text, so that "007" stays "007"."""

from __future__ import annotations

import csv
import io
import itertools
import logging
import re
from collections import Counter

from graphfuse._wording import count
from graphfuse.errors import InputError

logger = logging.getLogger(__name__)

DELIMITERS = (",", "\t", ";", "|")
NAMED = 5
"""Lines that a message names."""


def read_delimited(
    text: str, name: str, delimiter: str | None = None
) -> tuple[list[str], list[list[str]]]:
    """Return the header and the rows of a table, all equally long.

    A first line ``sep=;``, as Excel writes it, names the delimiter. Rows whose cells are all empty
    are left out, with a warning that names their lines.

    Args:
        text: the content of the file.
        name: what errors call the file.
        delimiter: inferred by default.

    Raises:
        InputError: the file is empty, or a row has more or fewer cells than the header.
    """
    named, text = split_separator_line(text)
    delimiter = named or delimiter or sniff(text)
    lines: list[tuple[int, list[str]]] = []
    csv.field_size_limit(2**31 - 1)  # a text may be long
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    before = int(named is not None)
    try:
        lines = [(reader.line_num + before, cells) for cells in reader if cells]
    except csv.Error as error:
        raise InputError(
            f"{name}, line {reader.line_num + before}: {error}; a double quote is never closed, "
            f"or is closed in the middle of a cell"
        ) from None
    empty = [line for line, cells in lines if not any(cell.strip() for cell in cells)]
    lines = [(line, cells) for line, cells in lines if any(cell.strip() for cell in cells)]
    if not lines:
        raise InputError(f"{name} is empty: it has no header and no row")
    if empty:
        logger.warning(
            "%s: %s in which all cells are empty %s left out: line%s %s",
            name, count(len(empty), "row"),
            "is" if len(empty) == 1 else "are", "s" * (len(empty) > 1), _first(empty),
        )  # fmt: skip
    (_, header), *rows = lines
    ragged = [f"line {line} has {len(cells)}" for line, cells in rows if len(cells) != len(header)]
    if ragged:
        raise InputError(
            f"{name}: the header has {len(header)} columns separated by {delimiter!r}, but "
            f"{_first(ragged)}; put cells that hold {delimiter!r} in double quotes"
        )
    return [title.strip() for title in header], [cells for _, cells in rows]


def split_separator_line(text: str) -> tuple[str | None, str]:
    r"""Return the delimiter that a first line ``sep=;`` names, None without one, and the rest.

    Example:
        >>> split_separator_line("sep=;\na;b\n1;2"), split_separator_line("a,b")
        ((';', 'a;b\n1;2'), (None, 'a,b'))
    """
    match = re.match(r'\ufeff?"?sep=(.)"?[;,]*\r?\n', text, re.IGNORECASE)
    return (match[1], text[match.end() :]) if match else (None, text)


def _first(named: list[int] | list[str]) -> str:
    more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
    return ", ".join(map(str, named[:NAMED])) + more


def sniff(text: str) -> str:
    r"""Return the delimiter that gives most of the first lines as many cells as the header.

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
