"""ROC curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphfuse.report import figures
from graphfuse.report.predictions import GRID, roc_curves
from graphfuse.report.sections.section import (
    DatasetSection,
    DatasetSummary,
    Figure,
    Table,
    section,
)
from graphfuse.report.show import show

RATES = (5, 10, 15, 20, 25, 30, 40)
"""Places in the grid of false positive rates that the table shows."""


@section("roc")
class Roc(DatasetSection):
    """The best strategy of each family."""

    order = 70
    half_width = True

    def title(self, d: DatasetSummary) -> str:
        """Return the heading."""
        return "ROC curves"

    def applies(self, d: DatasetSummary) -> bool:
        """Whether there are classes, and some fold has all of them."""
        return bool(roc_curves(d))

    def figure(self, d: DatasetSummary) -> Figure:
        """Return one line per strategy."""
        svg = figures.roc({name: (GRID, y) for name, y in roc_curves(d).items()})
        classes = " and classes, one against the rest" if len(d.facts.classes) > 2 else ""
        caption = f"The best strategy of each family; mean over folds{classes}."
        return Figure(svg, "true positive rates", caption)

    def tables(self, d: DatasetSummary) -> Sequence[Table]:
        """Return the true positive rates at some false positive rates."""
        header = ("at a false positive rate of", *(f"{GRID[i]:.1f}" for i in RATES))
        rows = [
            [name, *(show("mean", float(y[i])) for i in RATES)] for name, y in roc_curves(d).items()
        ]
        return [Table(header, rows)]

    def data(self, d: DatasetSummary) -> Mapping[str, Any]:
        """Return the curves."""
        curves = {name: y.tolist() for name, y in roc_curves(d).items()}
        return {"roc": {"false_positive_rate": GRID.tolist(), "true_positive_rate": curves}}
