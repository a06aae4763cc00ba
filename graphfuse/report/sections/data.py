"""The data, and the changes made to them before training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from graphfuse._origin import Origin
from graphfuse._wording import count
from graphfuse.bench.records import DatasetFacts
from graphfuse.report.sections.section import DatasetSection, DatasetSummary, Render, section

SHOWN_COLUMNS = 8
"""Columns of a table, those with the most empty cells, that a line names."""
AUGMENT = "augment"
"""The step that adds augmented copies, which is not a step of cleaning."""


@section("data")
class Data(DatasetSection):
    """Samples, task, modalities, splits, encoders, cleaning and steps."""

    order = 10
    in_latex = True

    def title(self, d: DatasetSummary) -> str:
        """Return the heading."""
        return "Data"

    def sentences(self, d: DatasetSummary) -> Sequence[str]:
        """Return the headline, warnings about columns, and what was done to the data."""
        lines = [f"{title}: {line}" for title, line in _lines(d).items()]
        return [headline(d.facts), *(f"! {line}" for line in warnings(d.facts)), *lines]

    def lists(self, d: DatasetSummary) -> Mapping[str, Sequence[str]]:
        """Return the named cells and samples, by the change."""
        origin = d.facts.origin or Origin()
        found: dict[str, Sequence[str]] = {_unreadable(origin): origin.problems}
        for change in origin.changes:
            samples = [", ".join(change.ids)] if change.ids else []
            if change.step != AUGMENT:
                found[f"{change.step}: {change.what}"] = change.details or samples
        return {title: names for title, names in found.items() if title and names}

    def html(self, d: DatasetSummary, render: Render) -> Markup:
        """Return the headline and the lines by title."""
        return render(
            "sections/data.html.j2",
            headline=headline(d.facts),
            warnings=warnings(d.facts),
            lines=_lines(d),
            lists=self.lists(d),
        )


def headline(facts: DatasetFacts) -> str:
    """Return samples, task, modalities and splits of a dataset on one line."""
    classes = f", {count(len(facts.classes), 'class')}" if facts.classes else ""
    labelled = facts.labelled
    partly = labelled is not None and labelled < facts.samples
    grouped = ", grouped" if facts.groups else ""
    folds = f"{count(facts.splits.folds, 'fold')} \N{MULTIPLICATION SIGN} {facts.splits.repeats}"
    parts = [
        f"{labelled} of {facts.samples} labelled" if partly else count(facts.samples, "sample"),
        f"{facts.task}{classes}",
        ", ".join(f"{m.name} {list(m.shape)}" for m in facts.modalities),
        "given split" if facts.given_splits else f"{folds}{grouped}",
    ]
    return " · ".join(parts)


def warnings(facts: DatasetFacts) -> list[str]:
    """Return warnings about columns: those left out, and those in doubt."""
    origin = facts.origin or Origin()
    return [*origin.lost.values(), *origin.columns]


def _lines(d: DatasetSummary) -> dict[str, str]:
    facts, origin = d.facts, d.facts.origin or Origin()
    lines = {
        "Encoders": _encoders(origin),
        "Missing": _missing(facts.missing, origin.empty),
        "Unreadable": _unreadable(origin),
        "Cleaning": "; ".join(f"{c.step}: {c.what}" for c in origin.changes if c.step != AUGMENT),
        "Augmentation": "; ".join(c.what for c in origin.changes if c.step == AUGMENT),
        "Steps": _steps(facts),
    }
    return {title: line for title, line in lines.items() if line}


def _encoders(origin: Origin) -> str:
    return ", ".join(
        f"{m}: {encoder['name']} {origin.models.get(m, '')}".rstrip()
        for m, encoder in origin.encoders.items()
    )


def _missing(missing: Mapping[str, float], empty: Mapping[str, Mapping[str, float]]) -> str:
    cells = []
    for m, columns in empty.items():
        most = sorted(columns.items(), key=lambda item: (-item[1], item[0]))[:SHOWN_COLUMNS]
        rest = len(columns) - SHOWN_COLUMNS
        more = f" and {count(rest, 'more column')}" if rest > 0 else ""
        cells.append(f"; empty cells of {m}: {', '.join(_share(c, s) for c, s in most)}{more}")
    lacking = ", ".join(_share(m, share) for m, share in missing.items() if share)
    return (lacking or "no modality of any sample") + "".join(cells)


def _unreadable(origin: Origin) -> str:
    cells = origin.unreadable
    verb = "counts" if cells == 1 else "count"
    return f"{count(cells, 'cell')} could not be read and {verb} as missing" if cells else ""


def _steps(facts: DatasetFacts) -> str:
    steps = []
    for step in facts.steps:
        options = [f"{k}={v}" for k, v in step.options.items() if isinstance(v, str | int | float)]
        steps.append(f"{step.name}({', '.join(options)})" if options else step.name)
    return f"{', '.join(steps)}; fitted on each training part" if steps else ""


def _share(name: str, share: float) -> str:
    """Return a share in per cent, never as zero.

    Example:
        >>> _share("age", 0.1613), _share("age", 0.0001)
        ('age 16.1 %', 'age <0.1 %')
    """
    return f"{name} {100 * share:.1f} %" if share >= 0.0005 else f"{name} <0.1 %"
