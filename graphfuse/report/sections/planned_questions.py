"""The planned questions, with differences, intervals and p-values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphfuse.report.questions import ABLATIONS
from graphfuse.report.sections.section import (
    DatasetSection,
    DatasetSummary,
    Table,
    records_of,
    section,
)
from graphfuse.report.show import show, show_interval

HEADER = (
    "first", "against", "difference", "95 % interval", "p (Holm)", "P(no practical difference)",
)  # fmt: skip


@section("planned_questions")
class PlannedQuestions(DatasetSection):
    """What was asked before the comparison ran."""

    order = 30
    in_latex = True

    def title(self, d: DatasetSummary) -> str:
        """Return the heading."""
        return "Planned questions"

    def applies(self, d: DatasetSummary) -> bool:
        """Whether any question can be answered."""
        return len(d.questions) > 0

    def tables(self, d: DatasetSummary) -> Sequence[Table]:
        """Return one row per question."""
        rows = [
            [
                row["first"],
                ABLATIONS.get(row["kind"], row["second"]),
                show("difference", row["difference"]),
                show_interval(row["low"], row["high"], "difference"),
                show("p", row["p_holm"]),
                show("p", row["equivalent"]),
            ]
            for row in d.questions.drop_duplicates(["first", "second"]).to_dict("records")
        ]
        lower = "; lower is better" if d.sign < 0 else ""
        note = (
            f"First minus second{lower}. Holm's correction covers only these questions, which "
            f"were fixed before the comparison; the interval is not corrected. A difference "
            f"below {show('mean', d.margin)} makes no difference in practice (Bayesian correlated "
            f"t). Without edges, the same model passes no messages; shuffled edges keep each "
            f"node's number of neighbours and lose their meaning; the complete graph joins every "
            f"node to every other."
        )
        return [Table(HEADER, rows, note=note, left=2)]

    def data(self, d: DatasetSummary) -> Mapping[str, Any]:
        """Return the questions with their answers."""
        return {"questions": records_of(d.questions)}
