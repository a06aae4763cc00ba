"""Runs that failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from graphfuse.bench.records import RunRecord
from graphfuse.report.sections.section import ComparisonSection, Render, Summary, section


@section("failures")
class Failures(ComparisonSection):
    """The runs that failed, with their errors."""

    order = 200

    def title(self, summary: Summary) -> str:
        """Return the heading."""
        return "Failures"

    def applies(self, summary: Summary) -> bool:
        """Whether any run failed."""
        return bool(summary.failures)

    def sentences(self, summary: Summary) -> Sequence[str]:
        """Return one line per failed run."""
        return [f"{_place(f)}: {f.error.message}" for f in summary.failures if f.error]

    def data(self, summary: Summary) -> Mapping[str, Any]:
        """Return the runs with their errors."""
        records = [failure.to_dict() for failure in summary.failures]
        return {"failures": [{"run": r["run"], "error": r["error"]} for r in records]}

    def html(self, summary: Summary, render: Render) -> Markup:
        """Return one line per failed run that opens to its traceback."""
        failures = [(_place(f), f.error) for f in summary.failures]
        return render("sections/failures.html.j2", failures=failures)


def _place(failure: RunRecord) -> str:
    run = failure.run
    return f"{run.dataset}, {run.strategy}, repeat {run.repeat}, fold {run.fold}"
