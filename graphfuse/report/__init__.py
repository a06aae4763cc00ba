"""Results to HTML, Markdown, LaTeX and JSON; nothing here needs torch."""

from __future__ import annotations

from pathlib import Path

from graphfuse._files import write_whole
from graphfuse.errors import UnknownNameError
from graphfuse.report.html import to_html
from graphfuse.report.json import to_json
from graphfuse.report.latex import to_latex
from graphfuse.report.markdown import to_markdown
from graphfuse.report.read import summarise
from graphfuse.report.summary import DatasetSummary, Summary

WRITERS = {".html": to_html, ".md": to_markdown, ".tex": to_latex, ".json": to_json}


def write_report(results: str | Path, path: Path) -> Path:
    """Write one report of a folder of results, in the format that the ending of ``path`` names.

    Raises:
        UnknownNameError: an ending other than .html, .md, .tex, .json.
        InputError: the folder holds no results, or the file cannot be written.
    """
    if path.suffix not in WRITERS:
        raise UnknownNameError("ending of a report", path.suffix, WRITERS)
    return _write(path, WRITERS[path.suffix](summarise(results)))


def write_reports(results: str | Path, html: Path) -> list[Path]:
    """Write the HTML report and, beside it under the same name, the other formats."""
    summary = summarise(results)
    return [_write(html.with_suffix(end), write(summary)) for end, write in WRITERS.items()]


def _write(path: Path, content: str) -> Path:
    with write_whole(path, "the report") as work:
        work.write_text(content, encoding="utf-8")
    return path


__all__ = [
    "DatasetSummary",
    "Summary",
    "summarise",
    "to_html",
    "to_json",
    "to_latex",
    "to_markdown",
    "write_report",
    "write_reports",
]
