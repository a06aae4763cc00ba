"""The parts of a report that a paper needs, as LaTeX."""

from __future__ import annotations

from collections.abc import Iterator

from graphfuse.report.sections import DatasetSection, Table, dataset_sections
from graphfuse.report.show import DASH
from graphfuse.report.summary import DatasetSummary, Summary

ESCAPES = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    DASH: "--", "<": r"\textless{}", ">": r"\textgreater{}",
}  # fmt: skip


def to_latex(summary: Summary) -> str:
    """Return data, leaderboards and planned questions as LaTeX (packages booktabs and graphicx).

    The description of the data comes before the tables; files and samples by name are comments.
    Names outside Latin script need LuaLaTeX or XeLaTeX with a font that has them.
    """
    chosen = [section for section in dataset_sections() if section.in_latex]
    lines: list[str] = []
    for d in summary.datasets:
        for section in chosen:
            if section.applies(d):
                lines += _lines(section, d)
    return "\n".join(lines)


def _lines(section: DatasetSection, d: DatasetSummary) -> Iterator[str]:
    first, *others = section.sentences(d) or [""]
    if first:
        yield f"\\noindent {escape(d.name)}: {escape(first)}."
    yield from (f"{escape(sentence)}." for sentence in others)
    for title, names in section.lists(d).items():
        yield from (f"% {escape(title)}", *(f"%   {escape(name)}" for name in names))
    yield ""
    for table in section.tables(d):
        caption = f"{d.name}. {table.title or section.title(d)}."
        yield from _table(f"{escape(caption)} {_star(escape(table.note))}", table)


def _table(caption: str, table: Table) -> Iterator[str]:
    yield from ("\\begin{table}", f"\\caption{{{caption}}}", "\\resizebox{\\textwidth}{!}{%")
    columns = "l" * table.left + "r" * (len(table.header) - table.left)
    yield from ("\\begin{tabular}{" + columns + "}", "\\toprule")
    yield from (" & ".join(map(escape, table.header)) + " \\\\", "\\midrule")
    for row in table.rows:
        first, *others = map(escape, row)
        yield " & ".join([_star(first), *others]) + " \\\\"
    yield from ("\\bottomrule", "\\end{tabular}}", "\\end{table}", "")


def _star(text: str) -> str:
    return text.replace("*", "$^*$")


def escape(text: str) -> str:
    r"""Return text that LaTeX takes for nothing but text, on one line.

    Example:
        >>> print(escape("a_b\n50 %"))
        a\_b 50 \%
    """
    return "".join(ESCAPES.get(c, c) for c in " ".join(text.split()))
