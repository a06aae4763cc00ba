"""The scores of every fold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphfuse.report import figures
from graphfuse.report.sections.section import (
    DatasetSection,
    DatasetSummary,
    Figure,
    Table,
    records_of,
    section,
)
from graphfuse.report.show import show


@section("scores")
class Scores(DatasetSection):
    """One dot per fold."""

    order = 40

    def title(self, d: DatasetSummary) -> str:
        """Return the heading."""
        return "Scores per fold"

    def applies(self, d: DatasetSummary) -> bool:
        """Whether any run has a score."""
        return bool(d.leaderboard["n"].any())

    def figure(self, d: DatasetSummary) -> Figure:
        """Return one row per strategy."""
        families = dict(zip(d.leaderboard["strategy"], d.leaderboard["family"], strict=True))
        svg = figures.points(_per_fold(d), families, d.metric)
        return Figure(svg, "the scores per fold", "One dot per fold; the bar is the mean.")

    def tables(self, d: DatasetSummary) -> Sequence[Table]:
        """Return one row per strategy, one column per fold."""
        folds = list(d.scores[["repeat", "fold"]].drop_duplicates().sort_values(
            ["repeat", "fold"]).itertuples(index=False, name=None))  # fmt: skip
        repeats = len({repeat for repeat, _ in folds}) > 1
        header = [f"repeat {r}, fold {f}" if repeats else f"fold {f}" for r, f in folds]
        score = d.scores.set_index(["strategy", "repeat", "fold"])["score"].to_dict()
        rows = [
            [name, *(show("mean", score.get((name, *fold))) for fold in folds)]
            for name in _per_fold(d)
        ]
        return [Table(("strategy", *header), rows)]

    def data(self, d: DatasetSummary) -> Mapping[str, Any]:
        """Return the scores."""
        return {"scores": records_of(d.scores)}


def _per_fold(d: DatasetSummary) -> dict[str, list[float]]:
    scored = d.leaderboard.loc[d.leaderboard["n"] > 0, "strategy"]
    ordered = d.scores.sort_values(["repeat", "fold"])
    return {name: ordered.loc[ordered["strategy"] == name, "score"].tolist() for name in scored}
