"""Score against cost."""

from __future__ import annotations

from collections.abc import Sequence

from graphfuse.report import figures
from graphfuse.report.questions import CHANCE
from graphfuse.report.sections.section import (
    DatasetSection,
    DatasetSummary,
    Figure,
    Table,
    section,
)
from graphfuse.report.show import show


@section("cost")
class Cost(DatasetSection):
    """Which strategies are not beaten by a faster one."""

    order = 60
    half_width = True

    def title(self, d: DatasetSummary) -> str:
        """Return the heading."""
        return "Score against cost"

    def applies(self, d: DatasetSummary) -> bool:
        """Whether any strategy but chance has a score."""
        return self.figure(d) is not None

    def figure(self, d: DatasetSummary) -> Figure | None:
        """Return one dot per strategy."""
        scored = d.leaderboard[(d.leaderboard["n"] > 0) & (d.leaderboard["strategy"] != CHANCE)]
        rows = scored.to_dict("records")
        costs = {row["strategy"]: (row["fit_seconds"], row["mean"]) for row in rows}
        families = {row["strategy"]: row["family"] for row in rows}
        svg = figures.scatter(costs, families, "fit time (s)", d.metric, d.sign)
        if svg is None:
            return None
        few = len(costs) <= figures.MOST_NAMES
        caption = "" if few else "Names are shown for strategies that no faster strategy beats."
        return Figure(svg, "score and cost", caption)

    def tables(self, d: DatasetSummary) -> Sequence[Table]:
        """Return score and fit time per strategy."""
        rows = [
            [r["strategy"], show("mean", r["mean"]), show("fit_seconds", r["fit_seconds"])]
            for r in d.leaderboard[d.leaderboard["n"] > 0].to_dict("records")
        ]
        return [Table(("strategy", d.metric, "fit (s)"), rows)]
