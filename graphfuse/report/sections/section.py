"""What a section of a report gives to the writers of every format."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar

import pandas as pd
from markupsafe import Markup

from graphfuse._registry import Registry
from graphfuse.report.summary import DatasetSummary, Summary


@dataclass(frozen=True)
class Table:
    """A table of text; the first ``left`` columns are aligned left."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    """Empty where the title of the section says it."""
    note: str = ""
    left: int = 1


@dataclass(frozen=True)
class Figure:
    """A figure for HTML; ``table`` names the section's tables, which hold its numbers."""

    svg: Markup
    table: str
    caption: str = ""
    on_paper: bool = False
    """Whether it needs a white background."""


class Render(Protocol):
    """Renders a template of the folder ``templates`` with the given values."""

    def __call__(self, template: str, /, **given: Any) -> Markup:
        """Return the HTML; text that is not yet markup is escaped."""


class Section(ABC):
    """One section: its title, sentences, tables and figure, and whether it applies.

    What a section gives is the same in HTML, Markdown and LaTeX; :meth:`html` may arrange it in
    another way. ``order`` decides where it stands.
    """

    name: ClassVar[str] = ""
    order: ClassVar[int]
    heading: ClassVar[str]
    """Tag of its heading in HTML."""
    in_latex: ClassVar[bool] = False
    """Whether a paper needs it."""

    @abstractmethod
    def title(self, summary: Any) -> str:
        """Return the heading."""

    def applies(self, summary: Any) -> bool:
        """Whether there is anything to show."""
        return True

    def sentences(self, summary: Any) -> Sequence[str]:
        """Return the sentences of the section."""
        return ()

    def lists(self, summary: Any) -> Mapping[str, Sequence[str]]:
        """Return long lists by title; they are at the end, closed in HTML."""
        return {}

    def verbatim(self, summary: Any) -> Mapping[str, str]:
        """Return text such as commands and files, by title; it is shown verbatim."""
        return {}

    def tables(self, summary: Any) -> Sequence[Table]:
        """Return the tables."""
        return ()

    def figure(self, summary: Any) -> Figure | None:
        """Return the figure."""
        return None

    def data(self, summary: Any) -> Mapping[str, Any]:
        """Return the entries that the section adds to the JSON report."""
        return {}

    def html(self, summary: Any, render: Render) -> Markup:
        """Return the section as HTML."""
        return render("section.html.j2", section=self, summary=summary)


class DatasetSection(Section):
    """A section about one dataset; its methods take a :class:`~graphfuse.report.DatasetSummary`."""

    heading = "h3"
    half_width: ClassVar[bool] = False
    """Whether it stands beside other such sections on a wide page."""


class ComparisonSection(Section):
    """A section about the whole comparison.

    Its methods take a :class:`~graphfuse.report.Summary`.
    """

    heading = "h2"
    after_datasets: ClassVar[bool] = True


sections: Registry[Section] = Registry("section", "graphfuse.report.sections")

Made = TypeVar("Made", bound=type[Section])


def section(name: str) -> Callable[[Made], Made]:
    """Register a section class under ``name``."""

    def entry_of(made: Made) -> Section:
        made.name = name
        return made()

    return sections.register(name, entry_of)


def records_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table for JSON; a number that does not exist is None."""
    rows: list[dict[str, Any]] = json.loads(table.to_json(orient="records", double_precision=15))
    return rows


__all__ = [
    "ComparisonSection",
    "DatasetSection",
    "DatasetSummary",
    "Figure",
    "Render",
    "Section",
    "Summary",
    "Table",
    "records_of",
    "section",
    "sections",
]
