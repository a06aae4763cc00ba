"""The report as one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from itertools import groupby
from typing import Any

import jinja2
from markupsafe import Markup, escape

from graphfuse.report.sections import comparison_sections, dataset_sections
from graphfuse.report.show import show
from graphfuse.report.summary import DatasetSummary, Summary


def to_html(summary: Summary) -> str:
    """Return the whole page; every text that a user gave is escaped."""
    render = _Templates()
    return render(
        "page.html.j2",
        summary=summary,
        before=_of_comparison(summary, render, after_datasets=False),
        datasets=[(d, _of_dataset(d, render)) for d in summary.datasets],
        after=_of_comparison(summary, render, after_datasets=True),
    )


def breakable(name: str) -> Markup:
    """Let a long name break after its separators.

    Example:
        >>> print(breakable("graph:hgt/no_edges"))
        graph:<wbr>hgt/<wbr>no_<wbr>edges
    """
    text = str(escape(name))
    for mark in (":", "/", "_"):
        text = text.replace(mark, f"{mark}<wbr>")
    return Markup(text)


class _Templates:
    def __init__(self) -> None:
        folder = files("graphfuse.report") / "templates"
        self.environment = jinja2.Environment(
            loader=jinja2.FunctionLoader(lambda name: (folder / name).read_text("utf-8")),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=jinja2.StrictUndefined,
        )
        self.environment.filters |= {"show": show, "breakable": breakable}
        self.environment.globals |= {
            "style": Markup((folder / "style.css").read_text("utf-8")),
            "script": Markup((folder / "script.js").read_text("utf-8")),
        }

    def __call__(self, template: str, /, **given: Any) -> Markup:
        return Markup(self.environment.get_template(template).render(**given))


def _of_comparison(
    summary: Summary, render: _Templates, *, after_datasets: bool
) -> list[tuple[str, str, Markup]]:
    """Return name, title and HTML of the sections that apply."""
    return [
        (section.name, section.title(summary), section.html(summary, render))
        for section in comparison_sections(after_datasets)
        if section.applies(summary)
    ]


def _of_dataset(d: DatasetSummary, render: _Templates) -> Iterator[tuple[bool, list[Markup]]]:
    """Yield the sections that apply: each alone, or those of half the width together."""
    chosen = [section for section in dataset_sections() if section.applies(d)]
    for half, group in groupby(chosen, key=lambda section: section.half_width):
        yield half, [section.html(d, render) for section in group]
