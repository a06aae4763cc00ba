"""The report as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from graphfuse._markdown import escape, table_lines
from graphfuse.report.sections import Section, comparison_sections, dataset_sections
from graphfuse.report.summary import Summary


def to_markdown(summary: Summary) -> str:
    """Return the report as Markdown."""
    lines = ["# Comparison of fusion strategies", ""]
    lines += _sections(comparison_sections(after_datasets=False), summary, "##")
    for d in summary.datasets:
        lines += [f"## {escape(d.name)} ({d.metric})", ""]
        lines += _sections(dataset_sections(), d, "###")
    lines += _sections(comparison_sections(after_datasets=True), summary, "##")
    return "\n".join(lines)


def _sections(chosen: Sequence[Section], summary: Any, marks: str) -> Iterator[str]:
    for section in chosen:
        if section.applies(summary):
            yield from (f"{marks} {escape(section.title(summary))}", "")
            yield from _lines(section, summary, f"{marks}#")


def _lines(section: Section, summary: Any, marks: str) -> Iterator[str]:
    sentences = section.sentences(summary)
    if sentences:
        yield from (*(f"- {escape(sentence)}" for sentence in sentences), "")
    for table in section.tables(summary):
        if table.title:
            yield from (f"{marks} {escape(table.title)}", "")
        yield from (*table_lines((table.header, table.rows)), "")
        if table.note:
            yield from (escape(table.note), "")
    for title, text in section.verbatim(summary).items():
        yield from (f"{escape(title)}:", "", *(f"    {line}" for line in text.splitlines()), "")
    for title, names in section.lists(summary).items():
        yield from (f"{marks} {escape(title)}", "", *(f"- {escape(name)}" for name in names), "")
