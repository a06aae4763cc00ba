"""Every strategy against every other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from graphfuse.report.sections.section import (
    DatasetSection,
    DatasetSummary,
    Render,
    Table,
    records_of,
    section,
)
from graphfuse.report.show import show

COLUMNS = {
    "a": "first",
    "b": "against",
    "difference": "difference",
    "low": "low",
    "high": "high",
    "p_holm": "p (Holm)",
    "equivalent": "P(no practical difference)",
    "effect": "Cohen's d",
    "n": "folds",
}
SIGNED = ("low", "high")


@section("all_pairs")
class AllPairs(DatasetSection):
    """Differences of all pairs, corrected together."""

    order = 90

    def title(self, d: DatasetSummary) -> str:
        """Return the heading."""
        return "All pairs (first minus second)"

    def applies(self, d: DatasetSummary) -> bool:
        """Whether there are two strategies."""
        return len(d.pairs) > 0

    def tables(self, d: DatasetSummary) -> Sequence[Table]:
        """Return one row per pair."""
        once = d.pairs[[a < b for a, b in zip(d.pairs["a"], d.pairs["b"], strict=True)]]
        rows = [
            [show("difference" if c in SIGNED else c, row[c]) for c in COLUMNS]
            for row in once.to_dict("records")
        ]
        note = (
            "Cohen's d is the difference over its standard deviation across folds. Folds share "
            "training samples, so that it is larger than between independent samples."
        )
        return [Table(tuple(COLUMNS.values()), rows, note=note, left=2)]

    def data(self, d: DatasetSummary) -> Mapping[str, Any]:
        """Return all ordered pairs."""
        return {"pairs": records_of(d.pairs)}

    def html(self, d: DatasetSummary, render: Render) -> Markup:
        """Return a matrix of the differences, closed at first."""
        table = {(row["a"], row["b"]): row for row in records_of(d.pairs)}
        names = list(d.leaderboard["strategy"])
        matrix = [(a, [table.get((a, b)) for b in names]) for a in names]
        return render("sections/all_pairs.html.j2", d=d, matrix=matrix)
