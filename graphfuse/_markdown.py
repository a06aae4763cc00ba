"""Escape text so that Markdown shows it unchanged."""

from __future__ import annotations

from collections.abc import Sequence

Table = tuple[Sequence[str], Sequence[Sequence[str]]]
"""Header and rows."""


def escape(text: str) -> str:
    r"""Return text escaped for Markdown, on one line.

    Example:
        >>> print(escape("<b>|\n*x*"))
        \<b\>\| \*x\*
    """
    text = text.replace("\\", "\\\\").replace("&", "&amp;")
    for mark in ("|", "<", ">", "*", "_", "`", "[", "]", "$", "#", "~"):
        text = text.replace(mark, "\\" + mark)
    return " ".join(text.split())


def table_lines(table: Table) -> list[str]:
    """Return the lines of a table, its cells escaped.

    Example:
        >>> for line in table_lines((["a", "b"], [["1", "2"]])):
        ...     print(line)
        | a | b |
        | --- | --- |
        | 1 | 2 |
    """
    header, rows = table
    lines = ["| " + " | ".join(map(escape, header)) + " |", "|" + " --- |" * len(header)]
    return lines + ["| " + " | ".join(map(escape, row)) + " |" for row in rows]
