"""The verdict: the result of each dataset in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from graphfuse.report.sections.section import ComparisonSection, Render, Summary, section


@section("verdict")
class Verdict(ComparisonSection):
    """The first thing that a reader sees."""

    order = 0
    after_datasets = False

    def title(self, summary: Summary) -> str:
        """Return the heading."""
        return "Verdict"

    def sentences(self, summary: Summary) -> Sequence[str]:
        """Return the sentences of all datasets, each begun with the dataset's name."""
        return summary.verdict

    def data(self, summary: Summary) -> Mapping[str, Any]:
        """Return the sentences."""
        return {"verdict": list(summary.verdict)}

    def html(self, summary: Summary, render: Render) -> Markup:
        """Return the sentences below the name of their dataset."""
        return render("sections/verdict.html.j2", verdicts=summary.verdicts)
