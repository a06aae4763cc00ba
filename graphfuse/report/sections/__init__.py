"""The sections of a report, one per file: adding a file adds a section to every format."""

from __future__ import annotations

from graphfuse.report.sections.section import (
    ComparisonSection,
    DatasetSection,
    Figure,
    Section,
    Table,
    sections,
)


def dataset_sections() -> list[DatasetSection]:
    """Return the sections about one dataset, in order."""
    return [s for s in _in_order() if isinstance(s, DatasetSection)]


def comparison_sections(after_datasets: bool) -> list[ComparisonSection]:
    """Return the sections about the whole comparison, before or after the datasets, in order."""
    chosen = [s for s in _in_order() if isinstance(s, ComparisonSection)]
    return [s for s in chosen if s.after_datasets == after_datasets]


def _in_order() -> list[Section]:
    return sorted(map(sections.get, sections.names()), key=lambda s: (s.order, s.name))


__all__ = [
    "ComparisonSection",
    "DatasetSection",
    "Figure",
    "Section",
    "Table",
    "comparison_sections",
    "dataset_sections",
    "sections",
]
