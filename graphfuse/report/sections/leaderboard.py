"""The leaderboard: ranks, scores with intervals, differences and costs."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup

from graphfuse.report.questions import ABLATIONS, decided
from graphfuse.report.sections.section import (
    DatasetSection,
    DatasetSummary,
    Render,
    Table,
    records_of,
    section,
)
from graphfuse.report.show import DASH, show, show_ranks

COLUMNS = {
    "rank": "rank",
    "strategy": "strategy",
    "family": "family",
    "mean": "mean",
    "low": "low",
    "high": "high",
    "over_concat": "over concat",
    "over_best_unimodal": "over best unimodal",
    "parameters": "parameters",
    "flops_per_sample": "MFLOP/sample",
    "fit_seconds": "fit (s)",
    "predict_ms_per_sample": "predict (ms/sample)",
    "failed": "failed",
    "undefined": "undefined",
}


@section("leaderboard")
class Leaderboard(DatasetSection):
    """All strategies, best first."""

    order = 20
    in_latex = True

    def title(self, d: DatasetSummary) -> str:
        """Return the heading."""
        return f"Leaderboard: {d.metric}{', lower is better' if d.sign < 0 else ''}"

    def tables(self, d: DatasetSummary) -> Sequence[Table]:
        """Return the leaderboard with an asterisk at ranks tied with the best."""
        note = f"* {note_of(d)}"
        return [Table(tuple(COLUMNS.values()), rows_of(d), note=note, left=3)]

    def data(self, d: DatasetSummary) -> Mapping[str, Any]:
        """Return the leaderboard, its metric and the margin of practical equivalence."""
        return {
            "metric": d.metric,
            "margin": d.margin,
            "leaderboard": records_of(d.leaderboard),
        }

    def html(self, d: DatasetSummary, render: Render) -> Markup:
        """Return a table that sorts, filters and collapses ties, with intervals as bars."""
        rows = d.leaderboard.to_dict("records")
        board = d.leaderboard
        return render(
            "sections/leaderboard.html.j2",
            d=d,
            title=self.title(d),
            rows=rows,
            ranks=dict(zip(board["strategy"], show_ranks(board), strict=True)),
            bars=_bars(rows),
            families=sorted(set(board["family"])),
            group=board["tied_with_best"].sum() > 1,
            sharing=sharing(board),
            ablated=set(board.loc[board["ablation"].isin(ABLATIONS), "strategy"]),
            cheapest=decided(board, d.pairs, d.sign),
            note=note_of(d),
        )


def rows_of(d: DatasetSummary) -> list[list[str]]:
    """Return the leaderboard as text, an asterisk at ranks tied with the best."""
    group = d.leaderboard["tied_with_best"].sum() > 1
    rows = []
    ranks = show_ranks(d.leaderboard)
    for rank, row in zip(ranks, d.leaderboard.to_dict("records"), strict=True):
        cells = [rank, *(show(c, row[c]) for c in list(COLUMNS)[1:])]
        cells[0] += "*" if row["tied_with_best"] and group else ""
        rows.append(cells)
    return rows


def note_of(d: DatasetSummary) -> str:
    """Return the meaning of the mark of a tie and of a range of ranks."""
    note = (
        "not significantly different from the best (Nadeau\N{EN DASH}Bengio corrected paired t "
        "over folds, Holm over the comparisons with the best, 5 %)"
    )
    ranges = [rank for rank in show_ranks(d.leaderboard) if DASH in rank and rank != DASH]
    if not ranges:
        return f"{note}."
    first, last = ranges[0].split(DASH)
    return (
        f"{note}; {ranges[0]}: by its mean it ranks {last}, but its scores vary too much for a "
        f"significant difference from those that rank {first}."
    )


def sharing(board: pd.DataFrame) -> set[str]:
    """Return the strategies that share their rank, without failed and undefined runs."""
    whole = board[board["rank"].notna() & (board["failed"] == 0) & (board["undefined"] == 0)]
    return set(whole.loc[whole["rank"].duplicated(keep=False), "strategy"])


def _bars(rows: list[dict[Hashable, Any]]) -> dict[str, tuple[float, float, float] | None]:
    """Return left end, mean and right end of each interval in per cent of the track."""
    ends = {
        row["strategy"]: [
            row[k] if row[k] == row[k] else row["mean"] for k in ("low", "mean", "high")
        ]
        for row in rows
        if row["n"]
    }
    values = [value for three in ends.values() for value in three]
    low, span = (min(values), (max(values) - min(values)) or 1.0) if values else (0.0, 1.0)

    def place(name: str) -> tuple[float, float, float] | None:
        if name not in ends:
            return None
        left, mean, right = (100 * (value - low) / span for value in ends[name])
        return left, mean, right

    return {row["strategy"]: place(row["strategy"]) for row in rows}
